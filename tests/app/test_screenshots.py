"""Pictures of the real window after a short real run, for whoever changes it to look at, and facts about them.

They are written into the folder `artefacts/`, which git ignores.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from driving import curves_of, heatmap_of, place_of, profile_of, run_to_end
from laid_out import cut_texts
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.experiment import Experiment, load_preset

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
SIZE = (1440, 900)
STEPS = 40

# what is photographed: a run that learns with shortcuts, after the one that does not; and points in the plane
BEFORE = load_preset("sigmoid-30").changed(steps=STEPS, device="cpu")
SHORTCUT = BEFORE.changed(
    title="With shortcuts", shortcut="scaled", optimizer="adam", learning_rate=0.003, evaluate_every=5
)
PLANE = Experiment(
    title="Two moons", data="moons", depth=6, activation="tanh", optimizer="adam", learning_rate=0.02, steps=STEPS,
    device="cpu",
)  # fmt: skip


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, window: MainWindow) -> str:
    window.actions_by_name[f"theme_{request.param}"].trigger()
    return str(request.param)


def photograph(window: MainWindow, name: str) -> QImage:
    ARTEFACTS.mkdir(exist_ok=True)
    # a key that has got more lines is laid out when Qt finds the time, and what lies beside it after that
    image, before = window.grab().toImage(), QImage()
    while image != before:
        QApplication.processEvents()
        image, before = window.grab().toImage(), image
    assert image.save(str(ARTEFACTS / f"{name}.png"))
    return image


def pixels(image: QImage, part: QRect | None = None) -> NDArray[np.uint8]:
    """Red, green and blue [rows, columns, 3]."""
    cut = image.copy(part or image.rect()).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(cut.constBits(), np.uint8).reshape(cut.height(), cut.bytesPerLine())
    # a copy: the image goes, and takes its memory with it
    return rows[:, : cut.width() * 3].reshape(cut.height(), cut.width(), 3).copy()


def brightness(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Luma by ITU-R BT.709, 0 to 1."""
    weighted: NDArray[np.float64] = picture @ np.array([0.2126, 0.7152, 0.0722]) / 255
    return weighted


def heatmap_area(window: MainWindow, steps: int, layers: int) -> QRect:
    """The rectangle of the cells of a run in the picture of the window."""
    plot = heatmap_of(window.board)
    corners = [
        plot.viewport().mapTo(window, place_of(plot, plot.panes[0].view, x, y))
        for x, y in ((-0.4, layers + 0.4), (steps + 0.4, 0.6))
    ]
    return QRect(*corners)


@pytest.mark.slow
def test_the_window_after_a_run(window: MainWindow, qtbot: QtBot, theme: str) -> None:
    window.resize(*SIZE)
    for experiment in (BEFORE, SHORTCUT):
        window.session.set(experiment)
        history = run_to_end(qtbot, window)
    window.session.display.pick_step(STEPS // 2)
    window.board.panel(HeatmapPanel).scale.choose("these")
    image = photograph(window, f"window-{theme}")

    assert cut_texts(window) == []
    cells = pixels(image, heatmap_area(window, STEPS, len(history.started.rows)))
    # a picture of many colours, and hardly any of it ground
    assert len(np.unique(cells.reshape(-1, 3), axis=0)) > 60
    ground = np.array(pixels(image)[3, SIZE[0] // 2])
    assert (cells == ground).all(axis=-1).mean() < 0.1
    # outside of the heatmap dark is dark and light is light, and there is something to read
    around = brightness(pixels(image))
    area = heatmap_area(window, STEPS, len(history.started.rows))
    around[area.top() : area.bottom(), area.left() : area.right()] = np.nan
    assert (np.nanmedian(around) < 0.15) if theme == "dark" else (np.nanmedian(around) > 0.9)
    assert np.nanmax(around) - np.nanmin(around) > 0.8


@pytest.mark.slow
def test_every_axis_says_what_it_counts(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(SHORTCUT.changed(steps=4))
    run_to_end(qtbot, window)
    plots = (
        heatmap_of(window.board),
        profile_of(window.board),
        curves_of(window.board),
    )
    heatmap, profile, curves = (plot.readout().axes for plot in plots)
    assert heatmap["bottom"] == "step"
    assert heatmap["left"] == profile["bottom"] == "layer (1 = next to the input)"
    assert all(history_unit(window) in label for label in (heatmap["right"], profile["left"]))
    assert set(curves.values()) == {"loss", "accuracy (%)", "step"}


def history_unit(window: MainWindow) -> str:
    history = window.session.run.history
    assert history is not None
    return history.quantity(window.board.panel(HeatmapPanel).quantity.currentData()).unit


@pytest.mark.slow
@pytest.mark.parametrize(
    ("experiment", "name"), [(SHORTCUT, "samples"), (PLANE, "boundary")], ids=["samples", "boundary"]
)
def test_held_out_samples_are_in_sight(
    window: MainWindow, qtbot: QtBot, theme: str, experiment: Experiment, name: str
) -> None:
    window.resize(*SIZE)
    window.session.set(experiment)
    run_to_end(qtbot, window)
    window.docks["samples"].raise_()
    qtbot.waitUntil(lambda: window.board.plots()["validation samples"].isVisible())
    image = photograph(window, f"window-{name}-{theme}")
    plot = window.board.plots()["validation samples"]
    seen = pixels(image, QRect(plot.mapTo(window, plot.rect().topLeft()), plot.size()))
    assert len(np.unique(seen.reshape(-1, 3), axis=0)) > 40
    assert cut_texts(window) == []


@pytest.mark.slow
def test_a_change_after_a_run_in_one_picture(window: MainWindow, qtbot: QtBot, theme: str) -> None:
    window.resize(*SIZE)
    window.session.begin()
    window.session.set(BEFORE)
    history = run_to_end(qtbot, window)
    window.form.rows["activation"].editor.changed.emit("tanh")
    # until then the board stays with the run
    window.actions_by_name["preview"].trigger()
    qtbot.waitUntil(lambda: profile_of(window.board).history is not history, timeout=30_000)
    photograph(window, f"window-preview-{theme}")
    assert cut_texts(window) == []
    assert any("last run" in words for words in profile_of(window.board).readout().words)
