"""Recorded runs in the real window: listed, opened, named, compared, continued, copied, thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import ENDLESS, TINY, run_to_end, trigger, wait_until
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from gradviz.app.comparison.race_controls import RaceControls
from gradviz.app.main_window import MainWindow
from gradviz.app.session.phase import Phase
from gradviz.app.settings import Settings
from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library
from gradviz.recording.runs.run_list import Listed
from gradviz.recording.store import read_info

OTHER = TINY.changed(title="other", activation="relu")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "runs")


@pytest.fixture
def window(qtbot: QtBot, settings: Settings, library: Library) -> Iterator[MainWindow]:
    window = MainWindow(TINY, settings, library=library)
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    window.docks.bring("runs")
    yield window
    window.close()


def names(window: MainWindow) -> list[str]:
    model = window.run_list.panel.model
    return [model.index(row).data() for row in range(model.rowCount())]


def runs(window: MainWindow) -> list[Listed]:
    return window.run_list.panel.model.runs


def listed_as(window: MainWindow, qtbot: QtBot, wanted: list[str]) -> list[Listed]:
    window.run_list.refresh()
    wait_until(qtbot, lambda: names(window) == wanted)
    return runs(window)


def train(window: MainWindow, qtbot: QtBot, experiment: Experiment = TINY) -> History:
    window.session.set(experiment)
    return run_to_end(qtbot, window)


def ending(window: MainWindow, row: int = 0) -> str:
    info = runs(window)[row].info
    return "" if info is None else info.ending


def same_numbers(one: History, other: History) -> bool:
    if one.frames != other.frames:
        return False
    pairs = [
        (one.row(quantity.name, step), other.row(quantity.name, step))
        for quantity in one.quantities
        for step in range(one.frames)
    ]
    return all((a is None and b is None) or np.array_equal(a, b, equal_nan=True) for a, b in pairs)


@pytest.mark.slow
def test_every_run_is_listed_and_kept_for_the_next_start(
    window: MainWindow, qtbot: QtBot, settings: Settings, library: Library
) -> None:
    train(window, qtbot)
    train(window, qtbot, OTHER)
    newest, _ = listed_as(window, qtbot, ["other", "tiny"])
    assert newest.change == "activation tanh → ReLU"
    # the disk may still be writing the end when the training has ended
    wait_until(qtbot, lambda: [ending(window, row) for row in range(2)] == ["finished", "finished"])
    window.close()
    again = MainWindow(TINY, settings, library=Library(library.folder))
    qtbot.addWidget(again)
    again.show()
    again.docks.bring("runs")
    listed_as(again, qtbot, ["other", "tiny"])
    again.close()


@pytest.mark.slow
def test_a_run_is_listed_while_it_is_recorded(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(ENDLESS)
    trigger(window, "start")
    wait_until(qtbot, lambda: bool(names(window)) and ending(window) == "recording")
    window.session.delete([runs(window)[0].path])
    assert "still being recorded" in window.run_list.panel.strip.words.text()
    trigger(window, "stop")
    wait_until(qtbot, lambda: ending(window) == "stopped")


@pytest.mark.slow
def test_an_opened_run_is_on_the_board_and_the_form_stays(window: MainWindow, qtbot: QtBot) -> None:
    live = train(window, qtbot)
    later = train(window, qtbot, OTHER)
    _, first = listed_as(window, qtbot, ["other", "tiny"])
    window.session.open(first.path)
    shown = window.board.history
    assert shown is not None
    assert shown is not live
    assert same_numbers(shown, live)
    assert window.session.run.phase is Phase.FINISHED
    assert window.session.display.previous is later
    assert window.form.experiment() == OTHER
    trigger(window, "adopt")
    assert window.form.experiment() == TINY
    trigger(window, "undo")
    assert window.form.experiment() == OTHER


@pytest.mark.slow
def test_another_run_is_opened_once_the_one_under_way_may_stop(window: MainWindow, qtbot: QtBot) -> None:
    train(window, qtbot)
    (first,) = listed_as(window, qtbot, ["tiny"])
    window.session.set(ENDLESS)
    trigger(window, "start")
    wait_until(qtbot, lambda: window.session.run.phase is Phase.RUNNING)
    window.session.open(first.path)
    assert window.session.run.phase is Phase.RUNNING
    box = window.findChild(QMessageBox)
    assert box is not None
    stop = next(button for button in box.buttons() if button.text() == "&Stop and open")
    QTest.mouseClick(stop, Qt.MouseButton.LeftButton)
    wait_until(qtbot, lambda: not window.session.run.phase.busy and window.board.history is window.session.run.history)
    assert window.session.run.history is not None
    assert window.session.run.history.frames == TINY.training.steps + 1


@pytest.mark.slow
def test_the_one_under_way_may_come_to_its_end_before_it_is_told_to_stop(window: MainWindow, qtbot: QtBot) -> None:
    train(window, qtbot)
    (first,) = listed_as(window, qtbot, ["tiny"])
    window.session.set(ENDLESS)
    trigger(window, "start")
    wait_until(qtbot, lambda: window.session.run.phase is Phase.RUNNING)
    window.session.open(first.path)
    box = window.findChild(QMessageBox)
    assert box is not None
    window.session.run.stop()
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
    endless = window.session.run.history
    next(button for button in box.buttons() if button.text() == "&Stop and open").click()
    assert window.board.history is window.session.run.history
    assert window.session.run.history not in (None, endless)
    # and it is not opened again at the end of a later run
    assert train(window, qtbot, OTHER).started.experiment == OTHER
    assert window.board.history is window.session.run.history


@pytest.mark.slow
def test_a_run_that_is_brought_back_is_still_that_of_its_file(window: MainWindow, qtbot: QtBot) -> None:
    train(window, qtbot)
    first = window.session.run.path
    assert first is not None
    train(window, qtbot, OTHER)
    trigger(window, "swap")
    assert window.board.history is window.session.run.history
    assert window.session.shown_path == first
    assert window.actions_by_name["save_run"].isEnabled()


@pytest.mark.slow
def test_names_and_notes_are_in_the_file(window: MainWindow, qtbot: QtBot) -> None:
    train(window, qtbot)
    (run,) = listed_as(window, qtbot, ["tiny"])
    panel = window.run_list.panel
    panel.model.setData(panel.model.index(0), "My run")
    panel.select([run.path])
    QTest.keyClicks(panel.note, "a note")
    QTest.keyClick(panel.note, Qt.Key.Key_Return)
    listed_as(window, qtbot, ["My run"])
    wait_until(qtbot, lambda: read_info(run.path).note == "a note")
    # what was typed last is kept when the window closes
    QTest.keyClicks(panel.note, " more")
    window.close()
    assert (read_info(run.path).name, read_info(run.path).note) == ("My run", "a note more")


@pytest.mark.slow
def test_a_deleted_run_comes_back_with_control_z_and_the_form_is_untouched(
    window: MainWindow, qtbot: QtBot, library: Library
) -> None:
    train(window, qtbot)
    train(window, qtbot, OTHER)
    listed_as(window, qtbot, ["other", "tiny"])
    # the list may still be that of a moment ago, in which a run was under way that nobody may delete
    wait_until(qtbot, lambda: ending(window) == "finished")
    newest, _ = runs(window)
    panel = window.run_list.panel
    window.activateWindow()
    panel.select([newest.path])
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    listed_as(window, qtbot, ["tiny"])
    assert not newest.path.exists()
    assert "30 days" in panel.strip.words.text()
    QTest.keyClick(panel.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    listed_as(window, qtbot, ["other", "tiny"])
    assert window.form.experiment() == OTHER
    assert not panel.list.can_undo


@pytest.mark.slow
def test_the_trash_is_emptied_at_a_later_start(window: MainWindow, qtbot: QtBot, library: Library) -> None:
    old = library.folder / "trash" / "2001-01-01" / "old.gradviz"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"long ago")
    # the thread begins when the panel is first seen, which it may have been already
    library.folder.mkdir(exist_ok=True)
    window.close()
    again = MainWindow(TINY, window.settings, library=library)
    qtbot.addWidget(again)
    again.show()
    again.docks.bring("runs")
    wait_until(qtbot, lambda: not old.exists())
    again.close()


@pytest.mark.slow
def test_a_broken_file_is_listed_and_can_only_be_thrown_away(
    window: MainWindow, qtbot: QtBot, library: Library
) -> None:
    library.folder.mkdir(exist_ok=True)
    (library.folder / "broken.gradviz").write_bytes(b"no database")
    (broken,) = listed_as(window, qtbot, ["broken.gradviz"])
    assert broken.trouble
    window.run_list.panel.select([broken.path])
    possible = {name for name, action in window.run_list.panel.actions_by_name.items() if action.isEnabled()}
    assert possible == {"folder", "delete"}
    window.session.attempt(lambda: window.session.open(broken.path))
    assert window.board.history is None


@pytest.mark.slow
def test_a_copy_is_saved_and_dropped_into_the_window(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not window.actions_by_name["save_run"].isEnabled()
    live = train(window, qtbot)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(tmp_path / "copy"), ""))
    trigger(window, "save_run")
    copy = tmp_path / "copy.gradviz"
    assert copy.exists()
    trigger(window, "reset")
    assert window.board.history is None or window.board.history.frames <= 1
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(copy))])
    copied, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(10, 10), copied, data, buttons, keys))
    shown = window.board.history
    assert shown is not None
    assert same_numbers(shown, live)
    # it is listed where it lies, and can be saved again from there
    listed_as(window, qtbot, ["tiny", "tiny"])
    assert window.session.shown_path == copy
    window.session.delete([copy])
    listed_as(window, qtbot, ["tiny"])
    assert copy.exists()


@pytest.mark.slow
def test_a_run_is_shown_also_where_it_cannot_be_noted_down(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, library: Library
) -> None:
    live = train(window, qtbot)
    copy = tmp_path / "copy.gradviz"
    window.run_dialogs.save(window.session.run.path or copy, copy)
    (library.folder / "elsewhere.json").mkdir()
    window.open_file(copy)
    assert window.board.history not in (None, live)
    assert same_numbers(window.board.history, live)
    wait_until(qtbot, lambda: window.errors.box is not None)
    assert window.errors.box is not None
    assert "cannot save the list of runs" in window.errors.box.text()


@pytest.mark.slow
def test_a_stopped_run_goes_on_in_its_file(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(TINY.changed(steps=5000))
    trigger(window, "start")
    wait_until(qtbot, lambda: window.session.run.history is not None and window.session.run.history.frames > 20)
    trigger(window, "stop")
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
    (run,) = listed_as(window, qtbot, ["tiny"])
    wait_until(qtbot, lambda: ending(window) == "stopped")
    assert run.info is not None
    before = window.session.run.history
    assert before is not None
    window.run_dialogs.ask_and_resume(runs(window)[0])
    controller = window.session.run
    wait_until(qtbot, lambda: controller.history not in (None, before) and controller.history.frames > before.frames)
    assert window.session.run.path == run.path
    # what was measured before is what it was
    quantity = before.quantities[0].name
    continued = window.session.run.history
    assert continued is not None
    for step in range(before.frames - 1):
        np.testing.assert_array_equal(continued.row(quantity, step), before.row(quantity, step))
    trigger(window, "stop")
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
    listed_as(window, qtbot, ["tiny"])


@pytest.mark.slow
def test_a_finished_run_asks_how_far_to_go_on(window: MainWindow, qtbot: QtBot) -> None:
    train(window, qtbot)
    listed_as(window, qtbot, ["tiny"])
    # the list may still be that of a moment ago
    wait_until(qtbot, lambda: ending(window) == "finished")
    (run,) = runs(window)
    window.run_dialogs.ask_and_resume(run)
    dialog = window.findChild(QInputDialog)
    assert dialog is not None
    assert dialog.intValue() == 2 * TINY.training.steps
    dialog.setIntValue(12)
    dialog.accept()
    wait_until(qtbot, lambda: window.session.run.history is not None and window.session.run.history.frames == 13)
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
    assert read_info(run.path).frames == 13


@pytest.mark.slow
def test_runs_are_compared_oldest_first_and_the_live_one_moves_on(window: MainWindow, qtbot: QtBot) -> None:
    live = train(window, qtbot)
    window.session.set(ENDLESS.changed(title="endless"))
    trigger(window, "start")
    wait_until(qtbot, lambda: window.session.run.phase is Phase.RUNNING)
    listed_as(window, qtbot, ["endless", "tiny"])
    window.session.comparisons.compare(runs(window))
    (comparison,) = window.comparisons.windows
    assert [run.name for run in comparison.runs] == ["tiny", "endless"]
    assert comparison.runs[1].history is window.session.run.history
    assert same_numbers(comparison.runs[0].history, live) or comparison.runs[0].history is live
    frames = comparison.heatmaps.latest
    wait_until(qtbot, lambda: comparison.heatmaps.latest > frames + 5)
    trigger(window, "stop")
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
    assert not comparison.is_live
    comparison.close()
    assert window.comparisons.windows == []


@pytest.mark.slow
def test_a_race_is_shown_side_by_side_and_recorded(window: MainWindow, qtbot: QtBot) -> None:
    variants = [TINY.changed(title="slow", learning_rate=0.01), TINY.changed(title="fast", learning_rate=0.5)]
    window.session.race(variants)
    wait_until(qtbot, lambda: bool(window.comparisons.windows))
    (comparison,) = window.comparisons.windows
    wait_until(qtbot, lambda: not window.session.comparisons.racing)
    wait_until(qtbot, lambda: [run.history.frames for run in comparison.runs] == [TINY.training.steps + 1] * 2)
    assert [run.history.started.experiment for run in comparison.runs] == variants
    assert comparison.windowTitle() == "Race: slow | fast"
    controls = comparison.findChild(RaceControls)
    assert controls is not None
    wait_until(qtbot, lambda: controls.words.text() == "race over")
    assert not controls.pause.isEnabled()
    # Tab goes through the controls of the race to those of the comparison
    following = controls.stop.nextInFocusChain()
    while not following.focusPolicy() & Qt.FocusPolicy.TabFocus:
        following = following.nextInFocusChain()
    assert following is comparison.quantity
    window.run_list.refresh()
    wait_until(qtbot, lambda: sorted(names(window)) == ["fast", "slow"])


@pytest.mark.slow
def test_a_race_is_not_thrown_away_while_it_is_recorded_and_ends_with_its_window(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.session.race([ENDLESS.changed(title="one"), ENDLESS.changed(title="two", learning_rate=0.5)])
    wait_until(qtbot, lambda: bool(window.comparisons.windows))
    wait_until(qtbot, lambda: len(runs(window)) == 2)
    window.session.delete([runs(window)[0].path])
    assert "still being recorded" in window.run_list.panel.strip.words.text()
    window.comparisons.windows[0].close()
    wait_until(qtbot, lambda: not window.session.comparisons.racing)
    window.run_list.refresh()
    wait_until(qtbot, lambda: sorted(names(window)) == ["one", "two"] and ending(window) == "stopped")


@pytest.mark.slow
def test_closing_the_program_ends_a_race(window: MainWindow, qtbot: QtBot) -> None:
    window.session.race([ENDLESS.changed(title="one"), ENDLESS.changed(title="two", learning_rate=0.5)])
    wait_until(qtbot, lambda: bool(window.comparisons.windows))
    assert window.close()
    assert not window.session.comparisons.racing


@pytest.mark.slow
def test_a_race_is_held_stepped_and_resumed(window: MainWindow, qtbot: QtBot) -> None:
    window.session.race([ENDLESS.changed(title="one"), ENDLESS.changed(title="two", learning_rate=0.5)])
    wait_until(qtbot, lambda: bool(window.comparisons.windows))
    (comparison,) = window.comparisons.windows
    controls = comparison.findChild(RaceControls)
    assert controls is not None
    first, second = (run.history for run in comparison.runs)
    controls.step.click()
    assert controls.pause.text() == "Resu&me"
    # both have come to hold at the same step: each has made its turn
    wait_until(qtbot, lambda: first.frames == second.frames > 1)
    frames = first.frames
    controls.pause.click()
    wait_until(qtbot, lambda: min(first.frames, second.frames) > frames + 5)
    controls.stop.click()
    wait_until(qtbot, lambda: controls.words.text() == "race over")
    assert abs(first.frames - second.frames) <= 1
