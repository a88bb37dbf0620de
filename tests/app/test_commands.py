"""Every command of the menus, triggered once as a menu, a button or its keys would do, and what it must bring about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from driving import ENDLESS, TINY, curves_of, heatmap_of, made_up, profile_of, run_to_end, trigger, wait_for, wait_until
from PIL import Image
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from gradviz.app.about import TextDialog
from gradviz.app.commands import COMMANDS
from gradviz.app.comparison.race_dialog import RaceDialog
from gradviz.app.export.export_dialog import ExportDialog
from gradviz.app.form.data_dialog import DataDialog
from gradviz.app.help_window import HelpWindow
from gradviz.app.main_window import MainWindow
from gradviz.app.session.phase import Phase
from gradviz.experiment import Experiment, from_code, read, to_code
from gradviz.plots.parts.style import DARK, LIGHT
from gradviz.recording.frame import Frame
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, read_info

OTHER = TINY.changed(depth=9, title="other")
BY_NAME = {command.name: command for command in COMMANDS}
ROWS = [[-1.0, -2.0, -3.0]] * 5


def put_up(window: MainWindow, depth: int = 3) -> None:
    """Show an ended run."""
    history = made_up([[-1.0] * depth] * 5)
    window.session.show(history)


def dialog_of(window: MainWindow, kind: type[QDialog]) -> QDialog:
    (dialog,) = (each for each in window.findChildren(kind) if each.isVisible())
    return dialog


def opens(window: MainWindow, _qtbot: QtBot, folder: Path, patch: pytest.MonkeyPatch) -> None:
    path = folder / "other.toml"
    window.exchange.save(OTHER, path)
    patch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    trigger(window, "open")
    assert window.form.experiment() == OTHER


def opens_data(window: MainWindow, qtbot: QtBot, folder: Path, patch: pytest.MonkeyPatch) -> None:
    path = folder / "own.tsv"
    path.write_text("".join(f"{n}.5\t{n % 3}\n" for n in range(30)))
    patch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    trigger(window, "open_data")
    dialog = dialog_of(window, DataDialog)
    assert isinstance(dialog, DataDialog)
    wait_until(qtbot, dialog.train_button.isEnabled)
    dialog.reject()


def saves(window: MainWindow, _qtbot: QtBot, folder: Path, patch: pytest.MonkeyPatch) -> None:
    path = folder / "mine.toml"
    patch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    trigger(window, "save")
    assert read(path) == TINY


def follows_a_run(window: MainWindow, qtbot: QtBot, folder: Path, _patch: pytest.MonkeyPatch) -> None:
    trigger(window, "follow")
    dialog = dialog_of(window, QFileDialog)
    assert isinstance(dialog, QFileDialog)
    dialog.fileSelected.emit(str(folder / "script.gradviz"))
    dialog.close()
    assert window.session.run.phase is Phase.WAITING
    trigger(window, "stop")
    wait_until(qtbot, lambda: window.session.run.phase is Phase.IDLE)


def opens_a_run(window: MainWindow, _qtbot: QtBot, folder: Path, patch: pytest.MonkeyPatch) -> None:
    path = a_run_in(folder)
    patch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    trigger(window, "open_run")
    assert window.board.history is not None
    assert window.board.history.frames == 3
    assert window.form.experiment() == TINY


def saves_the_run(window: MainWindow, _qtbot: QtBot, folder: Path, patch: pytest.MonkeyPatch) -> None:
    assert not window.actions_by_name["save_run"].isEnabled()
    path = a_run_in(folder)
    window.session.open(path)
    patch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(folder / "copy.gradviz"), ""))
    trigger(window, "save_run")
    assert read_info(folder / "copy.gradviz").frames == read_info(path).frames == 3


def adopts(window: MainWindow, _qtbot: QtBot, folder: Path, _patch: pytest.MonkeyPatch) -> None:
    assert not window.actions_by_name["adopt"].isEnabled()
    window.session.open(a_run_in(folder))
    trigger(window, "adopt")
    assert window.form.experiment() == OTHER
    trigger(window, "undo")
    assert window.form.experiment() == TINY


def proposes_a_race(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    trigger(window, "race")
    dialog = dialog_of(window, RaceDialog)
    assert isinstance(dialog, RaceDialog)
    assert len(dialog.experiments()) == 3
    dialog.reject()


def brings_the_runs(window: MainWindow, qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    panel = window.run_list.panel
    wait_until(qtbot, lambda: panel.visibleRegion().isEmpty())
    trigger(window, "runs")
    wait_until(qtbot, lambda: not panel.visibleRegion().isEmpty())


def a_run_in(folder: Path) -> Path:
    """Record a run of three frames."""
    path = folder / "made up.gradviz"
    started = made_up([[-1.0] * 9], OTHER).started
    history = History(started)
    for step in range(3):
        rows = {quantity.name: np.full(9, -step, np.float32) for quantity in started.quantities}
        history.append(Frame(step, 1.0, 0.5, 0.1, rows))
    StoreWriter(path, history, environment={}, on_trouble=pytest.fail).close("stopped")
    return path


def exports(window: MainWindow, _qtbot: QtBot, folder: Path, _patch: pytest.MonkeyPatch) -> None:
    put_up(window)
    trigger(window, "export")
    dialog = dialog_of(window, ExportDialog)
    assert isinstance(dialog, ExportDialog)
    path = dialog.request().path
    assert path == folder / "gradviz-plain-tanh-3.png"
    dialog.save.click()
    assert path.read_bytes().startswith(b"\x89PNG")
    assert window.statusBar().currentMessage() == f"Exported {path}"


def exports_animation(window: MainWindow, _qtbot: QtBot, folder: Path, _patch: pytest.MonkeyPatch) -> None:
    put_up(window)
    trigger(window, "export_animation")
    dialog = dialog_of(window, ExportDialog)
    assert isinstance(dialog, ExportDialog)
    dialog.choose("profile", "gif")
    dialog.save.click()
    with Image.open(folder / "gradviz-plain-tanh-3.gif") as animation:
        assert animation.n_frames == 5  # type: ignore[attr-defined]


def reports(window: MainWindow, _qtbot: QtBot, folder: Path, patch: pytest.MonkeyPatch) -> None:
    window.session.open(a_run_in(folder))
    patch.setattr(QFileDialog, "getSaveFileName", lambda _parent, _title, suggested, _kinds: (suggested, ""))
    trigger(window, "report")
    path = folder / "gradviz-plain-tanh-9.html"
    assert "made up.gradviz" in path.read_text(encoding="utf-8")
    assert window.statusBar().currentMessage() == f"Wrote {path}"


def copies_board(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    put_up(window)
    QApplication.clipboard().clear()
    trigger(window, "copy_board")
    assert not QApplication.clipboard().image().isNull()


def quits(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    trigger(window, "quit")
    assert window.isHidden()


def undoes(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    window.session.set(TINY.changed(activation="relu"))
    assert window.actions_by_name["undo"].text() == "&Undo Activation tanh → relu"
    trigger(window, "undo")
    assert window.form.experiment() == TINY
    assert not window.actions_by_name["undo"].isEnabled()


def redoes(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    window.session.set(OTHER)
    trigger(window, "undo")
    trigger(window, "redo")
    assert window.form.experiment() == OTHER
    assert not window.actions_by_name["redo"].isEnabled()


def resets_form(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    trigger(window, "defaults")
    assert window.form.experiment() == Experiment()
    trigger(window, "undo")
    assert window.form.experiment() == TINY


def copies_code(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    trigger(window, "copy_code")
    assert from_code(QApplication.clipboard().text()) == TINY.changed(title="")


def pastes_code(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    QApplication.clipboard().setText(to_code(OTHER))
    trigger(window, "paste_code")
    assert window.form.experiment() == OTHER.changed(title="")


def starts(window: MainWindow, qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    assert run_to_end(qtbot, window).frames == TINY.training.steps + 1
    assert window.session.run.phase is Phase.FINISHED
    assert window.board.history is window.session.run.history


def pauses(window: MainWindow, qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    window.session.set(ENDLESS)
    trigger(window, "start")
    wait_for(qtbot, window, Phase.RUNNING)
    trigger(window, "pause")
    assert window.session.run.phase is Phase.PAUSED
    assert window.actions_by_name["pause"].text() == "Resu&me"
    trigger(window, "pause")
    assert window.session.run.phase is Phase.RUNNING
    assert window.actions_by_name["pause"].text() == "&Pause"


def steps(window: MainWindow, qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    trigger(window, "step")
    wait_until(qtbot, lambda: window.session.run.history is not None and window.session.run.history.frames == 2)
    assert window.session.run.phase is Phase.PAUSED
    trigger(window, "step")
    wait_until(qtbot, lambda: window.session.run.history is not None and window.session.run.history.frames == 3)


def stops(window: MainWindow, qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    window.session.set(ENDLESS)
    trigger(window, "start")
    wait_for(qtbot, window, Phase.RUNNING)
    trigger(window, "stop")
    wait_for(qtbot, window, Phase.STOPPED)
    assert window.board.history is window.session.run.history is not None


def resets(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    put_up(window)
    ended = window.session.run.history
    trigger(window, "reset")
    assert window.session.run.phase is Phase.IDLE
    assert window.board.history is None
    assert window.session.display.previous is ended


def swaps(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    put_up(window, depth=3)
    first = window.session.run.history
    window.session.display.previous = made_up([[-1.0] * 7] * 2)
    window.session.become_ready()
    trigger(window, "swap")
    assert window.session.run.history is window.board.history is not first
    assert window.session.shown.reference is window.session.display.previous is first
    assert window.run_status.steps.text() == "step 1 / 8"
    trigger(window, "swap")
    assert window.board.history is first


def compares(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    window.session.display.previous = made_up([[-9.0, -9.0, -9.0]] * 5)
    put_up(window)
    assert "other" in profile_of(window.board).readout()
    trigger(window, "compare")
    assert "other" not in profile_of(window.board).readout()
    assert window.settings.compare is False


def draws_log_loss(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    put_up(window)
    trigger(window, "log_loss")
    # a loss of 1 lies at 10^0
    assert set(curves_of(window.board).readout()["batch loss"].y) == {0.0}
    assert window.settings.log_loss is True


def fits(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    history = made_up([[-1.0, -2.0, -3.0]] * 9)
    window.session.show(history)
    views = (heatmap_of(window.board).panes[0].view, curves_of(window.board).views[0])
    whole = [view.viewRange()[0] for view in views]
    for view in views:
        view.setXRange(1, 6, padding=0)
    trigger(window, "fit")
    assert [view.viewRange()[0] for view in views] == whole


def follows(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    put_up(window)
    window.session.display.pick_step(1)
    trigger(window, "latest")
    assert profile_of(window.board).shown_step == 4


def previews(window: MainWindow, qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    window.session.begin()
    put_up(window)
    run = window.session.shown.history
    trigger(window, "preview")
    wait_until(qtbot, lambda: window.session.shown.kind == "preview")
    assert heatmap_of(window.board).history is window.session.shown.history is not run
    trigger(window, "preview")
    assert heatmap_of(window.board).history is window.session.shown.history is run


def plays(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    put_up(window)
    trigger(window, "play")
    assert window.board.playback.playing
    assert profile_of(window.board).shown_step == 0
    trigger(window, "play")
    assert not window.board.playback.playing


def turns(place: str) -> Callable[[MainWindow, QtBot, Path, pytest.MonkeyPatch], None]:
    def check(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
        other = "first_top" if place == "bottom" else "first_bottom"
        trigger(window, other)
        trigger(window, f"first_{place}")
        assert heatmap_of(window.board).state().first_layer_at == place
        assert window.settings.first_layer_at == place
        assert window.actions_by_name[f"first_{place}"].isChecked()
        assert not window.actions_by_name[other].isChecked()

    return check


def themes(choice: str) -> Callable[[MainWindow, QtBot, Path, pytest.MonkeyPatch], None]:
    def check(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
        trigger(window, f"theme_{choice}")
        # the offscreen system has no opinion, which is light
        wanted = DARK if choice == "dark" else LIGHT
        assert window.settings.theme == choice
        assert window.style_now is wanted
        assert profile_of(window.board).backgroundBrush().color().name() == wanted.background

    return check


def restores_layout(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    window.docks["profile"].setFloating(True)
    window.docks["curves"].hide()
    trigger(window, "layout")
    assert not window.docks["profile"].isFloating()
    hidden = {"samples", "lessons"}
    assert all(dock.isVisibleTo(window) or name in hidden for name, dock in window.docks.items())


def brings_the_lessons(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    assert not window.docks["lessons"].isVisible()
    trigger(window, "lessons")
    assert window.docks["lessons"].isVisible()
    assert window.lessons.panel.list.list.count() >= 12


def helps(page: str) -> Callable[[MainWindow, QtBot, Path, pytest.MonkeyPatch], None]:
    def check(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
        name = next(name for name, check in CHECKS.items() if check is this)
        trigger(window, name)
        (shown,) = (each for each in window.findChildren(HelpWindow) if each.isVisible())
        assert shown.browser.page() == page
        assert not shown.isModal()
        shown.close()

    this = check
    return check


def asks_before_it_executes_a_model(
    window: MainWindow, _qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(folder / "mine.py"), ""))
    trigger(window, "open_model")
    dialog_of(window, QMessageBox).reject()


def shows_about(window: MainWindow, _qtbot: QtBot, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    trigger(window, "about")
    dialog_of(window, TextDialog).close()


CHECKS: dict[str, Callable[[MainWindow, QtBot, Path, pytest.MonkeyPatch], None]] = {
    "open": opens, "open_data": opens_data, "follow": follows_a_run, "save": saves,
    "open_model": asks_before_it_executes_a_model,
    "export": exports, "export_animation": exports_animation,
    "report": reports, "copy_board": copies_board, "quit": quits,
    "open_run": opens_a_run, "save_run": saves_the_run, "adopt": adopts, "race": proposes_a_race,
    "runs": brings_the_runs, "lessons": brings_the_lessons,
    "undo": undoes, "redo": redoes, "defaults": resets_form, "copy_code": copies_code, "paste_code": pastes_code,
    "start": starts, "pause": pauses, "step": steps, "stop": stops, "reset": resets, "swap": swaps, "preview": previews,
    "compare": compares, "log_loss": draws_log_loss, "fit": fits, "latest": follows, "play": plays,
    "first_bottom": turns("bottom"), "first_top": turns("top"),
    "theme_system": themes("system"), "theme_light": themes("light"), "theme_dark": themes("dark"),
    "layout": restores_layout, "guide": helps("guide.md"), "glossary": helps("glossary.md"),
    "shortcuts": helps("keyboard.md"), "news": helps("changelog.md"), "about": shows_about,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)
@pytest.mark.parametrize("name", BY_NAME)
def test_the_command_does_what_it_says(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    CHECKS[name](window, qtbot, tmp_path, monkeypatch)


def test_no_two_commands_share_their_keys() -> None:
    keys = [QKeySequence(command.shortcut).toString() for command in COMMANDS if command.shortcut]
    assert all(keys)
    assert len(set(keys)) == len(keys)


def test_no_two_entries_of_a_menu_share_their_letter() -> None:
    menus: dict[str, list[str]] = {}
    for command in COMMANDS:
        path = command.menu.split("/")
        for level, part in enumerate([*path[1:], command.text], start=1):
            menus.setdefault("/".join(path[:level]), []).append(part)
    for menu, entries in menus.items():
        letters = [entry[entry.index("&") + 1].lower() for entry in dict.fromkeys(entries)]
        assert len(set(letters)) == len(letters), (menu, letters)


def test_every_command_says_what_it_does(window: MainWindow) -> None:
    for command in COMMANDS:
        action = window.actions_by_name[command.name]
        assert command.tip in action.toolTip()
        assert action.statusTip() == command.tip
        if command.shortcut:
            assert action.shortcut().toString(QKeySequence.SequenceFormat.NativeText) in action.toolTip()
