"""Every part of the program has its licence in the notices, and a part without one stops the build."""

import importlib.metadata
import re
import sysconfig
from pathlib import Path

import notices
import numpy
import pytest
import sympy
from licence_check import unlicensed

from gradviz.licences import in_one_text, needed_distributions, notice_of, third_party

ROOT = Path(__file__).parents[3]
# no texts of their own in the distribution
BY_NAME = {"PySide6_Essentials", "shiboken6"}


@pytest.mark.slow
def test_everything_that_gradviz_needs_is_named_with_a_text() -> None:
    found = {notice.name: notice for notice in map(notice_of, needed_distributions())}
    # what is really imported, asked of the import system and not of anybody's metadata
    for module in ("torch", "numpy", "PySide6", "shiboken6", "pydantic", "pydantic_core", "pyqtgraph", "sympy", "tqdm"):
        [name] = importlib.metadata.packages_distributions()[module]
        assert name in found
    for notice in found.values():
        assert any(len(text) > 200 for _, text in notice.texts), notice.name
        assert notice.licence
    assert not {"gradviz", "gradviz-desktop"} & set(found)


def test_the_texts_are_those_in_the_distributions() -> None:
    page = third_party()
    for name in ("numpy", "torch", "pydantic"):
        part = importlib.metadata.distribution(name)
        files = [file for file in part.files or () if re.search(r"licenses/LICENSE[^/]*$", str(file))]
        assert files
        for file in files:
            assert file.read_text(encoding="utf-8").strip() in page


def test_what_only_names_the_lgpl_gets_its_text_and_that_of_the_gpl_it_adds_to() -> None:
    for name in BY_NAME:
        texts = dict(notice_of(importlib.metadata.distribution(name)).texts)
        assert "GNU LESSER GENERAL PUBLIC LICENSE" in texts["LGPL-3.0.txt"]
        assert "GNU GENERAL PUBLIC LICENSE" in texts["GPL-3.0.txt"]
    assert "replaced by" in in_one_text([])


@pytest.mark.slow
def test_parts_of_a_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    # numpy plays what starts every bundle
    monkeypatch.setattr(notices, "STARTER", "numpy")
    module = Path(sysconfig.get_path("stdlib"), "json", "__init__.py")
    sources = [Path(sympy.__file__), Path(numpy.__file__), module, ROOT / "gradviz" / "cli.py"]
    found = {notice.name: notice for notice in notices.bundled(sources, [ROOT])}
    assert set(found) == {"numpy", "sympy", "Python"}
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in found["Python"].texts[0][1]


def test_a_file_from_nowhere_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "STARTER", "numpy")
    stray = tmp_path / "libstray.so.1"
    stray.touch()
    with pytest.raises(notices.UnknownOriginError, match=r"libstray\.so\.1"):
        notices.bundled([stray], [ROOT])
    assert notices.bundled([stray], [tmp_path])


def test_a_part_without_any_licence_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "STARTER", "numpy")
    monkeypatch.setattr("gradviz.licences.TEXTS", {})
    shiboken = next(
        Path(str(file.locate())) for file in importlib.metadata.files("shiboken6") or () if file.name == "__init__.py"
    )
    with pytest.raises(notices.UnknownOriginError, match="shiboken6"):
        notices.bundled([shiboken], [ROOT])


def test_a_finished_bundle_is_asked_again() -> None:
    notices = in_one_text(map(notice_of, needed_distributions()))
    inside = {"numpy", "torch", "PySide6", "json", "gradviz"}
    assert unlicensed(inside, notices) == []
    # pytest stands for what got in by accident
    assert unlicensed({*inside, "_pytest"}, notices) == ["pytest"]
    # named, but with nothing behind the name
    assert unlicensed({"numpy"}, notices.replace("--- licenses/LICENSE", "")[:2000]) == ["numpy"]
