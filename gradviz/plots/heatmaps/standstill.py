"""Where weights cease to move, as a mark on a scale of colours: a step that is nothing next to a weight is rounded off.

Of a weight w, float32 keeps 24 binary digits: a step of less than half the last of them, between |w| 2^-25 and
|w| 2^-24, leaves it as it is, bit for bit (IEEE 754, rounding to nearest; float64: 2^-54 and 2^-53).
"""

from __future__ import annotations

import numpy as np

from gradviz.plots.parts.float_floors import LOG10_2
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History
from gradviz.recording.source import LEARNING_RATE

WEIGHT_NORM = "weight_norm"
# the geometric middle of both ends, in binary digits
_DIGITS = {False: 24.5, True: 53.5}


def standstill(history: History, quantity: Quantity, step: int) -> float | None:
    """Return the log10 of `quantity` below which the weights of a typical layer stand still at `step`; None if unknown.

    That is a ratio of lengths for the update ratio, whatever the optimiser. A length of the gradient only tells for
    plain gradient descent, whose step is the learning rate times the gradient: it is unknown of every other optimiser
    and of scripts.
    """
    rounded = -_DIGITS[history.started.double] * LOG10_2
    if quantity.name == "update_ratio":
        return rounded
    experiment = history.started.experiment
    if quantity.name not in ("weight_grad_norm", "exact_log10_weight_grad_norm") or experiment is None or step < 0:
        return None
    training = experiment.training
    if training.optimizer != "sgd" or training.weight_decay or training.gradient_clip:
        return None
    known = any(each.name == WEIGHT_NORM for each in history.quantities)
    found = history.latest_row(WEIGHT_NORM, step) if known else None
    rate = float(history.scalars(step, step + 1)[0, LEARNING_RATE])
    if found is None or not rate > 0.0:
        return None
    norms = found[1][np.isfinite(found[1])]
    return rounded + float(np.median(norms)) - float(np.log10(rate)) if norms.size else None
