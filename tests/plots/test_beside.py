"""What is drawn beside a profile: the exact counterpart, the theory, and the words about where floats end."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_runs import hover, place_of, shown
from pytestqt.qtbot import QtBot

from gradviz.experiment import Experiment
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.heatmaps.picture import Grid
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.plots.profiles.profile_rows import Theory, read_rows
from gradviz.plots.profiles.profile_words import lost_signal
from gradviz.recording.frame import Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History

LAYERS = 6
DELIVERED = Quantity(
    "activation_grad_rms", "Activation gradient", "rms", "", beside="exact_log10_activation_grad_rms"
)  # fmt: skip
EXACT = Quantity("exact_log10_activation_grad_rms", "Exact activation gradient", "rms", "", scheduled=True)
TRUE = np.linspace(-50, 0, LAYERS).astype(np.float32)
HANDED_ON = np.where(TRUE < -45, -np.inf, TRUE).astype(np.float32)


def run(steps: int = 5, every: int = 2, precision: str = "float32") -> History:
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("no", "yes"))
    experiment = Experiment().changed(depth=LAYERS, probe_every=every, precision=precision)
    history = History(
        Started.of_experiment(
            experiment,
            quantities=(DELIVERED, EXACT),
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )
    for step in range(steps):
        rows = {DELIVERED.name: HANDED_ON + np.float32(step)}
        if step % every == 0:
            rows[EXACT.name] = TRUE + np.float32(step)
        history.append(Frame(step, 1.0, 0.5, 0.1, rows))
    return history


def test_the_exact_row_of_the_latest_measurement_is_beside() -> None:
    rows = read_rows(run(), DELIVERED, 3, None, Theory())
    assert (rows.now.step, rows.initial.step, rows.beside.step) == (3, 0, 2)
    assert rows.beside.row.tolist() == (TRUE + 2).tolist()


def test_what_is_measured_on_a_schedule_shows_its_latest_measurement() -> None:
    assert read_rows(run(), EXACT, 3, None, Theory()).now.step == 2
    assert read_rows(run(), EXACT, 0, None, Theory()).initial.row.size == 0


def test_a_prediction_begins_where_the_measurement_does_at_the_last_layer() -> None:
    curve = np.arange(-5.0, 1.0, dtype=np.float32)
    theory = Theory((("prediction", curve),))
    rows = read_rows(run(), DELIVERED, 3, None, theory)
    ((label, row),) = rows.theory
    assert label == "prediction"
    # anchored to the start of the run, of which theory speaks
    assert row.tolist() == (curve + HANDED_ON[-1]).tolist()
    assert read_rows(run(), Quantity("weight_norm", "", "", ""), -1, None, theory).theory == ()


@pytest.mark.parametrize(
    ("delivered", "exact", "words"),
    [
        ([-np.inf, -np.inf, -3], [-60, -47.5, -3], "exactly zero from layer 2 on down; in truth it is 3.16e-48 there"),
        ([np.inf, np.nan, 3], [70, 45, 3], "overflows from layer 2 on down; in truth it is 1.00e+45 there"),
        ([-40, -2, -1], [-40, -2, -1], "runs out of digits from layer 1 on down; in truth it is 1.00e-40 there"),
        ([-3, -2, -1], [-3, -2, -1], ""),
        ([-np.inf, -2, -1], [-np.inf, -2, -1], ""),
    ],
)
def test_the_layer_at_which_floating_point_loses_the_signal_is_named(
    delivered: list[float], exact: list[float], words: str
) -> None:
    said = lost_signal(np.array(delivered, np.float32), np.array(exact, np.float32), double=False)
    assert words in said
    assert bool(said) == bool(words)
    assert lost_signal(np.array([-40.0]), np.array([-40.0]), double=True) == ""


def test_the_profile_draws_and_says_all_of_it(qtbot: QtBot) -> None:
    plot = ProfilePlot()
    qtbot.addWidget(plot)
    plot.show_history(run())
    plot.show_theory(Theory((("mean field", np.zeros(LAYERS, np.float32)),), words="critical"))
    plot.show_step(2)
    words = [entry[2] for entry in plot.readout().key]
    assert "Exact activation gradient" in words
    assert {"mean field", "critical"} <= set(words)
    assert any("delivers exactly zero from layer 1 on down" in each for each in words)
    # between two measurements the exact row is older than what is delivered: nothing is concluded from the two
    plot.show_step(3)
    words = [entry[2] for entry in plot.readout().key]
    assert any(each.startswith("Exact activation gradient (step 2)") for each in words)
    assert not any(each.startswith("float32 delivers") for each in words)
    # it is dated at its line, and only there where it is of another step
    assert plot.readout().labels["beside"] == "exact, step 2"
    plot.show_step(2)
    assert "beside" not in plot.readout().labels


def test_why_there_is_no_prediction_is_said_where_one_would_be(qtbot: QtBot) -> None:
    plot = ProfilePlot()
    qtbot.addWidget(plot)
    plot.show_history(run())
    plot.show_theory(Theory(words="no prediction: the branch has a mean"))
    assert "no prediction: the branch has a mean" in [entry[2] for entry in plot.readout().key]


def test_the_spread_between_networks_lies_around_the_prediction(qtbot: QtBot) -> None:
    curve = np.arange(-5.0, 1.0, dtype=np.float32)
    spread = np.linspace(0.5, 0.0, LAYERS).astype(np.float32)
    theory = Theory((("prediction", curve), ("bound", curve)), spread)
    band = read_rows(run(), DELIVERED, 3, None, theory).band
    assert band is not None
    for edge, side in zip(band, (-1, 1), strict=True):
        np.testing.assert_allclose(edge, curve + HANDED_ON[-1] + side * spread)
    plot = ProfilePlot()
    qtbot.addWidget(plot)
    plot.show_history(run())
    plot.show_theory(theory)
    assert [plot.readout()[f"band {edge}"].y.tolist() for edge in ("low", "high")] == [edge.tolist() for edge in band]
    plot.show_theory(Theory())
    assert not any(name in plot.readout() for name in ("band low", "band high", "theory"))


@pytest.mark.parametrize(("every", "stride"), [(1, 1), (2, 2), (10, 16), (16, 16)])
def test_every_column_of_a_scheduled_quantity_holds_a_measurement(every: int, stride: int) -> None:
    assert Grid.covering(-0.5, 199.5, 1000, 200, every).stride == stride


def test_pointing_at_a_zero_tells_what_it_is_in_truth(qtbot: QtBot) -> None:
    plot = HeatmapPlot()
    plot.set_scale_of("these")
    plot.show_history(run())
    shown(plot, qtbot)
    said = hover(plot, qtbot, place_of(plot, plot.panes[0].view, 2, 1))
    assert "exactly zero: underflowed or dead" in said
    assert "1.00e-48 rms (exact activation gradient)" in said
    assert "exact activation" not in hover(plot, qtbot, place_of(plot, plot.panes[0].view, 3, 1))


def test_the_heatmap_marks_the_ends_of_floats_and_names_the_layer_where_the_signal_is_lost(qtbot: QtBot) -> None:
    plot = HeatmapPlot()
    plot.set_scale_of("these")
    plot.show_history(run())
    shown(plot, qtbot)
    low, high = plot.limits
    wanted = [exponent for exponent in (-37.93, -44.85) if low < exponent < high]
    assert wanted
    assert plot.readout().lines["floors"] == pytest.approx(wanted, abs=0.01)
    words = [entry[2] for entry in plot.readout().key]
    assert any("smallest float32, 1.4e-45" in each for each in words)
    assert "step 4: float32 delivers exactly zero from layer 1 on down; in truth it is 1.00e-46 there" in words
    plot.show_step(1)
    assert any(entry[2].startswith("step 0: float32 delivers") for entry in plot.readout().key)


def test_the_marks_are_those_of_the_runs_own_precision(qtbot: QtBot) -> None:
    plot = HeatmapPlot()
    plot.set_scale_of("these")
    qtbot.addWidget(plot)
    plot.show_history(run())
    assert "floors" in plot.readout().lines
    plot.show_history(run(precision="float64"))
    assert "floors" not in plot.readout().lines
