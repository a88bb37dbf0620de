"""The network beside the heatmap: row for row, in the same colours, at the same step."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_runs import GRADIENT, run_of
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gradviz.experiment import Row
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.network.network_strip import NetworkStrip
from gradviz.plots.network.strip_parts import NODE_PX
from gradviz.plots.parts.colours import lookup_table
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.recording.frame import Frame, Started
from gradviz.recording.history import History


@pytest.fixture
def holder(qtbot: QtBot) -> QWidget:
    holder = QWidget()
    qtbot.addWidget(holder)
    return holder


@pytest.fixture
def strip(holder: QWidget) -> NetworkStrip:
    plot = HeatmapPlot()
    strip = NetworkStrip(plot, holder)
    row = QHBoxLayout(holder)
    row.addWidget(strip)
    row.addWidget(plot)
    holder.resize(700, 500)
    holder.show()
    return strip


def plot_of(strip: NetworkStrip) -> HeatmapPlot:
    holder = strip.parentWidget()
    assert holder is not None
    return next(each for each in holder.children() if isinstance(each, HeatmapPlot))


def show(strip: NetworkStrip, history: History) -> HeatmapPlot:
    plot = plot_of(strip)
    plot.show_history(history)
    plot.show_quantity(GRADIENT.name)
    strip.refresh()
    holder = strip.parentWidget()
    assert holder is not None
    holder.grab()
    return plot


def watched(rows: tuple[Row, ...], values: np.ndarray) -> History:
    history = History(Started("mine", rows, (GRADIENT,), "float32", 10, "cpu", 1))
    history.append(Frame(0, 1.0, 0.5, 0.1, {GRADIENT.name: values.astype(np.float32)}))
    return history


@pytest.mark.parametrize("top", [False, True])
def test_every_node_lies_beside_its_row_also_after_a_zoom(strip: NetworkStrip, top: bool) -> None:
    plot = show(strip, run_of([[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]] * 4))
    plot.set_first_layer_at("top" if top else "bottom")
    view = plot.panes[0].view
    for _ in range(2):
        for row in range(1, 7):
            y = plot.mapFromScene(view.mapViewToScene(QPointF(0.0, float(row)))).y()
            assert strip.y_of(row) == pytest.approx(y, abs=1)
            seen = view.viewRange()[1][0] <= row <= view.viewRange()[1][1]
            assert strip.row_at(strip.y_of(row)) == (row if seen else None)
        view.setYRange(1.5, 5.5, padding=0)


@pytest.mark.parametrize("style", [LIGHT, DARK])
def test_each_row_has_the_colour_that_the_heatmap_gives_it_at_the_step_shown(strip: NetworkStrip, style: Style) -> None:
    rows = [[-1.0, -3.0, -5.0, -9.0], [-9.0, -5.0, -2.0, -1.0], [-4.0, -4.0, -8.0, -1.0]]
    plot = show(strip, run_of(rows))
    plot.apply_style(style)
    for step in (None, 0, 1):
        plot.show_step(step)
        strip.refresh()
        picture = plot.panes[0].picture
        assert picture is not None
        shown = len(rows) - 1 if step is None else step
        assert strip.column is not None
        np.testing.assert_array_equal(strip.column.indices, picture.indices[:, shown])
        table, image = lookup_table(plot.quantity, style), strip.grab().toImage()
        ratio = image.devicePixelRatio()
        for row in range(1, 5):
            painted = image.pixelColor(round(60 * ratio), round(strip.y_of(row) * ratio))
            expected = QColor(*map(int, table[picture.indices[row - 1, shown]][:3]))
            assert painted == expected


def test_shortcuts_are_drawn_from_a_recipe_and_from_the_rows_of_a_watched_network(strip: NetworkStrip) -> None:
    rows = (
        Row("stem"), Row("blocks.0.a", on_path=False), Row("blocks.0.b", on_path=False), Row("mid"),
        Row("blocks.1.a", on_path=False), Row("head"),
    )  # fmt: skip
    show(strip, watched(rows, np.linspace(-3, 0, 6)))
    assert [(arc.first, arc.last) for arc, _ in strip.arcs()] == [(2, 3), (5, 5)]
    assert len(strip.nodes()) == 6


def test_a_thousand_rows_take_no_more_parts_than_there_is_room_for(strip: NetworkStrip) -> None:
    plot = show(strip, watched(tuple(Row(str(row)) for row in range(1000)), np.linspace(-30, 0, 1000)))
    height = plot.panes[0].view.height()
    assert 20 < len(strip.nodes()) <= height / NODE_PX + 1
    # zoomed in, every row is there
    plot.panes[0].view.setYRange(100.5, 120.5, padding=0)
    assert [node.first for node in strip.nodes()] == list(range(101, 121))


def test_the_mouse_reads_a_row_and_picks_it(strip: NetworkStrip, qtbot: QtBot) -> None:
    plot = show(strip, run_of([[-1.0, -2.0, -3.0]]))
    said: list[str] = []
    wanted: list[int] = []
    strip.hovered.connect(said.append)
    strip.row_wanted.connect(wanted.append)
    place = QPoint(60, round(strip.y_of(2)))
    qtbot.mouseMove(strip, place)
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=place)
    assert wanted == [2]
    assert "1.00e-02" in said[-1]
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(60, 1))
    assert wanted == [2]
    assert plot.history is not None


def test_without_a_run_there_is_nothing(strip: NetworkStrip) -> None:
    strip.refresh()
    assert strip.nodes() == []
    assert strip.arcs() == []
    assert strip.row_at(10.0) is None
