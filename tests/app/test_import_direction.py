"""That the parts of the window import in one direction, and the window itself is nobody's service locator."""

from __future__ import annotations

import grimp
import pytest

WINDOW = "gradviz.app.main_window"


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("gradviz")


def test_only_the_program_imports_the_window(graph: grimp.ImportGraph) -> None:
    assert graph.find_modules_that_directly_import(WINDOW) == {"gradviz.app.application"}


def test_no_module_of_the_window_imports_itself_in_the_end(graph: grimp.ImportGraph) -> None:
    modules = {name for name in graph.modules if name.startswith("gradviz.app.")}
    circles = {
        frozenset((one, other))
        for one in modules
        for other in graph.find_modules_directly_imported_by(one) & modules
        if graph.find_shortest_chain(importer=other, imported=one)
    }
    assert circles == set()


@pytest.mark.parametrize("part", ["board", "panels", "verdict", "runs", "comparison", "export", "wiring", "actions"])
def test_the_session_knows_nothing_of_what_shows_it(graph: grimp.ImportGraph, part: str) -> None:
    assert not graph.chain_exists(importer="gradviz.app.session", imported=f"gradviz.app.{part}", as_packages=True)
