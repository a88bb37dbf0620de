"""Several steps in one: their largest value or their mean.

Shapes: `values` [groups, rows, layers]; `measured` [groups, rows], or [groups, rows, layers] where it differs between
layers: how many of the steps of a row were measured. What was not measured takes no part. The results are [groups,
layers], and what was measured [groups] or [groups, layers] (if nothing was, the value means nothing).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.source import Summary, measured_dtype

Floats = NDArray[np.floating[Any]]
Combined = tuple[Floats, NDArray[Any]]


def combined(summary: Summary, values: Floats, measured: NDArray[Any], *, signed: bool) -> Combined:
    """Return one row for the rows of each group, of a quantity that may be `signed`."""
    return _mean(values, measured) if summary == "mean" else _largest(values, measured, signed=signed)


def _largest(values: Floats, measured: NDArray[Any], *, signed: bool) -> Combined:
    """Take the maximum, and of a signed quantity the value of largest magnitude; a NaN outweighs everything."""
    if measured.all():
        kept = values
    else:
        kept = np.where(_per_value(measured, values) > 0, values, np.float32(0.0 if signed else -np.inf))
    present: NDArray[np.bool_] = np.logical_or.reduce(measured, axis=1)
    high: Floats = np.maximum.reduce(kept, axis=1)
    if signed:
        low = np.minimum.reduce(kept, axis=1)
        high = np.where(-low > high, low, high)
    return high, present


def _mean(values: Floats, measured: NDArray[Any]) -> Combined:
    """Weigh each row by the steps that were measured; minus infinity and NaN stay what they are."""
    counts = np.add.reduce(measured, axis=1, dtype=measured_dtype("mean"))
    # infinity less infinity is not a number, and that is what the mean of both is
    with np.errstate(invalid="ignore", over="ignore"):
        first = measured.flat[0] if measured.size else 1
        if first and (measured == first).all():
            total = np.add.reduce(values, axis=1, dtype=np.float64)
            return (total / values.shape[1]).astype(values.dtype), counts
        weights = _per_value(measured, values)
        total = np.add.reduce(np.where(weights > 0, values, 0.0) * weights, axis=1, dtype=np.float64)
        most = np.maximum(counts, 1)
        return (total / (most if most.ndim == total.ndim else most[:, np.newaxis])).astype(values.dtype), counts


def _per_value(measured: NDArray[Any], values: Floats) -> NDArray[Any]:
    return measured if measured.ndim == values.ndim else measured[..., np.newaxis]
