"""A second architecture is one recipe and one line: fields, files, codes and the form follow it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import pytest
from pydantic import Field
from pytestqt.qtbot import QtBot

from gradviz.app.form.experiment_panel import ExperimentPanel
from gradviz.errors import ExperimentError
from gradviz.experiment import (
    NETWORKS,
    Experiment,
    Mlp,
    NetworkRecipe,
    Row,
    change_in_words,
    fields,
    from_code,
    from_json,
    from_toml,
    to_code,
    to_json,
    to_toml,
    with_settings,
)
from gradviz.experiment.fields import FieldSpec


class Chain(NetworkRecipe):
    """Blocks of one kind, for the tests."""

    architecture: ClassVar[str] = "chain"

    depth: Annotated[
        int, Field(description="Blocks", ge=1, le=20), FieldSpec("Blocks", "Network", "d", "blocks", logarithmic=True)
    ] = 4
    kernel: Annotated[int, Field(description="Size of a filter", ge=1, le=7), FieldSpec("Kernel", "Network", "k")] = 3

    def rows(self) -> tuple[Row, ...]:
        return tuple(Row(f"block {number}", f"stage {number % 2}") for number in range(1, self.depth + 1))

    @property
    def summary(self) -> str:
        return f"{self.depth} blocks"

    @property
    def slug(self) -> str:
        return f"chain-{self.depth}"


@pytest.fixture(autouse=True)
def second_architecture(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(NETWORKS, "chain", Chain)  # type: ignore[misc]
    fields.cache_clear()
    yield
    monkeypatch.undo()
    fields.cache_clear()


CHAIN = {"architecture": "chain", "depth": 6, "kernel": 5, "steps": 7}


def test_the_fields_are_those_of_the_architecture() -> None:
    experiment = Experiment.parse(CHAIN)
    assert experiment.network == Chain(depth=6, kernel=5)
    assert experiment.training.steps == 7
    assert "width" not in fields("chain")
    assert {"kernel", "optimizer", "data"} <= fields("chain").keys()
    assert fields("mlp")["architecture"].choices[-1] == "chain"
    with pytest.raises(ExperimentError, match=r"^width: there is no such field"):
        Experiment.parse(CHAIN | {"width": 3})
    with pytest.raises(ExperimentError, match=r"^depth: 21 is not allowed"):
        Experiment.parse(CHAIN | {"depth": 21})


def test_every_form_of_the_recipe_carries_it() -> None:
    experiment = Experiment.parse(CHAIN)
    assert from_toml(to_toml(experiment)) == experiment
    assert from_json(to_json(experiment)) == experiment
    assert from_code(to_code(experiment)) == experiment
    assert with_settings(Experiment(), [f"{name}={value}" for name, value in CHAIN.items()]) == experiment


def test_what_both_have_keeps_its_value_where_the_other_allows_it() -> None:
    assert Experiment(depth=6, seed=3).changed(architecture="chain") == Experiment(
        network=Chain(depth=6), training=Experiment(seed=3).training
    )
    assert Experiment(depth=1000).changed(architecture="chain").network == Chain()
    assert Experiment.parse(CHAIN).changed(architecture="mlp", activation="relu").network == Mlp(
        depth=6, activation="relu"
    )


def test_the_difference_to_another_architecture_is_told() -> None:
    words = change_in_words(Experiment(depth=6), Experiment.parse(CHAIN | {"steps": 300}))
    assert "architecture fully connected → chain" in words
    # what only one of them has is no difference between them
    assert "kernel" not in words


def test_the_form_shows_the_fields_of_the_chosen_architecture(qtbot: QtBot) -> None:
    form = ExperimentPanel()
    qtbot.addWidget(form)
    edited: list[Experiment] = []
    form.edited.connect(edited.append)
    form.rows["architecture"].editor.changed.emit("chain")
    assert edited[-1].network == Chain()
    assert set(form.rows) == set(fields("chain")) - {"title", "notes"}
    # a heading without a field under it
    assert form.groups["Initialisation"].isHidden()
    form.rows["kernel"].editor.changed.emit(7)
    assert edited[-1].value("kernel") == 7
    form.set_experiment(Experiment())
    assert not form.groups["Initialisation"].isHidden()
    assert set(form.rows) == set(fields()) - {"title", "notes"}
