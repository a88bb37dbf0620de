"""The heatmap and the profile of a watched network: layers that were not measured, and steps that were skipped."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_modules import watched
from made_up_runs import append, colour_at, history_of, hover, place_of, shown
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.plots.curve_words import UNTOLD, in_words
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.parts.style import LIGHT
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.recording.history import History

NAMES = ("a", "b", "c", "d")
KNOWN = [True, False, True, True]
STEPS = 20


def run(steps: int = STEPS, **more: object) -> History:
    """The second module is measured at odd steps only, and is a NaN then; the third is exactly zero."""
    rows = [[-1.0, np.nan, -np.inf, -3.0]] * steps
    measured = dict.fromkeys(range(0, steps, 2), KNOWN)
    return watched(rows, NAMES, measured=measured, **more)  # type: ignore[arg-type]


@pytest.fixture
def heatmap(qtbot: QtBot) -> HeatmapPlot:
    plot = HeatmapPlot()
    shown(plot, qtbot)
    return plot


def place(plot: HeatmapPlot, step: float, layer: float) -> QPoint:
    return place_of(plot, plot.panes[0].view, step, layer)


def show(plot: HeatmapPlot | ProfilePlot, history: History) -> None:
    plot.show_history(history)
    QApplication.processEvents()
    plot.grab()


def test_a_cell_has_the_colour_of_what_happened_to_it(heatmap: HeatmapPlot) -> None:
    show(heatmap, run())
    style = LIGHT

    def at(step: int, layer: int) -> str:
        return colour_at(heatmap, place(heatmap, step, layer))

    assert at(4, 2) == style.not_measured_colour
    assert at(5, 2) == style.nan_colour
    assert at(4, 3) == at(5, 3) == style.zero_colour
    assert at(4, 1) == at(5, 1) not in (style.not_measured_colour, style.nan_colour, style.zero_colour)
    assert any("not measured" in words for _, _, words in heatmap.readout().key)


def test_a_column_of_many_steps_is_not_measured_only_where_none_of_them_is(heatmap: HeatmapPlot) -> None:
    # the module is measured in the second half of the run only
    steps = 4096
    rows = [[-1.0, -2.0]] * steps
    show(heatmap, watched(rows, ("a", "b"), measured={step: [True, False] for step in range(steps // 2)}))
    picture = heatmap.panes[0].picture
    assert picture is not None
    assert picture.grid.stride > 1
    assert colour_at(heatmap, place(heatmap, 1000, 2)) == LIGHT.not_measured_colour
    assert colour_at(heatmap, place(heatmap, 3000, 2)) != LIGHT.not_measured_colour


def test_the_hover_tells_not_measured_from_not_a_number(heatmap: HeatmapPlot, qtbot: QtBot) -> None:
    show(heatmap, run(skipped=(5,)))
    assert "layer 2 (b) · not measured at this step" in hover(heatmap, qtbot, place(heatmap, 4, 2))
    words = hover(heatmap, qtbot, place(heatmap, 5, 2))
    assert "not a number" in words
    assert "the optimiser skipped this step" in words
    assert "skipped" not in hover(heatmap, qtbot, place(heatmap, 6, 2))


@pytest.mark.parametrize("first_at", ["bottom", "top"])
def test_a_skipped_step_has_a_mark_on_the_lower_edge(heatmap: HeatmapPlot, first_at: str) -> None:
    heatmap.set_first_layer_at(first_at)  # type: ignore[arg-type]
    show(heatmap, run(skipped=(3, 12)))
    image = heatmap.grab().toImage()
    bottom = heatmap.mapFromScene(heatmap.panes[0].view.sceneBoundingRect().bottomLeft()).y()

    def marked(step: int) -> bool:
        x = place(heatmap, step, 1).x()
        return any(QColor(image.pixelColor(x, bottom - up)).name() == LIGHT.nan_colour for up in range(2, 7))

    assert [step for step in range(STEPS) if marked(step)] == [3, 12]
    assert any("skipped by the optimiser" in words for _, _, words in heatmap.readout().key)
    show(heatmap, run())
    assert not any("skipped" in words for _, _, words in heatmap.readout().key)


def test_the_profile_passes_over_what_was_not_measured(qtbot: QtBot) -> None:
    plot = ProfilePlot()
    shown(plot, qtbot)
    show(plot, run(steps=5))
    readout = plot.readout()
    assert (readout["now zeros"].x.tolist(), "now lost" in readout) == ([3], False)
    assert readout["now"].x.tolist() == [1, 3, 4]
    assert "layer 2 (b) · not measured" in hover(plot, qtbot, place_of(plot, plot.view, 2, -2))
    plot.show_step(3)
    assert plot.readout()["now lost"].x.tolist() == [2]


def notices(plot: CurvesPlot) -> tuple[str, str]:
    readout = plot.readout()
    return readout.notice, readout.labels.get("no accuracy", "")


def test_curves_of_a_script_that_tells_nothing(qtbot: QtBot) -> None:
    plot = CurvesPlot()
    shown(plot, qtbot)
    history = run()
    plot.show_history(history)
    assert notices(plot) == (
        UNTOLD["loss"],
        UNTOLD["batch_accuracy"],
    )
    assert "nan" not in in_words(history, 3)
    plot.show_history(run(losses=[1.0] * STEPS))
    assert notices(plot) == ("", UNTOLD["batch_accuracy"])
    # a network of gradviz whose loss is not a number has diverged, which other words say
    plot.show_history(append(history_of(2), [[-1.0, -1.0]], losses=[float("nan")]))
    assert notices(plot) == ("", "")
