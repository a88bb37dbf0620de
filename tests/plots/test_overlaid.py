"""Profiles and curves of several runs in one plot."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_runs import GRADIENT, append, evaluate, history_of, hover, place_of, run_of, shown
from pytestqt.qtbot import QtBot

from gradviz.experiment import Row
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.parts.style import DARK
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.plots.shown_run import ShownRun, shown_runs
from gradviz.recording.frame import Diverged, Frame, Quantity, Started
from gradviz.recording.history import History


def runs(*histories: History) -> tuple[ShownRun, ...]:
    return shown_runs([f"run {number}" for number in range(len(histories))], histories)


def growing(layers: int, steps: int) -> History:
    """The gradient of layer l at step s is 10^-(l + s)."""
    return run_of([[-float(layer + step) for layer in range(1, layers + 1)] for step in range(steps)])


@pytest.fixture
def profiles(qtbot: QtBot) -> ProfilePlot:
    plot = ProfilePlot()
    shown(plot, qtbot)
    return plot


@pytest.fixture
def curves(qtbot: QtBot) -> CurvesPlot:
    plot = CurvesPlot()
    shown(plot, qtbot)
    return plot


def compare(profiles: ProfilePlot, *histories: History) -> None:
    profiles.show_runs(runs(*histories))
    profiles.show_quantity(GRADIENT.name)


def test_each_line_is_the_row_of_its_run_at_the_picked_step(profiles: ProfilePlot) -> None:
    compare(profiles, growing(4, 10), growing(4, 3))
    profiles.show_step(5)
    readout = profiles.readout()
    assert readout["A"].finite == {1: -6, 2: -7, 3: -8, 4: -9}
    # the shorter one stops at step 2, and says so
    assert readout["B"].y.tolist() == [-3, -4, -5, -6]
    assert readout.words == ("A run 0, step 5", "B run 1, step 2 (its last)")


def test_runs_of_unlike_depth_meet_by_relative_depth(profiles: ProfilePlot) -> None:
    compare(profiles, growing(2, 1), growing(4, 1))
    assert profiles.relative
    assert [profiles.readout()[letter].x.tolist() for letter in "AB"] == [
        [0.25, 0.75], [0.125, 0.375, 0.625, 0.875],
    ]  # fmt: skip
    assert "0 = input" in profiles.readout().axes["bottom"]
    assert any("relative depth" in words for _, _, words in profiles.readout().key)
    compare(profiles, growing(4, 1), growing(4, 1))
    assert not profiles.relative
    assert profiles.readout().axes["bottom"].startswith("layer")


def test_a_layer_is_read_out_for_every_run(profiles: ProfilePlot, qtbot: QtBot) -> None:
    compare(profiles, growing(2, 1), growing(4, 1))
    profiles.grab()
    # 0.6 of the way is layer 2 of 2, and layer 3 of 4
    words = hover(profiles, qtbot, place_of(profiles, profiles.view, 0.6, -3))
    assert words == "A layer 2: 1.00e-02 |g| · B layer 3: 1.00e-03 |g| (gradient norm)"


def test_zeros_stand_at_the_floor_and_what_is_not_finite_at_the_ceiling(profiles: ProfilePlot) -> None:
    compare(profiles, run_of([[-np.inf, -1.0, np.nan]]), run_of([[-1.0, -2.0, -3.0]]))
    zeros, lost = (profiles.readout()[f"A {each}"].finite for each in ("zeros", "lost"))
    assert (list(zeros), list(lost)) == ([1], [3])
    low, high = profiles.view.viewRange()[1]
    assert low < zeros[1] < -3
    assert -1 < lost[3] < high
    assert any("exactly zero" in words for _, _, words in profiles.readout().key)


def test_the_axis_stands_still_while_a_step_is_picked(profiles: ProfilePlot) -> None:
    compare(profiles, growing(4, 10), growing(4, 10))
    before = profiles.view.viewRange()
    profiles.show_step(0)
    assert profiles.view.viewRange() == before
    low, high = before[1]
    assert low < -13
    assert high > -2


def test_marks_of_long_runs_stand_apart(profiles: ProfilePlot) -> None:
    same = [[-1.0] * 120]
    compare(profiles, *(run_of(same) for _ in range(4)))
    marks = [profiles.readout()[f"{letter} marks"] for letter in "ABCD"]
    places = [set(each.x) for each in marks]
    assert all(len(each) >= 10 for each in places)
    assert not set.intersection(*places)
    # where they cannot, an earlier one is larger and looks out from behind
    sizes = [each.size for each in marks]
    assert sizes == sorted(sizes, reverse=True)


def test_curves_are_the_losses_and_the_accuracies(curves: CurvesPlot) -> None:
    first = append(history_of(2), [[-1.0, -1.0]] * 3, losses=[3.0, 2.0, 1.0])
    evaluate(first, 2, 1.0, 0.75)
    second = append(history_of(2), [[-1.0, -1.0]] * 2, losses=[4.0, 0.5])
    curves.show_runs(runs(first, second))
    assert [curves.readout()[f"{letter} loss"].y.tolist() for letter in "AB"] == [[3, 2, 1], [4, 0.5]]
    assert curves.readout()["A accuracy"].finite == {2: 75.0}
    curves.show_log_loss(True)
    np.testing.assert_allclose(curves.readout()["A loss"].y, np.log10([3, 2, 1]))


def test_a_loss_that_is_not_finite_is_a_gap_and_moves_no_axis(curves: CurvesPlot) -> None:
    history = append(history_of(2), [[-1.0, -1.0]] * 3, losses=[1.0, np.inf, np.nan])
    history.append(Diverged(2, np.nan))
    curves.show_runs(runs(history, append(history_of(2), [[-1.0, -1.0]], losses=[2.0])))
    values = curves.readout()["A loss"].y
    assert np.isfinite(values).tolist() == [True, False, False]
    assert curves.views[0].viewRange()[1][1] < 3


def test_a_click_picks_a_step_of_the_longest_run(curves: CurvesPlot, qtbot: QtBot) -> None:
    curves.show_runs(runs(growing(2, 5), growing(2, 50)))
    with qtbot.waitSignal(curves.step_picked) as picked:
        curves.views[0].picked.emit(400.0)
    assert picked.args == [49]
    curves.grab()
    words = hover(curves, qtbot, place_of(curves, curves.views[0], 30, 1))
    # the made-up loss of step s is 2 / (s + 1); the first run ended before
    assert words == "step 30 · B: loss 0.06452"


def test_live_runs_grow(curves: CurvesPlot) -> None:
    live = history_of(2)
    curves.show_runs(runs(live, growing(2, 3)))
    append(live, [[-1.0, -1.0]] * 30)
    curves.refresh()
    assert len(curves.readout()["A loss"].x) == 30
    assert curves.views[0].viewRange()[0][1] >= 29
    curves.apply_style(DARK)


def watched(losses: list[float], accuracies: list[float]) -> History:
    quantity = Quantity("norm", "Norm", "", "made up")
    started = Started("net", (Row("fc"),), (quantity,), "float32", 10, "cpu", 0)
    history = History(started)
    for step, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True)):
        history.append(Frame(step, loss, accuracy, np.nan, {"norm": np.zeros(1, np.float32)}))
    return history


def test_a_watched_run_has_the_accuracy_of_its_batches_or_none(curves: CurvesPlot) -> None:
    told, silent = watched([2.0, 1.0], [0.5, 0.75]), watched([np.nan, np.nan], [np.nan, np.nan])
    curves.show_runs(runs(told, silent))
    assert curves.readout()["A accuracy"].y.tolist() == [50.0, 75.0]
    assert curves.readout().words == ("A run 0 (accuracy of the batch)", "B run 1 (accuracy not known)")


def test_a_long_run_is_drawn_in_no_more_points_than_there_are_pixels(curves: CurvesPlot) -> None:
    losses = [1.0] * 20_000
    losses[12_345] = 7.0
    history = append(history_of(1), [[-1.0]] * len(losses), losses=losses)
    curves.show_runs(runs(history, append(history_of(1), [[-1.0]] * 3)))
    steps, values = (getattr(curves.readout()["A loss"], axis) for axis in "xy")
    assert len(steps) < 4 * curves.width()
    # a single step stands out all the same
    assert values.max() == 7.0
    assert abs(steps[values.argmax()] - 12_345) < 100
    # what is zoomed in to is drawn as it is
    curves.views[0].setXRange(12_300, 12_400, padding=0)
    steps, values = (getattr(curves.readout()["A loss"], axis) for axis in "xy")
    assert steps[values.argmax()] == 12_345
    assert len(np.unique(steps)) > 95
