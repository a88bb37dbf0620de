"""A session without any window: orders in, facts out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import ENDLESS, TINY, WAIT_MS, made_up, wait_until
from pytestqt.qtbot import QtBot

from gradviz.app.session.phase import Phase
from gradviz.app.session.session import Session
from gradviz.app.session.shown import Kind, Shown
from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library

OTHER = TINY.changed(title="other", activation="relu")


@pytest.fixture
def session(qapp: object, tmp_path: Path) -> Iterator[Session]:
    session = Session(TINY, Library(tmp_path / "runs"))
    yield session
    assert session.close()
    session.close_files()


def trained(session: Session, qtbot: QtBot) -> History:
    session.start()
    wait_until(qtbot, lambda: not session.run.phase.busy)
    assert session.run.history is not None
    return session.run.history


def shown_in_turn(session: Session) -> list[Kind]:
    kinds: list[Kind] = []
    session.display.changed.connect(lambda shown: kinds.append(shown.kind))
    return kinds


def test_the_preview_follows_every_edit_until_a_run_begins(session: Session, qtbot: QtBot) -> None:
    session.begin()
    wait_until(qtbot, lambda: session.shown.kind == "preview")
    assert session.shown.experiment == TINY
    session.set(OTHER)
    wait_until(qtbot, lambda: session.shown.experiment == OTHER)
    kinds = shown_in_turn(session)
    run = trained(session, qtbot)
    assert kinds == ["run"]
    assert session.shown.history is run


def test_a_run_that_is_shown_stays_while_the_form_changes(session: Session, qtbot: QtBot) -> None:
    session.begin()
    run = trained(session, qtbot)
    kinds = shown_in_turn(session)
    assert not session.state.form_differs
    session.set(OTHER)
    assert session.state.form_differs
    assert (session.shown.kind, session.shown.experiment, session.shown.history) == ("run", TINY, run)
    session.display.show_preview()
    wait_until(qtbot, lambda: session.shown.kind == "preview")
    assert session.shown.experiment == OTHER
    assert session.shown.reference is run
    assert session.shown.stem == "gradviz-plain-relu-4-preview"
    # from now on the preview follows the form again
    session.set(TINY.changed(depth=7))
    wait_until(qtbot, lambda: session.shown.history is not None and len(session.shown.history.started.rows) == 7)
    session.display.toggle_preview()
    assert (session.shown.history, session.shown.stem) == (run, "gradviz-plain-tanh-4")
    assert kinds == ["preview", "preview", "run"]


def test_a_title_alone_is_no_other_experiment(session: Session) -> None:
    session.show(made_up([[-1.0] * 4] * 3))
    session.set(TINY.changed(title="renamed", notes="with notes"))
    assert not session.state.form_differs


def test_no_preview_interrupts_a_run(session: Session, qtbot: QtBot) -> None:
    session.begin()
    session.set(ENDLESS)
    session.start()
    wait_until(qtbot, lambda: session.run.phase is Phase.RUNNING)
    kinds = shown_in_turn(session)
    session.display.show_preview()
    session.set(OTHER)
    with qtbot.waitSignal(session.preview.curve_found, timeout=WAIT_MS):
        session.preview.request_curve(OTHER)
    assert kinds == []
    assert session.shown.history is session.run.history


def test_edits_are_undone_and_told(session: Session) -> None:
    told: list[Experiment] = []
    session.experiment_changed.connect(told.append)
    session.set(OTHER)
    session.set(OTHER)
    session.edits.undo()
    session.edits.redo()
    assert told == [OTHER, TINY, OTHER]
    assert (session.experiment, session.state.can_undo, session.state.can_redo) == (OTHER, True, False)
    session.set_defaults()
    assert session.experiment == Experiment()


def test_what_is_shown_can_be_set_up(session: Session) -> None:
    session.adopt()
    assert session.experiment == TINY
    session.show(made_up([[-1.0] * 4] * 3, OTHER))
    session.adopt()
    assert session.experiment == OTHER


def test_the_run_before_is_the_reference_and_can_be_swapped(session: Session, qtbot: QtBot) -> None:
    session.swap()
    first = trained(session, qtbot)
    session.set(OTHER)
    second = trained(session, qtbot)
    assert (session.shown.history, session.shown.reference) == (second, first)
    session.swap()
    assert (session.shown.history, session.shown.reference) == (first, second)
    session.reset()
    assert (session.shown.kind, session.shown.reference, session.run.phase) == ("nothing", first, Phase.IDLE)


def test_single_steps_begin_a_run_and_hold_it(session: Session, qtbot: QtBot) -> None:
    for frames in (2, 3):
        session.single_step()
        wait_until(
            qtbot, lambda frames=frames: session.run.history is not None and session.run.history.frames == frames
        )
        assert session.run.phase is Phase.PAUSED
    session.run.pause_or_resume()
    wait_until(qtbot, lambda: session.run.phase is Phase.FINISHED)


def test_step_and_row_are_told_and_another_run_begins_at_its_latest(session: Session) -> None:
    session.show(made_up([[-1.0] * 4] * 3))
    steps: list[int | None] = []
    rows: list[int] = []
    session.display.step_picked.connect(steps.append)
    session.display.row_picked.connect(rows.append)
    session.display.pick_step(1)
    session.display.pick_row(2)
    session.show(made_up([[-1.0] * 4] * 3))
    assert (steps, rows) == ([1, None], [2])
    assert (session.display.step, session.display.row) == (None, 2)


def test_a_run_is_opened_from_its_file_beside_the_one_before(session: Session, qtbot: QtBot) -> None:
    first = trained(session, qtbot)
    path = session.run.path
    assert path is not None
    session.set(OTHER)
    second = trained(session, qtbot)
    session.open(path)
    assert session.shown.history not in (first, second)
    assert (session.shown.experiment, session.shown.reference, session.shown_path) == (TINY, second, path)
    assert session.experiment == OTHER
    with pytest.raises(RecordingError):
        session.open(path.with_name("none.gradviz"))
    assert session.shown_path == path


def test_a_run_under_way_is_stopped_only_when_that_is_agreed_to(session: Session, qtbot: QtBot) -> None:
    trained(session, qtbot)
    path = session.run.path
    assert path is not None
    session.set(ENDLESS)
    session.start()
    wait_until(qtbot, lambda: session.run.phase is Phase.RUNNING)
    asked: list[Path] = []
    session.stop_wanted.connect(asked.append)
    session.open(path)
    assert (asked, session.run.phase) == ([path], Phase.RUNNING)
    session.stop_and_open(path)
    wait_until(qtbot, lambda: session.shown_path == path)
    assert session.run.phase is Phase.FINISHED


def test_a_race_is_a_comparison_that_ends_with_it(session: Session, qtbot: QtBot) -> None:
    session.race([ENDLESS, ENDLESS.changed(activation="relu")])
    wait_until(qtbot, lambda: bool(session.comparisons.open))
    assert session.moving
    (comparison,) = session.comparisons.open
    assert len(comparison.runs) == 2
    session.comparisons.close(comparison)
    wait_until(qtbot, lambda: not session.moving)
    assert session.comparisons.open == []


ORDERS: dict[str, Callable[[Session], object]] = {
    "pause": lambda session: session.run.pause_or_resume(),
    "step": lambda session: session.run.step(),
    "stop": lambda session: session.run.stop(),
    "reset": lambda session: session.reset(),
    "swap": lambda session: session.swap(),
    "adopt": lambda session: session.adopt(),
    "undo": lambda session: session.edits.undo(),
    "redo": lambda session: session.edits.redo(),
    "run": lambda session: session.display.show_run(),
    "latest": lambda session: session.display.follow_latest(),
    "restore": lambda session: session.runs.restore(),
}


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_that_does_not_apply_changes_nothing(session: Session, order: str) -> None:
    before = session.state
    ORDERS[order](session)
    assert session.state == before
    assert session.shown.kind == "nothing"


@pytest.mark.parametrize(
    ("shown", "name", "stem"),
    [
        (Shown(), "", "gradviz"),
        (Shown("run", made_up([[-1.0] * 4])), "tiny", "gradviz-plain-tanh-4"),
        (Shown("preview", made_up([[-1.0] * 4], OTHER)), "other", "gradviz-plain-relu-4-preview"),
    ],
)
def test_what_is_shown_has_a_name_of_its_own(shown: Shown, name: str, stem: str) -> None:
    assert (shown.name, shown.stem) == (name, stem)
