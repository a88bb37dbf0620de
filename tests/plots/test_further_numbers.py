"""What a script logs of its own is drawn under loss and accuracy, and beside them where it is about validation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest
from made_up_runs import hover, place_of, shown
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.experiment import Row
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.further_numbers import families, latest_told
from gradviz.plots.parts.style import DARK, LIGHT
from gradviz.plots.shown_run import shown_runs
from gradviz.recording.frame import Frame, Quantity, Started
from gradviz.recording.history import History

NORM = Quantity("weight_grad_norm", "Weight gradient norm", "", "made up")
Told = Sequence[Mapping[str, float]]


def run_with(told: Told, title: str = "mine") -> History:
    """A watched run that tells these numbers, one mapping a step; its loss is 2, its learning rate 0.1."""
    history = History(Started(title, (Row("a"),), (NORM,), "float32", 1, "cpu", 1))
    for step, scalars in enumerate(told):
        history.append(Frame(step, 2.0, 0.5, 0.1, {}, scalars=scalars))
    return history


@pytest.fixture
def plot(qtbot: QtBot) -> Iterator[CurvesPlot]:
    plot = CurvesPlot()
    shown(plot, qtbot, (520, 520))
    yield plot
    plot.close()


def drawn(plot: CurvesPlot, name: str) -> dict[float, float]:
    readout = plot.readout()
    return readout[name].finite if name in readout else {}


def test_a_number_told_now_and_then_is_one_line(plot: CurvesPlot) -> None:
    plot.show_history(run_with([{"temperature": float(step)} if step % 3 == 0 else {} for step in range(8)]))
    assert drawn(plot, "temperature") == {0: 0, 3: 3, 6: 6}
    assert plot.readout().axes["number"] == "temperature"
    assert not np.isnan(plot.readout()["temperature"].y).any()


def test_without_further_numbers_there_is_no_third_plot(plot: CurvesPlot) -> None:
    plot.show_history(run_with([{"temperature": 1.0}] * 3))
    QApplication.processEvents()
    with_third = plot.views[0].height()
    plot.show_history(run_with([{}] * 3))
    assert plot.numbers == ()
    assert "number" not in plot.readout().axes
    QApplication.processEvents()
    assert plot.views[0].height() > with_third * 1.2


def test_without_accuracy_its_room_is_that_of_the_other_plots(plot: CurvesPlot) -> None:
    history = History(Started("mine", (Row("a"),), (NORM,), "float32", 1, "cpu", 1))
    for step in range(3):
        history.append(Frame(step, 2.0, math.nan, 0.1, {}, scalars={"reward": 1.0}))
    plot.resize(420, 350)
    plot.show_history(history)
    QApplication.processEvents()
    assert plot.views[0].height() > 100
    assert not plot.views[1].isVisible()
    # until there is one
    history.append(Frame(3, 2.0, 0.5, 0.1, {}, scalars={"reward": 1.0}))
    plot.refresh()
    QApplication.processEvents()
    assert plot.views[1].isVisible()
    assert plot.views[1].height() == pytest.approx(plot.views[0].height(), abs=3)


def test_a_number_that_first_comes_up_later_is_drawn_from_then_on(plot: CurvesPlot) -> None:
    history = run_with([{}] * 3)
    plot.show_history(history)
    history.append(Frame(3, 2.0, 0.5, 0.1, {}, scalars={"late": 7.0}))
    plot.refresh()
    assert drawn(plot, "late") == {3: 7.0}


def test_validation_numbers_of_a_script_lie_with_loss_and_accuracy(plot: CurvesPlot) -> None:
    told: Told = [{"validation_loss": 3.0, "validation_accuracy": 0.25}, {}, {"validation_loss": 1.0}]
    plot.show_history(run_with(told))
    assert drawn(plot, "validation loss") == {0: 3.0, 2: 1.0}
    assert drawn(plot, "validation accuracy") == {0: 25.0}
    assert plot.numbers == ()
    # the axis holds the larger of the two losses
    assert plot.views[0].viewRange()[1][1] >= 3.0
    plot.show_step(1)
    assert plot.readout().words == (
        "training batch: loss 2, accuracy 50.0%",
        "validation (step 0): loss 3, accuracy 25.0%",
    )
    plot.show_step(2)
    # nothing of another step stands beside it
    assert plot.readout().words[1] == "validation: loss 1"


def test_the_rates_of_all_groups_share_an_axis(plot: CurvesPlot) -> None:
    plot.show_history(run_with([{"learning_rate/1": 0.01, "learning_rate/2": 0.001}] * 4))
    assert [family.name for family in plot.numbers] == ["learning_rate"]
    for name, rate in (("learning_rate", 0.1), ("learning_rate/1", 0.01), ("learning_rate/2", 0.001)):
        assert set(drawn(plot, name).values()) == {rate}
    colours = {plot.readout()[name].colour for name in ("learning_rate", "learning_rate/1", "learning_rate/2")}
    assert len(colours) == 3


def test_the_norm_before_clipping_has_a_logarithmic_axis(plot: CurvesPlot) -> None:
    norms = [1e-3, 1.0, 0.0, 1e5]
    plot.show_history(run_with([{"gradient_norm_before_clipping": norm} for norm in norms]))
    found = drawn(plot, "gradient_norm_before_clipping")
    assert found == {0: pytest.approx(-3), 1: 0, 3: pytest.approx(5)}


def test_one_of_several_is_chosen_and_what_is_not_there_gives_way(plot: CurvesPlot) -> None:
    plot.show_history(run_with([{"a": 1.0, "b": 2.0}] * 3))
    assert drawn(plot, "a")
    assert not drawn(plot, "b")
    plot.show_number("b")
    assert set(drawn(plot, "b").values()) == {2.0}
    assert not drawn(plot, "a")
    plot.show_history(run_with([{"c": 3.0}] * 3))
    assert set(drawn(plot, "c").values()) == {3.0}


def test_legend_and_words_under_the_mouse_say_the_value(plot: CurvesPlot, qtbot: QtBot) -> None:
    plot.show_history(run_with([{"temperature": 1.25}, {}, {}]))
    assert plot.readout().words[-1] == "temperature"
    plot.show_step(0)
    assert plot.readout().words[-1] == "temperature: 1.25"
    plot.show_step(2)
    assert plot.readout().words[-1] == "temperature (step 0): 1.25"
    said = hover(plot, qtbot, place_of(plot, plot.views[0], 1, 1.0))
    assert said.endswith("temperature: 1.25")


def test_several_runs_have_a_line_each(plot: CurvesPlot) -> None:
    histories = [run_with([{"temperature": value}] * 3) for value in (1.0, 2.0)] + [run_with([{}] * 3)]
    plot.show_runs(shown_runs(["one", "two", "three"], histories))
    assert set(drawn(plot, "A temperature").values()) == {1.0}
    assert set(drawn(plot, "B temperature").values()) == {2.0}
    assert not drawn(plot, "C temperature")
    assert plot.readout().title.endswith("temperature")
    for name in ("A", "B"):
        assert plot.readout()[f"{name} temperature"].colour == plot.readout()[f"{name} loss"].colour


def test_a_copy_shows_the_same(plot: CurvesPlot, qtbot: QtBot) -> None:
    plot.show_history(run_with([{"a": 1.0, "b": 2.0}] * 3))
    plot.show_number("b")
    copy = CurvesPlot()
    shown(copy, qtbot, (520, 520))
    copy.restore(plot.state())
    assert drawn(copy, "b") == drawn(plot, "b") != {}
    copy.close()


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_its_colour_is_that_of_the_style(plot: CurvesPlot, style: object) -> None:
    assert style in (LIGHT, DARK)
    plot.show_history(run_with([{"temperature": 1.0}] * 3))
    plot.apply_style(LIGHT if style is LIGHT else DARK)
    assert plot.readout()["temperature"].colour == (LIGHT if style is LIGHT else DARK).series[0]


def test_a_long_run_is_drawn_with_as_many_points_as_there_are_pixels(plot: CurvesPlot) -> None:
    told = [{"temperature": float(step % 7)} for step in range(20_000)]
    plot.show_history(run_with(told))
    found = plot.readout()["temperature"]
    assert len(found.x) < 4 * plot.width()
    assert (found.y.min(), found.y.max()) == (0.0, 6.0)


@pytest.mark.parametrize("step", [0, 5, 70, 999])
def test_what_was_told_last_is_what_a_search_from_the_front_finds(step: int) -> None:
    chosen = {3, 4, 69}
    history = run_with([{"x": float(number)} if number in chosen else {} for number in range(1000)])
    earlier = [number for number in chosen if number <= step]
    assert latest_told(history, "x", step) == ((max(earlier), float(max(earlier))) if earlier else None)
    assert latest_told(history, "y", step) is None


def test_families_come_in_the_order_in_which_their_numbers_came_up() -> None:
    histories = [run_with([{"b": 1.0, "learning_rate/1": 1.0}]), run_with([{"a": math.nan, "learning_rate/2": 1.0}])]
    found = families(histories)
    assert [family.name for family in found] == ["b", "learning_rate", "a"]
    assert found[1].members == ("learning_rate", "learning_rate/1", "learning_rate/2")


def test_what_no_axis_can_hold_is_left_out(plot: CurvesPlot) -> None:
    values = [1e308, -1e308, math.inf, 2.0, -1.0, 5e-324]
    plot.show_history(run_with([{"x": value} for value in values]))
    assert drawn(plot, "x") == {3: 2.0, 4: -1.0, 5: 5e-324}
    assert np.isfinite(plot.views[0].viewRange()).all()
