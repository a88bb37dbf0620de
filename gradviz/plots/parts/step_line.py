"""Numbers over the steps as lines through no more points than a screen shows, however long the run is."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gradviz.plots.parts.limits import Span
from gradviz.recording.history import CurveName, Envelope, History

Values = NDArray[np.float64]
Points = tuple[Values, Values]
Transform = Callable[[Values], Values]

COLUMNS_PER_PIXEL = 1
# enough for the ends of an axis, which are round numbers
COLUMNS_FOR_ENDS = 512

NOTHING: Points = np.empty(0), np.empty(0)


def line(history: History, name: CurveName, view: Span, pixels: int, transform: Transform) -> Points:
    """Return the points (steps, values) of the number `name` where the step axis shows `view`, `pixels` wide.

    Where steps lie closer than pixels, the smallest and the largest of several stand for them, one above the other, so
    that no step is lost. `transform` says where values lie on their axis, NaN for those that lie nowhere. A step more
    at both sides lets the line leave the view.
    """
    return envelope_line(history.curve(name, *view_of(view, pixels)), transform)


def view_of(view: Span, pixels: int) -> tuple[int, int, int]:
    """Return first step, last step and number of columns for a step axis that shows `view`, `pixels` wide."""
    return math.floor(view[0]) - 1, math.ceil(view[1]) + 1, COLUMNS_PER_PIXEL * max(pixels, 1) + 2


def envelope_line(envelope: Envelope, transform: Transform) -> Points:
    """Return the points of an envelope, the smallest and the largest of each column one above the other."""
    smallest, largest = transform(envelope.smallest), transform(envelope.largest)
    if envelope.stride == 1:
        return envelope.steps, largest
    # a zero among others does not hide them where the axis is logarithmic
    smallest = np.where(np.isnan(smallest), largest, smallest)
    return np.repeat(envelope.steps, 2), np.stack([smallest, largest], axis=1).ravel()


def condensed(points: Points, view: Span, pixels: int) -> Points:
    """Return those of `points` (steps, values) that are in `view`, and one more at both sides, fit for `pixels`.

    Where there are too many, the smallest and the largest of several stand for them, one above the other.
    """
    steps, values = points
    first, end = max(int(np.searchsorted(steps, view[0])) - 1, 0), int(np.searchsorted(steps, view[1], "right")) + 1
    steps, values = steps[first:end], values[first:end]
    together = -(-len(steps) // (COLUMNS_PER_PIXEL * max(pixels, 1)))
    if together <= 1:
        return steps, values
    starts = np.arange(0, len(steps), together)
    least, most = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
    return np.repeat(steps[starts], 2), np.stack([least, most], axis=1).ravel()


def span_of(history: History, name: CurveName, transform: Transform) -> Span | None:
    """Return the smallest and the largest value of the number `name` on its axis; None if there is none."""
    envelope = history.curve(name, 0, history.frames - 1, COLUMNS_FOR_ENDS)
    values = np.concatenate([transform(envelope.smallest), transform(envelope.largest)])
    return finite_span(values)


def finite_span(values: Values | None) -> Span | None:
    """Return the smallest and the largest finite value; None if there is none."""
    finite = values[np.isfinite(values)] if values is not None else np.empty(0)
    return (float(finite.min()), float(finite.max())) if finite.size else None
