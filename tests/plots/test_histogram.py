"""The histogram of a layer against numpy's, counted anew from the numbers themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from made_up_runs import colour_at, hover, place_of, shown, wheel
from PySide6.QtCore import QEvent, QRectF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.plots.histogram import NONE_YET, HistogramPlot
from gradviz.plots.pages.images import Placement, save_picture
from gradviz.plots.parts.notice import NO_RUN
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.recording.frame import KINDS, Distribution, Distributions

BINS = 64
KIND = {kind.name: kind for kind in KINDS}
Layers = list[np.ndarray]

# two layers each, of 5000 numbers
NARROW: Layers = [np.random.default_rng(1).normal(0.2, 0.5, 5000), np.random.default_rng(2).normal(0, 3.0, 5000)]
WIDE: Layers = [np.random.default_rng(3).normal(0.0, 2.0, 5000), np.random.default_rng(4).normal(0, 40.0, 5000)]


def spread(layers: Layers, kind: str = "weights") -> Distribution:
    """Count as the recording promises to: even bins between the ends, what has no bin apart."""
    edges, counts, zeros, lost = [], [], [], []
    for numbers in layers:
        finite = numbers[np.isfinite(numbers)]
        zeros.append(int((finite == 0).sum()) if KIND[kind].scale == "log10" else 0)
        placed = np.log10(np.abs(finite[finite != 0])) if KIND[kind].scale == "log10" else finite
        low, high = (placed.min(), placed.max()) if len(placed) else (0.0, 0.0)
        low, high = (low, high) if low < high else (low - 0.5, low + 0.5)
        edges.append(low + (high - low) * (np.arange(BINS + 1) / BINS))
        counts.append(np.histogram(placed, BINS, (low, high))[0])
        lost.append(len(numbers) - len(finite))
    return Distribution(KIND[kind], np.array(edges), np.array(counts), np.array(zeros), np.array(lost))


def measured(step: int, layers: Layers, kind: str = "weights") -> Distributions:
    return Distributions(step, {each.name: spread(layers, each.name if each.name == kind else kind) for each in KINDS})


@pytest.fixture
def plot(qtbot: QtBot) -> Iterator[HistogramPlot]:
    plot = HistogramPlot()
    shown(plot, qtbot, (620, 480))
    plot.show_kind("weights")
    yield plot
    plot.close()


def drawn(plot: HistogramPlot, name: str) -> tuple[np.ndarray, np.ndarray]:
    series = plot.readout()[name]
    return series.x, series.y


def area(plot: HistogramPlot, name: str) -> float:
    x, y = drawn(plot, name)
    return float((np.diff(x) * y).sum())


@pytest.mark.parametrize("layer", [1, 2])
def test_heights_are_the_density_that_numpy_finds(plot: HistogramPlot, layer: int) -> None:
    plot.show_row(layer)
    plot.show_distributions(measured(40, WIDE), measured(0, NARROW))
    densities = [np.histogram(layers[layer - 1], BINS, density=True)[0] for layers in (WIDE, NARROW)]
    highest = max(density.max() for density in densities)
    for name, density in zip(("now", "first"), densities, strict=True):
        assert np.allclose(drawn(plot, name)[1], density / highest, rtol=1e-9)
    # as many numbers in both, so equal areas, whatever the bins
    assert area(plot, "now") == pytest.approx(area(plot, "first"), rel=1e-9)
    assert max(drawn(plot, "first")[1].max(), drawn(plot, "now")[1].max()) == 1.0


def test_magnitudes_lie_on_a_logarithmic_axis_and_zeros_are_missing_from_the_area(plot: HistogramPlot) -> None:
    numbers = 10.0 ** np.random.default_rng(5).normal(-20, 2, 1000)
    half_zero = np.concatenate([numbers[:500], np.zeros(500)])
    plot.show_kind("gradients")
    plot.show_distributions(measured(8, [half_zero], "gradients"), measured(0, [numbers], "gradients"))
    assert area(plot, "now") == pytest.approx(area(plot, "first") / 2, rel=1e-9)
    x, _ = drawn(plot, "now")
    assert (x[0], x[-1]) == pytest.approx((np.log10(numbers[:500].min()), np.log10(numbers[:500].max())), abs=1e-9)
    low, high = plot.view.viewRange()[0]
    assert low == math.floor(np.log10(numbers.min()))
    assert high == math.ceil(np.log10(numbers.max()))
    low, high = numbers[:500].min(), numbers[:500].max()
    assert plot.summary == f"1,000 numbers from {low:.2e} to {high:.2e}; 50% are exactly zero."


def test_what_is_not_finite_is_counted_in_words(plot: HistogramPlot) -> None:
    plot.show_distributions(measured(8, [np.array([1.0, -2.0, math.nan, math.inf, 3.0])]), None)
    assert plot.summary == "5 numbers from -2 to 3; 40% are infinite or not a number."
    plot.show_distributions(measured(9, [np.array([1.0, -2.0, 0.5, math.inf])]), None)
    assert plot.summary == "4 numbers from -2 to 1; 25% are infinite or not a number."


@pytest.mark.parametrize(
    ("kind", "numbers", "words"),
    [
        ("gradients", [0.0, 0.0, 0.0], "All of them are exactly zero, which has no place on a logarithmic axis."),
        ("gradients", [0.0, math.nan], "None of them has a place on the axis."),
        ("weights", [math.nan, math.inf], "None of them has a place on the axis."),
    ],
)
def test_numbers_without_a_place_are_said_to_have_none(
    plot: HistogramPlot, kind: str, numbers: list[float], words: str
) -> None:
    plot.show_kind(kind)
    plot.show_distributions(measured(3, [np.array(numbers)], kind), measured(0, NARROW, kind))
    assert plot.readout().notice == words
    assert "now" not in plot.readout()
    assert "first" in plot.readout()
    plot.show_distributions(measured(4, NARROW, kind), measured(0, NARROW, kind))
    assert plot.readout().notice == ""
    assert "now" in plot.readout()


def test_title_and_key_say_of_what_layer_and_which_steps(plot: HistogramPlot) -> None:
    first = measured(0, NARROW)
    plot.show_row(2)
    plot.show_distributions(first, first)
    assert plot.readout().title == "Weights of layer 2 at step 0"
    assert plot.readout().words == ("step 0",)
    plot.show_distributions(measured(1250, WIDE), first)
    assert plot.readout().title == "Weights of layer 2 at step 1,250"
    assert plot.readout().key == (
        ("■", LIGHT.series[0], "step 1,250"),
        ("—", LIGHT.series[1], "step 0, as it began"),
    )


def test_nothing_to_show_is_said(plot: HistogramPlot) -> None:
    assert plot.readout().notice == NO_RUN
    plot.show_distributions(None, None)
    assert plot.readout().notice == NONE_YET
    plot.show_distributions(measured(0, NARROW), None)
    plot.show_row(3)
    assert plot.readout().notice == NONE_YET
    assert (plot.readout().title, plot.summary, plot.readout().key) == ("", "", ())


def test_a_bin_is_read_out_with_the_numbers_that_are_in_it(plot: HistogramPlot, qtbot: QtBot) -> None:
    plot.show_distributions(measured(40, NARROW), None)
    numbers = NARROW[0]
    width = (numbers.max() - numbers.min()) / BINS
    place = int((0.1 - numbers.min()) / width)
    low, high = numbers.min() + place * width, numbers.min() + (place + 1) * width
    count = int(((numbers >= low) & (numbers < high)).sum())
    words = hover(plot, qtbot, place_of(plot, plot.view, (low + high) / 2, 0.5))
    share = f"{count / 5000:.1%}"
    assert words == f"layer 1 · step 40 · {count:,} of 5,000 weights ({share}) from {low:.3g} to {high:.3g}"
    assert hover(plot, qtbot, place_of(plot, plot.view, numbers.max() + 0.1, 0.5)) == ""
    with qtbot.waitSignal(plot.hovered) as left:
        QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert left.args == [""]


@pytest.mark.parametrize(
    ("numbers", "low", "high"),
    [
        ([-0.9, 1.2], -1.0, 1.5),
        ([0.0, 0.35], 0.0, 0.4),
        ([-7.0, -0.1], -8.0, 0.0),
        ([0.5, 0.5 + 1e-9], 0.25, 0.75),
        ([1000.2, 1002.8], 1000.0, 1003.0),
    ],
)
def test_the_axis_holds_the_numbers_between_round_ends(
    plot: HistogramPlot, numbers: list[float], low: float, high: float
) -> None:
    plot.show_distributions(measured(0, [np.array(numbers)]), None)
    assert plot.view.viewRange()[0] == pytest.approx([low, high], abs=1e-6)


def test_the_axis_moves_outward_only_until_something_else_is_shown(plot: HistogramPlot) -> None:
    first = measured(0, NARROW)
    plot.show_distributions(measured(10, WIDE), first)
    wide = plot.view.viewRange()[0]
    plot.show_distributions(measured(20, NARROW), first)
    assert plot.view.viewRange()[0] == wide
    plot.show_row(2)
    plot.show_row(1)
    narrow = plot.view.viewRange()[0]
    assert narrow[1] - narrow[0] < wide[1] - wide[0]
    plot.show_distributions(measured(30, WIDE), first)
    plot.show_distributions(measured(0, NARROW), measured(0, NARROW))
    assert plot.view.viewRange()[0] == narrow


def test_a_zoom_outlives_new_numbers_and_ends_with_show_all(plot: HistogramPlot) -> None:
    first = measured(0, NARROW)
    plot.show_distributions(measured(10, WIDE), first)
    everything = plot.view.viewRange()[0]
    wheel(plot, place_of(plot, plot.view, 1.0, 0.5), 480)
    zoomed = plot.view.viewRange()[0]
    assert zoomed[1] - zoomed[0] < 0.8 * (everything[1] - everything[0])
    plot.show_distributions(measured(20, NARROW), first)
    assert plot.view.viewRange()[0] == zoomed
    plot.show_distributions(measured(30, WIDE), first)
    plot.show_all()
    assert plot.view.viewRange()[0] == everything


def test_rare_numbers_are_seen_over_powers_of_ten(plot: HistogramPlot) -> None:
    plot.show_distributions(measured(40, NARROW), None)
    _, plain = drawn(plot, "now")
    plot.show_logarithmic(True)
    _, heights = drawn(plot, "now")
    (floor, ceiling), there = plot.view.viewRange()[1], plain > 0
    assert np.allclose(10 ** heights[there], plain[there])
    assert (heights[~there] == floor).all()
    # the rarest stand out from the floor, and the commonest do not touch the ceiling
    assert heights[there].min() >= floor + 0.05
    assert heights.max() == 0.0 < ceiling
    plot.show_logarithmic(False)
    assert np.array_equal(drawn(plot, "now")[1], plain)


@pytest.mark.parametrize(
    ("numbers", "unit"),
    [
        ([-8e307, 8e307], "W (in units of 10³⁰⁷)"),
        ([1e38, 1.5e38, 3.4e38], "W (in units of 10³⁸)"),
        ([1e-40, 3e-40], "W (in units of 10⁻⁴⁰)"),
        ([5e-324, 5e-324], "W"),
        ([-3.0, -3.0], "W"),
        ([1.6e308, 1.7e308], "W (in units of 10³⁰⁸)"),
    ],
)
def test_numbers_of_any_size_can_be_painted(plot: HistogramPlot, numbers: list[float], unit: str) -> None:
    plot.show_distributions(measured(0, [np.array(numbers)]), None)
    x, y = drawn(plot, "now")
    assert np.isfinite(x).all()
    assert y.max() == 1.0
    assert plot.readout().axes["bottom"] == unit
    low, high = plot.view.viewRange()[0]
    assert low <= x[0] <= x[-1] <= high
    plot.grab()


def test_bins_too_narrow_for_floats_to_tell_apart_are_painted(plot: HistogramPlot) -> None:
    """Two float64 numbers next to each other, between which no edge of a bin has a place of its own."""
    edges = (1.0 + 2.0**-52 * (np.arange(BINS + 1) / BINS))[None]
    counts = np.zeros((1, BINS), np.int64)
    counts[0, [0, -1]] = 4
    there = Distribution(KIND["weights"], edges, counts, np.zeros(1), np.zeros(1))
    plot.show_distributions(Distributions(0, dict.fromkeys(KIND, there)), None)
    assert plot.view.viewRange()[0] == pytest.approx([0.5, 1.5])
    assert plot.summary == "8 numbers from 1 to 1."
    plot.grab()


def test_ends_that_no_float_can_hold_are_not_painted(plot: HistogramPlot) -> None:
    edges = np.append(np.linspace(-1, 1, BINS), np.inf)[None]
    there = Distribution(KIND["weights"], edges, np.ones((1, BINS), np.int64), np.zeros(1), np.zeros(1))
    plot.show_distributions(Distributions(0, dict.fromkeys(KIND, there)), None)
    assert plot.readout().notice == "No axis can hold them."
    assert "now" not in plot.readout()
    plot.grab()


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_the_present_is_filled_and_the_beginning_is_a_line(plot: HistogramPlot, style: Style) -> None:
    plot.apply_style(style)
    # evenly spread numbers, so that the heights are known: 1 from -1 to 1 now, a half from -2 to 2 at first
    plot.show_distributions(measured(9, [np.linspace(-1, 1, 6400)]), measured(0, [np.linspace(-2, 2, 6400)]))
    assert colour_at(plot, place_of(plot, plot.view, 1.5, 0.25)) == style.background
    inside = colour_at(plot, place_of(plot, plot.view, 0.5, 0.25))
    assert inside not in (style.background, style.series[0], style.series[1])
    around = {
        colour_at(plot, place_of(plot, plot.view, x, 0.5) + offset)
        for x in (-1.5, 1.5)
        for offset in (
            place_of(plot, plot.view, 0, 0) - place_of(plot, plot.view, 0, step / 100) for step in (-1, 0, 1)
        )
    }
    assert style.series[1] in around


def test_an_export_has_the_words_as_text(plot: HistogramPlot, tmp_path: Path) -> None:
    plot.show_distributions(measured(40, WIDE), measured(0, NARROW))
    path = tmp_path / "histogram.svg"
    placement = Placement(plot, QRectF(0, 0, 620, 480))
    save_picture(path, [placement], scale=1, background=LIGHT.background, experiment_json="{}", title="x")
    texts = "".join(ElementTree.parse(path).getroot().itertext())
    assert "Weights of layer 1 at step 40" in texts
    assert "step 0, as it began" in texts
