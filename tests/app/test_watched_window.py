"""What the window shows of a network that a script of its own trains, and what it says it cannot show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import curves_of, heatmap_of, profile_of, samples_of, trigger, verdict_of, wait_until
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from gradviz.app.export.export_dialog import ExportRequest
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.activation_panel import ActivationPanel
from gradviz.app.panels.distribution_panel import DistributionPanel
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.session.open_runs import is_being_recorded
from gradviz.app.session.phase import Phase
from gradviz.experiment import Row
from gradviz.plots.curve_words import UNTOLD
from gradviz.plots.histogram import NONE_YET
from gradviz.plots.parts.style import LIGHT
from gradviz.recording.frame import Frame, Quantity, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter

GRADIENT = Quantity("weight_grad_norm", "Weight gradient norm", "|∂loss/∂W|₂", "made up")
RMS = Quantity("activation_grad_rms", "Activation gradient", "rms ∂loss/∂h", "made up")
PARTS = ("norm", "mix", "grow", "act", "shrink")
MODULES = ("embed", *(f"blocks.{block}.{part}" for block in range(4) for part in PARTS), "head")
SICK = "blocks.2.shrink"


def recording(frames: int = 30, *, loss: float = math.nan) -> History:
    """A network in which one module gets a millionth of the gradient, and activations have no weights."""
    rows = tuple(Row(name) for name in MODULES)
    history = History(Started("my transformer", rows, (GRADIENT, RMS), "float32", 1000, "cpu", 0))
    append(history, frames, loss)
    return history


def append(history: History, frames: int, loss: float = math.nan) -> None:
    known = np.array([not name.endswith("act") for name in MODULES])
    row = np.where([name == SICK for name in MODULES], -7.0, -1.0).astype(np.float32)
    for _ in range(frames):
        rows = {GRADIENT.name: row, RMS.name: np.full(len(MODULES), -2.0, np.float32)}
        history.append(Frame(history.frames, loss, math.nan, 0.1, rows, {GRADIENT.name: known}))


@pytest.fixture
def shown(window: MainWindow) -> MainWindow:
    history = recording()
    window.session.show(history)
    return window


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.gradviz"


@pytest.fixture
def script(path: Path) -> Iterator[tuple[History, StoreWriter]]:
    """Another process as far as the window can tell."""
    history = recording(frames=3)
    writer = StoreWriter(path, history, environment={}, on_trouble=lambda text: None)
    yield history, writer
    writer.close("finished")


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(20, 20), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    window.dropEvent(event)


@pytest.mark.slow
def test_the_title_and_the_verdict_name_network_and_module(shown: MainWindow) -> None:
    assert shown.windowTitle() == "my transformer – gradviz"
    panel = verdict_of(shown.board)
    panel.refresh()
    card = next(card for card in panel.cards.values() if card.finding and card.finding.kind == "vanishing")
    assert card.finding is not None
    assert card.finding.worst_row == MODULES.index(SICK) + 1
    assert card.finding.number("gradient_log10") == pytest.approx(-7.0)
    assert all(SICK in text for text in (panel.words, card.headline.text(), card.go.text()))
    assert card.try_heading.text() == "What to try in your code"
    rows = [row for row in card.remedies.values() if row.isVisibleTo(card)]
    assert rows
    assert not any(row.button.isVisibleTo(row) for row in rows)
    first = panel.worst.buttons[0]
    assert SICK in first.toolTip()
    assert first.row == MODULES.index(SICK) + 1


@pytest.mark.slow
def test_panels_say_what_they_cannot_show(shown: MainWindow, qtbot: QtBot) -> None:
    board = shown.board
    activation = board.panel(ActivationPanel)
    assert activation.absent.isVisibleTo(activation)
    assert not activation.plot.isVisibleTo(activation)
    assert not activation.costs.isVisibleTo(activation)
    assert shown.form.elsewhere.isVisibleTo(shown.form)
    assert "my transformer" in shown.form.elsewhere.text()
    assert board.panel(DistributionPanel).plot.readout().notice == NONE_YET
    assert curves_of(board).readout().notice == UNTOLD["loss"]
    assert curves_of(board).readout().labels["no accuracy"] == UNTOLD["batch_accuracy"]
    assert "script of its own" in samples_of(board).message.text
    assert not any("validation" in words for words in curves_of(board).readout().words)
    board.panel(HeatmapPanel).choose(RMS.name)
    wait_until(qtbot, lambda: any("no theory" in words for words in profile_of(board).readout().words))


@pytest.mark.slow
def test_a_loss_that_is_told_is_drawn(window: MainWindow) -> None:
    history = recording(loss=0.5)
    window.session.show(history)
    assert curves_of(window.board).readout().notice == ""
    assert window.run_status.result.text() == "loss 0.5"


@pytest.mark.slow
def test_the_transport_says_nothing_of_a_loss_that_nobody_told(shown: MainWindow) -> None:
    shown.run_status.show_phase(shown.session.run.phase, shown.session.run)
    assert shown.run_status.result.text() == ""
    assert shown.run_status.device.text() == "CPU"


@pytest.mark.slow
def test_back_to_a_network_of_gradviz(shown: MainWindow) -> None:
    shown.session.reset()
    activation = shown.board.panel(ActivationPanel)
    assert not shown.form.elsewhere.isVisibleTo(shown.form)
    assert not activation.absent.isVisibleTo(activation)
    assert activation.plot.isVisibleTo(activation)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["board.png", "heatmap.svg", "data.npz", "data.csv", "data.parquet"])
def test_it_can_be_exported(shown: MainWindow, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert shown.exporter.carry_out(ExportRequest(path.stem, path, 1), LIGHT)
    assert path.stat().st_size > 0
    if path.suffix == ".svg":
        assert "blocks.1" in path.read_text()


@pytest.mark.slow
def test_following_waits_shows_and_says_how_it_ended(window: MainWindow, qtbot: QtBot, path: Path) -> None:
    window.session.follow(path)
    assert window.run_status.state.text() == "waiting for run.gradviz"
    assert heatmap_of(window.board).readout().notice == "Waiting for run.gradviz …"
    assert not window.actions_by_name["pause"].isEnabled()
    assert not window.actions_by_name["step"].isEnabled()
    history = recording(frames=3)
    writer = StoreWriter(path, history, environment={}, on_trouble=lambda text: None)
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FOLLOWING)
    assert heatmap_of(window.board).readout().notice == ""
    assert window.run_status.state.text() == "following run.gradviz"
    assert window.actions_by_name["stop"].text() == "S&top following"
    assert window.actions_by_name["start"].text() == "&Start"
    assert not window.actions_by_name["pause"].isEnabled()
    append(history, 20)
    wait_until(qtbot, lambda: window.board.history is not None and window.board.history.frames == 23)
    assert window.board.history is window.session.run.history
    writer.close("finished")
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FINISHED)
    assert path.name in window.statusBar().currentMessage()
    assert window.actions_by_name["stop"].text() == "S&top"
    assert heatmap_of(window.board).absence.startswith("Press Start")


def test_what_a_script_ends_as_a_run_is_waited_for_under_that_name(window: MainWindow, tmp_path: Path) -> None:
    window.session.follow(tmp_path / "rate0.1")
    assert window.run_status.state.text() == "waiting for rate0.1.gradviz"


@pytest.mark.slow
def test_the_step_can_be_picked_while_it_goes_on(
    window: MainWindow, qtbot: QtBot, path: Path, script: tuple[History, StoreWriter]
) -> None:
    window.session.follow(path)
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FOLLOWING)
    window.session.display.pick_step(1)
    append(script[0], 10)
    wait_until(qtbot, lambda: window.session.run.history is not None and window.session.run.history.frames == 13)
    assert verdict_of(window.board).step == 1
    trigger(window, "latest")
    assert verdict_of(window.board).step is None


@pytest.mark.slow
def test_stop_following_leaves_the_script_alone(
    window: MainWindow, qtbot: QtBot, path: Path, script: tuple[History, StoreWriter]
) -> None:
    window.session.follow(path)
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FOLLOWING)
    trigger(window, "stop")
    wait_until(qtbot, lambda: window.session.run.phase is Phase.LEFT)
    assert path.name in window.statusBar().currentMessage()
    assert window.board.history is not None


@pytest.mark.slow
def test_what_is_dropped_is_followed_while_it_is_recorded_and_opened_afterwards(
    window: MainWindow, qtbot: QtBot, path: Path
) -> None:
    history = recording(frames=3)
    writer = StoreWriter(path, history, environment={}, on_trouble=lambda text: None)
    wait_until(qtbot, path.exists)
    wait_until(qtbot, lambda: is_being_recorded(path))
    drop(window, path)
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FOLLOWING)
    writer.close("finished")
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FINISHED)
    followed = window.board.history
    drop(window, path)
    assert window.session.run.phase is Phase.FINISHED
    assert window.board.history is not followed
    assert window.board.history is not None
    assert window.board.history.frames == 3


@pytest.mark.slow
def test_opening_a_run_that_is_being_recorded_follows_it(
    window: MainWindow, qtbot: QtBot, path: Path, script: tuple[History, StoreWriter]
) -> None:
    wait_until(qtbot, lambda: is_being_recorded(path))
    window.session.open(path)
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FOLLOWING)


def test_the_menu_asks_for_a_file_that_need_not_be_there(
    window: MainWindow, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[QFileDialog] = []
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: asked.append(dialog))
    trigger(window, "follow")
    (dialog,) = asked
    assert dialog.fileMode() is QFileDialog.FileMode.AnyFile
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptOpen
    dialog.fileSelected.emit(str(path.with_suffix("")))
    assert window.session.run.phase is Phase.WAITING
    assert window.session.run.path == path
    trigger(window, "stop")
    wait_until(qtbot, lambda: window.session.run.phase is Phase.IDLE)
