"""What shortcuts pass over, from a recipe and from rows alone."""

from __future__ import annotations

import pytest

from gradviz.experiment import Experiment, Row
from gradviz.experiment.fields import Role
from gradviz.experiment.recipe import fields
from gradviz.experiment.rows import shortcuts_around


@pytest.mark.parametrize(("depth", "span"), [(6, 1), (6, 2), (7, 3), (1, 4)])
def test_every_layer_of_a_stack_with_shortcuts_lies_under_exactly_one(depth: int, span: int) -> None:
    network = Experiment(depth=depth, shortcut="identity", shortcut_span=span).network
    spans = network.shortcuts()
    covered = [layer for first, last in spans for layer in range(first, last + 1)]
    assert covered == list(range(1, depth + 1))
    # a shortcut joins exactly where the rows say that all of the signal passes
    assert [last for _, last in spans] == [layer for layer, row in enumerate(network.rows(), 1) if row.on_path]


def test_a_plain_stack_has_none() -> None:
    assert Experiment(depth=5, shortcut="none", shortcut_span=2).network.shortcuts() == ()


def test_rows_off_the_path_are_passed_over_block_by_block() -> None:
    rows = [
        Row("stem"),
        *(Row(f"blocks.{block}.{part}", on_path=False) for block in (0, 1) for part in ("conv1", "conv2")),
        Row("norm"),
        Row("a", group="last", on_path=False),
        Row("head"),
    ]
    assert shortcuts_around(rows) == ((2, 3), (4, 5), (7, 7))


@pytest.mark.parametrize(("role", "name"), [("depth", "depth"), ("activation", "activation"), ("shortcut", "shortcut")])
def test_the_large_controls_are_found_by_their_declaration(role: Role, name: str) -> None:
    assert [field.name for field in fields("mlp").values() if field.spec.role == role] == [name]
