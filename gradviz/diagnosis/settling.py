"""What the first steps excuse: branches that begin at zero take their time to open."""

from __future__ import annotations

import numpy as np

from gradviz.diagnosis.readings import Mask, Readings
from gradviz.diagnosis.thresholds import Thresholds

# where nothing is known of a row: the last norm of a residual block, an adapter or a gate may begin at zero
SETTLED_STEPS = 20


def opening(readings: Readings, thresholds: Thresholds) -> Mask:
    """Mark the rows that got no gradient at the start by design, while it is early."""
    waiting = readings.step < SETTLED_STEPS
    unknown = without_gradient_at_start(readings) & ~readings.known & waiting
    known = passed_by(readings) & readings.known & (readings.step < thresholds.patience_steps)
    return np.asarray(unknown | known)


def passed_by(readings: Readings) -> Mask:
    """Mark the rows that a shortcut leads past, as seen at the start.

    Their weights got no gradient, or were zero, and yet there was one below them. The lowest row on the path has none
    below: it is passed by where its output differs from unit to unit or from sample to sample all the same, and where
    that is so of the others.
    """
    closed = without_gradient_at_start(readings) | without_weights_at_start(readings)
    flow = readings.start_flow
    if flow is None or not closed.any():
        return closed
    measured = flow.exact or flow.delivered
    assert measured is not None
    on_path = readings.numbers[readings.whole_path]
    below = np.searchsorted(on_path, readings.numbers) - 1
    arrives = ~np.isneginf(measured.values[on_path - 1])
    lowest = below < 0
    passed = closed & ~lowest & arrives[np.maximum(below, 0)]
    if (passed == (closed & ~lowest)).all():
        outputs = readings.start_outputs
        passed |= closed & lowest & (outputs is None or outputs.spread.values > 0.0)
    return np.asarray(passed)


def without_gradient_at_start(readings: Readings) -> Mask:
    """Mark the rows whose weights got a gradient of exactly zero at the start."""
    start = readings.start_weight_gradient
    return np.isneginf(start.values) if start is not None else np.zeros(len(readings.rows), np.bool_)


def without_weights_at_start(readings: Readings) -> Mask:
    """Mark the rows whose weights were all zero at the start."""
    start = readings.start_weights
    return np.isneginf(start.values) if start is not None else np.zeros(len(readings.rows), np.bool_)
