"""The guide line of the update ratio: where it is, and where there is none."""

from __future__ import annotations

import math

import numpy as np
from made_up_runs import run_of
from pytestqt.qtbot import QtBot

from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.probes.fused.updates import Weights
from gradviz.recording.frame import Frame, HeldOut, Started
from gradviz.recording.history import History

RATIO = next(quantity for quantity in Weights.quantities if quantity.name == "update_ratio")


def history(log10: float) -> History:
    made_up = run_of([[0.0, 0.0]]).started
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("no", "yes"))
    result = History(
        Started.of_experiment(
            made_up.experiment,
            quantities=(RATIO,),
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )
    result.append(Frame(0, 1.0, 0.5, 0.1, {"update_ratio": np.full(2, log10, np.float32)}))
    return result


def test_a_thousandth_is_marked_even_where_every_ratio_is_smaller(qtbot: QtBot) -> None:
    plot = ProfilePlot()
    qtbot.addWidget(plot)
    for ratio in (2e-8, 1e-3, 0.5):
        plot.show_history(history(math.log10(ratio)))
        assert plot.readout().lines["guide"] == (math.log10(1e-3),)
    assert "10⁻³" in plot.readout().labels["guide"]


def test_a_quantity_without_a_guide_has_no_line(qtbot: QtBot) -> None:
    plot = ProfilePlot()
    qtbot.addWidget(plot)
    plot.show_history(run_of([[-3.0, -2.0]]))
    assert "guide" not in plot.readout().lines
