"""Names and brackets on the axis over the layers of a watched network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_modules import CONVOLUTIONAL, TRANSFORMER, watched
from made_up_runs import hover, place_of, run_of, shown
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.experiment import Row
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.parts.layer_axis import PIXELS_PER_NAME, LayerAxis
from gradviz.plots.parts.row_groups import Group, groups_at, owners_of, shortened, suited_groups
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.recording.history import History

SIZE = (700, 720)


@pytest.fixture
def heatmap(qtbot: QtBot) -> HeatmapPlot:
    plot = HeatmapPlot()
    shown(plot, qtbot, SIZE)
    return plot


def show(plot: HeatmapPlot | ProfilePlot, history: History) -> None:
    """Draw a run, and let the axis have the room it asked for."""
    plot.show_history(history)
    QApplication.processEvents()
    plot.grab()


def ticks(axis: LayerAxis) -> dict[int, str]:
    """The words beside the axis by the layer they stand at, as pyqtgraph asks for them."""
    low, high = axis.range
    size = axis.size().height() if axis.orientation == "left" else axis.size().width()
    ((spacing, values),) = axis.tickValues(low, high, size)
    return {round(value): text for value, text in zip(values, axis.tickStrings(values, 1, spacing), strict=True)}


def owners(*names: str) -> tuple[str, ...]:
    return owners_of([Row(name) for name in names])


def test_groups_are_runs_of_names_that_begin_alike() -> None:
    names = owners("stem", "a.0.x", "a.0.y", "a.1.x", "b.x", "a.1.z")
    assert groups_at(names, 1) == [Group("a", 2, 4), Group("b", 5, 5), Group("a", 6, 6)]
    assert groups_at(names, 2) == [Group("a.0", 2, 3), Group("a.1", 4, 4), Group("b", 5, 5), Group("a.1", 6, 6)]


def test_a_module_stands_with_its_parts() -> None:
    assert groups_at(owners("a.0.x", "a.0", "a.1.x", "a.1"), 2) == [Group("a.0", 1, 2), Group("a.1", 3, 4)]


def test_of_a_transformer_the_blocks_have_room_and_their_parts_have_not() -> None:
    blocks = [Group(f"encoder.layers.{block}", 3 + 14 * block, 16 + 14 * block) for block in range(4)]
    assert suited_groups(owners(*TRANSFORMER), 5) == [Group("embed", 1, 2), *blocks]
    assert suited_groups(owners(*TRANSFORMER), 20) == [Group("embed", 1, 2), Group("encoder.layers", 3, 58)]
    assert suited_groups((), 5) == suited_groups(owners("a", "b"), 5) == []


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join), max_size=12), st.integers(1, 5))
def test_every_layer_of_a_group_has_its_name(names: list[str], depth: int) -> None:
    groups = groups_at(owners(*names), depth)
    for group in groups:
        for name in names[group.first - 1 : group.last]:
            assert name == group.name or name.startswith(f"{group.name}.")
    edges = [edge for group in groups for edge in (group.first, group.last)]
    assert edges == sorted(edges)


def test_rows_of_a_block_belong_to_it_whatever_they_are_called(heatmap: HeatmapPlot) -> None:
    rows = [Row(group="block 1"), Row(group="block 1"), Row("conv", group="block 2"), Row(group="block 2")]
    assert groups_at(owners_of(rows), 1) == [Group("block 1", 1, 2), Group("block 2", 3, 4)]
    axis = heatmap.panes[0].layers
    axis.show_rows(rows)
    # nameless rows keep their numbers
    assert axis.names == ("1", "2", "conv", "4")
    axis.show_rows([Row(), Row()])
    assert axis.names == ()


def test_names_lose_whole_parts_from_the_left() -> None:
    name = "encoder.layers.0.out_proj"
    for room, wanted in (
        (30, name),
        (20, "…layers.0.out_proj"),
        (14, "…0.out_proj"),
        (9, "…out_proj"),
        (3, "out_proj"),
    ):
        assert shortened(name, lambda text, room=room: len(text) <= room) == wanted


@pytest.mark.parametrize("names", [TRANSFORMER, CONVOLUTIONAL], ids=["transformer", "convolutional"])
def test_sixty_rows_are_named_without_covering_each_other(heatmap: HeatmapPlot, names: tuple[str, ...]) -> None:
    show(heatmap, watched([np.linspace(-5, -1, len(names))] * 20, names))
    axis = heatmap.panes[0].layers
    named, metrics = ticks(axis), QFontMetricsF(axis.style["tickFont"])
    rows_per_name = np.diff(sorted(named))
    height = heatmap.panes[0].view.height() / len(names)
    assert rows_per_name.min() * height >= PIXELS_PER_NAME
    # half of the rows can be named at this height
    assert len(named) >= len(names) // 2 - 5
    for layer, words in named.items():
        assert names[layer - 1].endswith(words.lstrip("…"))
        assert metrics.horizontalAdvance(words) <= axis.width() - 40


def test_blocks_have_brackets_and_zooming_in_names_every_row(heatmap: HeatmapPlot) -> None:
    show(heatmap, watched([np.linspace(-5, -1, 60)] * 20))
    axis = heatmap.panes[0].layers
    assert [group.name for group in axis.groups()] == ["embed", *(f"encoder.layers.{block}" for block in range(4))]
    heatmap.panes[0].view.setYRange(2.5, 16.5, padding=0)
    heatmap.grab()
    assert set(range(3, 17)) <= set(ticks(axis))
    assert ticks(axis)[9] == "0.linear1"
    assert "encoder.layers.0.self_attn" in {group.name for group in axis.groups()}


@pytest.mark.parametrize("first_at", ["bottom", "top"])
def test_a_bracket_is_drawn_where_its_layers_are(heatmap: HeatmapPlot, first_at: str) -> None:
    heatmap.set_first_layer_at(first_at)  # type: ignore[arg-type]
    names = ("a", "b", "deep.0", "deep.1", "deep.2", "deep.3", "deep.4", "deep.5")
    show(heatmap, watched([np.zeros(8)] * 20, names))
    image = heatmap.grab().toImage()
    x = heatmap.mapFromScene(heatmap.panes[0].layers.mapToScene(38, 0)).x()
    pen = QColor(heatmap.style_in_use.muted)

    def ink(layer: float) -> bool:
        y = place_of(heatmap, heatmap.panes[0].view, 0, layer).y()
        return any(abs(image.pixelColor(x + dx, y).lightness() - pen.lightness()) < 60 for dx in (-1, 0, 1))

    assert [ink(layer) for layer in range(1, 9)] == [False, False, True, True, True, True, True, True]


def test_a_network_of_gradviz_is_numbered_as_ever(heatmap: HeatmapPlot) -> None:
    show(heatmap, watched([np.zeros(60)] * 20))
    wide = heatmap.panes[0].layers.width()
    show(heatmap, run_of([np.zeros(60)] * 20))
    assert heatmap.panes[0].layers.labelText == "layer (1 = next to the input)"
    assert heatmap.panes[0].layers.width() < wide
    assert ticks(heatmap.panes[0].layers)[1] == "1"


def test_the_hover_has_the_whole_name(heatmap: HeatmapPlot, qtbot: QtBot) -> None:
    show(heatmap, watched([np.full(60, -3.0)] * 20))
    words = hover(heatmap, qtbot, place_of(heatmap, heatmap.panes[0].view, 5, 5))
    assert "layer 5 (encoder.layers.0.self_attn.out_proj)" in words


def test_the_profile_has_brackets_below_and_names_where_there_is_room(qtbot: QtBot) -> None:
    plot = ProfilePlot()
    shown(plot, qtbot, (560, 380))
    show(plot, watched([np.linspace(-5, -1, 60)] * 3))
    axis = plot.layers
    assert axis.labelText == "module, in the order of execution"
    assert ticks(axis)[10] == "10"
    assert "encoder.layers.2" in {group.name for group in axis.groups()}
    plot.view.setXRange(8, 11, padding=0)
    plot.grab()
    assert ticks(axis)[9].endswith("linear1")
    words = hover(plot, qtbot, place_of(plot, plot.view, 9, -3))
    assert "layer 9 (encoder.layers.0.linear1)" in words
