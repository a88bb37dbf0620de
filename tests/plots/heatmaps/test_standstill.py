"""The mark on the scale against the bits: where it lies, half of the weights no longer change."""

from __future__ import annotations

import numpy as np
import pytest
from trained_runs import trained

from gradviz.experiment import Experiment, load_preset
from gradviz.plots.heatmaps.standstill import standstill
from gradviz.recording.history import History

STEP = 20
SICK = load_preset("sigmoid-30").changed(steps=STEP)


def crossing(history: History, quantity: str, measured: int) -> float:
    """The exponent of `quantity` between the layers of which more and less than half of the weights stand still."""
    still, row = history.row("unchanged_fraction", STEP), history.row(quantity, measured)
    assert still is not None
    assert row is not None
    # layers stand still up to one of them, and move from there on
    (at,) = np.flatnonzero((still[:-1] >= 0.5) & (still[1:] < 0.5))
    share = (still[at] - 0.5) / (still[at] - still[at + 1])
    return float(row[at] + share * (row[at + 1] - row[at]))


@pytest.mark.parametrize("changes", [{}, {"learning_rate": 0.01, "width": 48}, {"precision": "float64", "depth": 40}])
def test_half_of_the_weights_stand_still_at_the_mark(changes: dict[str, object]) -> None:
    history = trained(SICK.changed(**changes))
    # the step that was just made came of the gradient before it
    for name, measured in (("weight_grad_norm", STEP - 1), ("update_ratio", STEP)):
        mark = standstill(history, history.quantity(name), STEP)
        assert mark is not None
        assert mark == pytest.approx(crossing(history, name, measured), abs=0.35)


@pytest.mark.parametrize("changes", [{"optimizer": "adam"}, {"weight_decay": 0.01}, {"gradient_clip": 1.0}])
def test_where_a_gradient_does_not_tell_the_step_there_is_no_mark(changes: dict[str, object]) -> None:
    experiment: Experiment = SICK.changed(steps=1, depth=3, **changes)
    history = trained(experiment)
    assert standstill(history, history.quantity("weight_grad_norm"), 1) is None
    assert standstill(history, history.quantity("activation_grad_rms"), 1) is None
    assert standstill(history, history.quantity("update_ratio"), 1) is not None
