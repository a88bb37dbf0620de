"""Undo and redo of changes on the form."""

import pytest

from gradviz.app.form.experiment_edits import ExperimentEdits
from gradviz.experiment import Experiment


@pytest.fixture
def shown() -> list[Experiment]:
    return []


@pytest.fixture
def edits(qapp: object, shown: list[Experiment]) -> ExperimentEdits:
    return ExperimentEdits(Experiment(), shown.append)


def test_undo_shows_the_experiment_before_and_redo_the_one_after(
    edits: ExperimentEdits, shown: list[Experiment]
) -> None:
    edits.record(Experiment(activation="relu"))
    edits.undo()
    edits.redo()
    assert shown == [Experiment(), Experiment(activation="relu")]
    assert edits.current == Experiment(activation="relu")


def test_recording_alone_does_not_touch_the_form(edits: ExperimentEdits, shown: list[Experiment]) -> None:
    edits.record(Experiment(depth=7))
    assert shown == []


def test_a_dragged_slider_is_taken_back_in_one_go(edits: ExperimentEdits, shown: list[Experiment]) -> None:
    for depth in (31, 40, 80, 100):
        edits.record(Experiment(depth=depth))
    assert edits.count() == 1
    edits.undo()
    assert shown == [Experiment()]


def test_changes_of_different_fields_are_taken_back_one_by_one(edits: ExperimentEdits, shown: list[Experiment]) -> None:
    edits.record(Experiment(depth=100))
    edits.record(Experiment(depth=100, activation="relu"))
    edits.undo()
    assert shown[-1] == Experiment(depth=100)
    edits.undo()
    assert shown[-1] == Experiment()


def test_a_slider_dragged_back_to_where_it_was_leaves_nothing_to_undo(edits: ExperimentEdits) -> None:
    edits.record(Experiment(depth=31))
    edits.record(Experiment())
    assert not edits.canUndo()


def test_a_new_change_after_undo_forgets_what_was_undone(edits: ExperimentEdits) -> None:
    edits.record(Experiment(depth=100))
    edits.undo()
    edits.record(Experiment(activation="tanh"))
    assert not edits.canRedo()
    assert edits.current == Experiment(activation="tanh")


def test_the_menu_says_what_will_be_undone(edits: ExperimentEdits) -> None:
    edits.record(Experiment(activation="relu"))
    assert edits.undoText() == "Activation sigmoid → relu"
    edits.record(Experiment(depth=3, width=4))
    assert edits.undoText() == "change of 3 fields"


def test_the_same_experiment_again_is_no_change(edits: ExperimentEdits) -> None:
    edits.record(Experiment())
    assert edits.count() == 0
