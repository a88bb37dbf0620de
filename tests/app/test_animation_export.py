"""Animations of the real window, frame by frame against the pictures that the window exports of each step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from driving import TINY, curves_of, made_up, profile_of, samples_of
from made_up_distributions import distributions
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QProgressDialog, QSpinBox
from pytestqt.qtbot import QtBot

from gradviz.app.export.animation_fields import AnimationFields
from gradviz.app.export.export_dialog import ExportDialog, ExportRequest
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.activation_panel import ActivationPanel
from gradviz.app.panels.distribution_panel import DistributionPanel
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.panels.scale_chooser import BY_HAND
from gradviz.app.settings import Settings
from gradviz.errors import ExportError
from gradviz.plots.pages.animation import FRAME_RATES, StepRange
from gradviz.plots.pages.caption import HEIGHT
from gradviz.recording.activations import ActivationCurve
from gradviz.recording.frame import Evaluation, Frame
from gradviz.recording.history import History

STEPS, LAYERS = 9, 4
MOVING = [
    "heatmap",
    "profile",
    "curves",
    "validation samples",
    "distribution",
    "activation",
    "confusion matrix",
    "confident mistakes",
    "board",
]
CUT = StepRange(1, 7, 3, 20)
SHOWN = [1, 4, 7]
Pixels = NDArray[np.int64]


def run() -> History:
    history = History(made_up([[-1.0] * LAYERS], TINY.changed(depth=LAYERS)).started)
    for step in range(STEPS):
        if step % 2 == 0:
            wrong = np.array([0, step % 4 // 2])
            history.append(Evaluation(step, 1.0 / (step + 1), step / 10, wrong, np.array([0.9, 0.8], np.float32), None))
            bins = [((-1.0, 0.0, 1.0 + step), (step + layer, 1)) for layer in range(LAYERS)]
            history.append(distributions(step, LAYERS, gradients=bins, pre_activations=bins))
        row = np.array([-1.0 - step, -2.0, -3.0 + step / 4, -5.0], np.float32)
        history.append(Frame(step, 3.0 / (step + 1), step / 10, 0.1, {"gradient": row}))
    return history


@pytest.fixture
def history(window: MainWindow) -> History:
    history = run()
    window.session.show(history)
    x = np.linspace(-3.0, 3.0, 61)
    curve = ActivationCurve("tanh", x, np.tanh(x), 1 - np.tanh(x) ** 2, 1.0, (0.0, 0.0), True, "at x = 0")
    assert history.started.experiment is not None
    window.board.panel(ActivationPanel).show_curve(history.started.experiment, curve)
    window.grab()
    # what waits to be laid out would be in the middle of a picture
    QApplication.processEvents()
    return history


def pixels(path: Path) -> Pixels:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(np.int64)


def frames_of(path: Path) -> list[Pixels]:
    frames = []
    with Image.open(path) as animation:
        for number in range(animation.n_frames):  # type: ignore[attr-defined]
            animation.seek(number)
            frames.append(np.asarray(animation.convert("RGB")).astype(np.int64))
    return frames


def record(window: MainWindow, what: str, path: Path, cut: StepRange = CUT, scale: int = 1) -> bool:
    return window.exporter.carry_out(ExportRequest(what, path, scale, cut), window.style_now)


def still(window: MainWindow, what: str, path: Path, scale: int = 1) -> Pixels:
    assert window.exporter.carry_out(ExportRequest(what, path, scale), window.style_now)
    return pixels(path)


@pytest.mark.slow
def test_every_frame_is_the_picture_that_is_exported_of_its_step(
    window: MainWindow, history: History, tmp_path: Path
) -> None:
    window.actions_by_name["theme_dark"].trigger()
    assert window.exporter.moving() == set(MOVING)
    for what in MOVING:
        assert record(window, what, tmp_path / "animation.webp")
        frames = frames_of(tmp_path / "animation.webp")
        assert len(frames) == len(SHOWN)
        for whole, step in zip(frames, SHOWN, strict=True):
            window.session.display.pick_step(step)
            expected, frame = still(window, what, tmp_path / "still.png"), whole
            assert frame.shape == expected.shape
            assert (frame != expected).any(axis=-1).mean() < 1e-4, (what, step)
        assert (frames[0] != frames[1]).any()


@pytest.mark.slow
def test_an_animation_shows_the_plots_as_the_person_has_set_them_up(
    window: MainWindow, history: History, tmp_path: Path
) -> None:
    heatmap, curves = window.board.panel(HeatmapPanel), curves_of(window.board)
    window.actions_by_name["first_top"].trigger()
    window.actions_by_name["log_loss"].trigger()
    samples_of(window.board).wrong_first.setChecked(True)
    heatmap.scale.choose(BY_HAND)
    heatmap.plot.set_limits(-7.0, -2.0)
    for view in (heatmap.plot.panes[0].view, curves.views[0]):
        view.setXRange(1.0, 7.0, padding=0)
        view.sigRangeChangedManually.emit(view.mouseEnabled())
    profile_of(window.board).view.setXRange(1.5, 3.5, padding=0)
    window.board.panel(DistributionPanel).layer.setValue(3)
    window.board.panel(DistributionPanel).logarithmic.click()
    for what in ("board", "distribution"):
        assert record(window, what, tmp_path / "animation.webp", StepRange(4, 4))
        window.session.display.pick_step(4)
        frame = frames_of(tmp_path / "animation.webp")[0]
        difference = frame != still(window, what, tmp_path / "still.png")
        assert difference.any(axis=-1).mean() < 1e-4, what


@pytest.mark.slow
def test_an_animation_at_twice_the_size_has_twice_the_pixels(
    window: MainWindow, history: History, tmp_path: Path
) -> None:
    assert record(window, "profile", tmp_path / "animation.gif", StepRange(0, 1), scale=2)
    plot = profile_of(window.board)
    single = still(window, "profile", tmp_path / "still.png")
    frame = frames_of(tmp_path / "animation.gif")[0]
    assert frame.shape == (2 * single.shape[0], 2 * plot.width(), 3)
    # verdict, network, run, step and code stand below it
    assert single.shape[0] > plot.height() + HEIGHT


@pytest.mark.slow
def test_the_plots_on_screen_stay_where_they_are_and_the_window_lives(
    window: MainWindow, history: History, tmp_path: Path
) -> None:
    window.session.display.pick_step(3)
    window.grab()
    QApplication.processEvents()
    before = window.grab().toImage()
    picked: list[object] = []
    window.session.display.step_picked.connect(picked.append)
    turns: list[bool] = []
    timer = QTimer(window)
    timer.timeout.connect(lambda: turns.append(window.board.panel(HeatmapPanel).grab().toImage() is not None))
    timer.start(0)
    assert record(window, "board", tmp_path / "animation.gif", StepRange(0, 8))
    timer.stop()
    assert picked == []
    assert len(turns) >= STEPS
    assert window.grab().toImage() == before


@pytest.mark.slow
def test_a_run_that_goes_on_does_not_move_the_animation(window: MainWindow, history: History, tmp_path: Path) -> None:
    assert record(window, "board", tmp_path / "quiet.webp")
    row = history.row("gradient", 0)
    assert row is not None

    def go_on() -> None:
        history.append(Frame(history.frames, 1.0, 0.5, 0.1, {"gradient": row}))

    timer = QTimer(window)
    timer.timeout.connect(go_on)
    timer.start(0)
    assert record(window, "board", tmp_path / "live.webp")
    timer.stop()
    assert history.frames > STEPS
    quiet, live = frames_of(tmp_path / "quiet.webp"), frames_of(tmp_path / "live.webp")
    assert all((one == other).all() for one, other in zip(quiet, live, strict=True))


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_an_animation_that_is_cancelled_leaves_nothing(
    window: MainWindow, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(QProgressDialog, "wasCanceled", lambda _self: asked.append(1) or len(asked) == 2)
    folder = tmp_path / "animations"
    folder.mkdir()
    window.exports.carry_out(ExportRequest("curves", folder / f"x.{suffix}", 1, StepRange(0, 8)))
    assert len(asked) == 2
    assert list(folder.iterdir()) == []
    assert window.statusBar().currentMessage() == "Export cancelled; nothing was written"


def test_a_folder_that_is_not_there_is_named(window: MainWindow, history: History, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there is no folder"):
        record(window, "board", tmp_path / "missing" / "x.gif")


@pytest.fixture
def dialog(qtbot: QtBot, settings: Settings) -> ExportDialog:
    subjects = {
        "board": "All plots on one page.",
        "activation costs": "640 × 480 pixels on screen.",
        "data": "9 steps.",
    }
    dialog = ExportDialog(subjects, settings, "gradviz-tanh-4", moving=["board"], frames=601)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def forms(dialog: ExportDialog) -> list[object]:
    return [dialog.form.itemData(index) for index in range(dialog.form.count())]


def test_what_moves_can_become_an_animation(dialog: ExportDialog, tmp_path: Path) -> None:
    assert forms(dialog) == ["png", "svg", "pdf", "gif", "webp"]
    assert not dialog.animation.isVisible()
    assert dialog.request().cut is None
    dialog.choose("board", "webp")
    assert dialog.animation.isVisible()
    assert dialog.request() == ExportRequest("board", tmp_path / "gradviz-tanh-4.webp", 1, StepRange(0, 600, 3, 10))
    assert dialog.scale.isEnabled()
    dialog.choose("activation costs", "webp")
    assert forms(dialog) == ["png", "svg", "pdf"]
    assert not dialog.animation.isVisible()
    assert dialog.request() == ExportRequest("activation costs", tmp_path / "gradviz-tanh-4.png", 2)


def test_how_many_frames_and_seconds_is_said_before(dialog: ExportDialog) -> None:
    dialog.choose("board", "gif")
    assert dialog.note.text() == "201 frames, 20.1 s. All plots on one page."
    dialog.animation.rate.setCurrentIndex(dialog.animation.rate.findData(25))
    dialog.animation.first.setValue(100)
    dialog.animation.every.setValue(50)
    assert dialog.note.text() == "11 frames, 0.4 s. All plots on one page."
    dialog.animation.first.setValue(600)
    assert dialog.note.text().startswith("1 frame, 0.0 s.")


def test_a_run_of_one_step_does_not_move(qtbot: QtBot, settings: Settings) -> None:
    dialog = ExportDialog({"board": ""}, settings, "x", moving=["board"], frames=1)
    qtbot.addWidget(dialog)
    assert forms(dialog) == ["png", "svg", "pdf"]


def test_the_fields_of_an_animation(qtbot: QtBot) -> None:
    fields = AnimationFields(5001)
    qtbot.addWidget(fields)
    assert fields.cut == StepRange(0, 5000, 25, 10)
    fields.every.setValue(2)
    assert "2,501 frames, 250.1 s. That makes a large file" in fields.words
    # ends in the wrong order are meant all the same
    fields.first.setValue(400)
    fields.last.setValue(100)
    assert (fields.cut.first, fields.cut.last) == (100, 400)
    assert [fields.rate.itemData(index) for index in range(fields.rate.count())] == list(FRAME_RATES)
    for control in (*fields.findChildren(QSpinBox), fields.rate):
        assert control.accessibleName()
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
