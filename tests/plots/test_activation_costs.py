from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from made_up_runs import colour_at, hover, place_of, shown
from PySide6.QtCore import QEvent, QRectF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.plots.activation_costs import SMALLEST_TEXT_PX, ActivationCostsPlot, three_digits
from gradviz.plots.pages.images import Placement, save_picture
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.recording.activations import ActivationCost, ActivationCosts, Spread

# median nanoseconds per element, forward and backward, at 1000 elements and at a million
MADE_UP = {
    "linear": ((0.5, 0.4), (0.9, 0.8)),
    "relu": ((1.0, 2.0), (1.2, 2.2)),
    "sigmoid": ((3.0, 1.9), (3.3, 2.0)),
    "leaky_relu": ((1.5, 2.5), (1.4, 2.1)),
    "mish": ((20.0, 12.0), (24.0, 14.0)),
}
CALL_NS = 400.0
SMALL, LARGE = 1000, 1_000_000


def spread(median: float) -> Spread:
    return Spread(median, 0.9 * median, 1.25 * median)


def row(name: str, size: int, ns: tuple[float, float], relu: tuple[float, float]) -> ActivationCost:
    ratios = [Spread(a / b, 0.95 * a / b, 1.05 * a / b) for a, b in zip(ns, relu, strict=True)]
    return ActivationCost(name, size, spread(ns[0]), spread(ns[1]), ratios[0], ratios[1])


def made_up(rounds: int = 21, *, call: bool = True) -> ActivationCosts:
    rows = []
    for number, size in enumerate((SMALL, LARGE)):
        rows += [row(name, size, costs[number], MADE_UP["relu"][number]) for name, costs in MADE_UP.items()]
    if call:
        rows += [row(name, 1, (CALL_NS, 2 * CALL_NS), (CALL_NS, 2 * CALL_NS)) for name in MADE_UP]
    return ActivationCosts("cpu", 1, 1 << 20, rounds, tuple(rows))


@pytest.fixture
def plot(qtbot: QtBot) -> Iterator[ActivationCostsPlot]:
    plot = ActivationCostsPlot()
    shown(plot, qtbot, (620, 520))
    plot.show_costs(made_up())
    plot.grab()
    yield plot
    plot.close()


def bars(plot: ActivationCostsPlot, number: int) -> dict[str, tuple[float, float]]:
    """Where the forward (0) or backward (1) bar of each activation begins and ends."""
    passes = ("forward", "backward")[number]
    readout = plot.readout()
    names = [name.removesuffix(f" {passes}") for name in readout.labels if name.endswith(f" {passes}")]
    bar = readout[passes]
    assert bar.x0 is not None
    return dict(zip(names, zip(bar.x0.tolist(), bar.x.tolist(), strict=True), strict=True))


def lengths(plot: ActivationCostsPlot, name: str) -> list[float]:
    drawn = plot.readout()[name]
    assert drawn.x0 is not None
    return (drawn.x - drawn.x0).tolist()


def values(plot: ActivationCostsPlot) -> list[str]:
    labels = plot.readout().labels
    return [words for name, words in labels.items() if name.endswith(("forward", "backward"))]


def test_bars_reach_from_zero_to_the_median(plot: ActivationCostsPlot) -> None:
    forward, backward = bars(plot, 0), bars(plot, 1)
    assert forward["sigmoid"] == pytest.approx((0.0, 3.0))
    assert backward["sigmoid"] == pytest.approx((0.0, 1.9))
    assert forward["leaky ReLU"] == pytest.approx((0.0, 1.5))
    assert set(forward) == {"linear", "ReLU", "sigmoid", "leaky ReLU", "Mish"}
    # the cheapest on top: forward and backward together
    assert list(forward) == ["linear", "ReLU", "leaky ReLU", "sigmoid", "Mish"]
    assert plot.view.yInverted()


def test_error_bars_reach_from_quartile_to_quartile(plot: ActivationCostsPlot) -> None:
    quartiles, median = plot.readout()["backward quartiles"], plot.readout()["backward"].x
    np.testing.assert_allclose(quartiles.x0, 0.9 * median)
    np.testing.assert_allclose(quartiles.x, 1.25 * median)
    assert median.tolist() == pytest.approx([0.4, 2.0, 2.5, 1.9, 12.0])


def test_relu_is_marked_in_both_directions(plot: ActivationCostsPlot) -> None:
    assert plot.readout().lines == {"ReLU forward": (1.0,), "ReLU backward": (2.0,)}
    plot.show_size(LARGE)
    assert plot.readout().lines == {"ReLU forward": (1.2,), "ReLU backward": (2.2,)}


def test_every_bar_has_its_number_and_its_ratio(plot: ActivationCostsPlot) -> None:
    assert values(plot) == [
        "0.500  (0.500×)", "0.400  (0.200×)", "1.00", "2.00", "1.50  (1.50×)", "2.50  (1.25×)", "3.00  (3.00×)",
        "1.90  (0.950×)", "20.0  (20.0×)", "12.0  (6.00×)",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [(620, 520), (420, 330)])
def test_the_numbers_are_inside_the_plot_and_beside_their_bars(
    plot: ActivationCostsPlot, size: tuple[int, int]
) -> None:
    plot.resize(*size)
    plot.grab()
    places = plot.value_rects
    assert all(place.left() >= 0 and place.right() <= plot.view.width() for place in places)
    # no number stands on that of another bar of the same activation
    middles = [place.center().y() for place in places]
    assert middles == sorted(middles)
    assert min(np.diff(middles)) >= SMALLEST_TEXT_PX - 2


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_bars_are_painted_in_colours_that_stay_apart(plot: ActivationCostsPlot, style: Style) -> None:
    plot.apply_style(style)
    mish = 4
    for number, colour in enumerate(style.series[:2]):
        place = place_of(plot, plot.view, 8.0, mish + (number - 0.5) * 0.38)
        assert colour_at(plot, place) == colour
    assert colour_at(plot, place_of(plot, plot.view, 8.0, 0.2)) == style.background
    assert [entry[1] for entry in plot.readout().key[:2]] == list(style.series[:2])


def test_the_call_itself_is_the_pale_beginning_of_a_bar(plot: ActivationCostsPlot) -> None:
    """400 ns forward and 800 ns backward, spread over a thousand elements; never more than the bar."""
    assert lengths(plot, "forward call") == pytest.approx([0.4] * 5)
    assert lengths(plot, "backward call") == pytest.approx([0.4, 0.8, 0.8, 0.8, 0.8])
    plot.show_size(LARGE)
    assert lengths(plot, "forward call") == pytest.approx([4e-4] * 5)
    assert any("call itself" in words for words in plot.readout().words)
    plot.show_costs(made_up(call=False))
    assert lengths(plot, "forward call") == [0.0] * 5
    assert not any("call itself" in words for words in plot.readout().words)


def test_a_size_is_chosen_and_kept(plot: ActivationCostsPlot) -> None:
    # not the call at first, which says nothing of elements
    assert plot.size_shown == SMALL
    assert plot.readout().title == "Cost of the activations · 1,000 elements"
    assert plot.readout().labels["subtitle"] == "11.7 KiB fit the cache of 1 MiB · CPU, 1 thread, float32 · 21 rounds"
    plot.show_size(LARGE)
    assert "do not fit the cache" in plot.readout().labels["subtitle"]
    assert bars(plot, 0)["sigmoid"][1] == pytest.approx(3.3)
    plot.show_costs(made_up(rounds=1))
    assert plot.size_shown == LARGE
    assert plot.readout().labels["subtitle"].endswith("1 round")
    plot.show_size(7)
    assert plot.size_shown == SMALL


def test_a_call_is_shown_by_itself(plot: ActivationCostsPlot) -> None:
    plot.show_size(1)
    assert plot.readout().axes["bottom"] == "ns per call"
    assert bars(plot, 1)["Mish"] == pytest.approx((0.0, 800.0))
    assert lengths(plot, "backward call") == [0.0] * 5
    assert plot.summary == ""
    plot.show_size(SMALL)
    assert plot.readout().axes["bottom"] == "ns per element"


def test_the_price_of_an_exponential_is_said_in_words(plot: ActivationCostsPlot) -> None:
    assert plot.summary == (
        "Forward, sigmoid (one exp per element) takes 3.00 times (quartiles 2.85 to 3.15) as long as ReLU; "
        "backward, without exp, 0.950 times."
    )
    assert plot.readout().labels["summary"] == plot.summary


def test_on_a_logarithmic_axis_equal_ratios_are_equally_long(plot: ActivationCostsPlot) -> None:
    plot.show_logarithmic(True)
    forward = bars(plot, 0)
    assert forward["Mish"][1] - forward["ReLU"][1] == pytest.approx(np.log10(20))
    assert {begin for begin, _ in forward.values()} == {-1.0}
    assert plot.readout().lines["ReLU forward"] == pytest.approx((0.0,))
    # a share of a bar has no length here
    assert lengths(plot, "forward call") == [0.0] * 5
    quartiles, median = plot.readout()["forward quartiles"], plot.readout()["forward"].x
    np.testing.assert_allclose(quartiles.x - median, np.log10(1.25))
    np.testing.assert_allclose(median - quartiles.x0, -np.log10(0.9))
    plot.show_logarithmic(False)
    assert bars(plot, 0)["Mish"] == pytest.approx((0.0, 20.0))


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (3 - 0.2, "sigmoid, forward: 3.00 (quartiles 2.70 to 3.75) ns per element; "
                  "3.00 times (quartiles 2.85 to 3.15) ReLU's"),
        (3 + 0.2, "sigmoid, backward: 1.90 (quartiles 1.71 to 2.38) ns per element; "
                  "0.950 times (quartiles 0.902 to 0.997) ReLU's"),
        (1 - 0.2, "ReLU, forward: 1.00 (quartiles 0.900 to 1.25) ns per element"),
    ],
)  # fmt: skip
def test_the_bar_under_the_mouse_is_read_out(plot: ActivationCostsPlot, qtbot: QtBot, y: float, words: str) -> None:
    assert hover(plot, qtbot, place_of(plot, plot.view, 5.0, y)) == words


def test_leaving_empties_the_readout(plot: ActivationCostsPlot, qtbot: QtBot) -> None:
    with qtbot.waitSignal(plot.hovered) as caught:
        QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert caught.args == [""]


def test_without_a_measurement_it_says_what_to_do(plot: ActivationCostsPlot) -> None:
    assert plot.readout().notice == ""
    plot.say("Measuring: 3 of 99")
    assert plot.readout().notice == ""
    plot.show_costs(None)
    assert "press Measure" in plot.readout().notice
    assert values(plot) == []
    assert plot.readout().lines == {}
    assert (plot.size_shown, plot.summary, plot.readout().key) == (None, "", ())
    plot.say("Measuring: 3 of 99")
    assert plot.readout().notice == "Measuring: 3 of 99"
    plot.show_size(SMALL)
    assert plot.readout().notice == "Measuring: 3 of 99"
    plot.show_costs(made_up())
    assert plot.readout().notice == ""
    assert len(values(plot)) == 10


@pytest.mark.parametrize("value", [0.0981, 0.5, 1.0, 9.99, 21.36, 663.1, 1563.4, 0.000731])
def test_numbers_keep_three_digits_without_an_exponent(value: float) -> None:
    words = three_digits(value)
    assert float(words.replace(",", "")) == pytest.approx(value, rel=5e-3)
    assert re.fullmatch(r"[\d,]+(\.\d+)?", words)
    assert len(words.replace(",", "").replace(".", "").lstrip("0")) in (3, 4)


def test_a_vector_picture_holds_the_numbers_as_text(plot: ActivationCostsPlot, tmp_path: Path) -> None:
    path = tmp_path / "costs.svg"
    page = Placement(plot, QRectF(0, 0, 620, 520))
    save_picture(path, [page], scale=1, background="#ffffff", experiment_json="{}", title="made up")
    words = {text.strip() for text in ElementTree.parse(path).getroot().itertext()}
    assert {"20.0  (20.0×)", "leaky ReLU", "ns per element"} <= words
