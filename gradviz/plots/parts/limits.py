"""Ends of axes and colour scales that follow a growing run without flickering.

Every function here is monotone: a wider span never gets narrower limits, so limits made from a running span only ever
move outward, and only by whole steps. The one exception: a linear quantity that was zero everywhere gets a place to
start from, which it leaves with its first other value.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping

from gradviz.recording.frame import Quantity

Span = tuple[float, float]

FEWEST_STEPS = 10
# what a scale reaches over that is the same for all runs: gradients of networks that learn lie in the upper third of
# it, and what float32 rounds away in its lower half
_GRADIENTS: Span = (-14.0, 2.0)
_OTHER_DECADES: Mapping[str, Span] = {"update_ratio": (-10.0, 1.0), "weight_norm": (-2.0, 4.0)}
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_ROUND = (10, 15, 20, 30, 40, 50, 60, 80, 100)


def limits_around(span: Span | None, quantity: Quantity) -> Span:
    """Return limits that hold `span`, both in the scale of `quantity`.

    Its bounds, if it has any; whole decades for a logarithm, at least one of them; around zero, and as far to both
    sides, for a signed quantity; from or to zero otherwise. A quantity of which nothing is known yet gets a place to
    start from.
    """
    if quantity.bounds is not None:
        return quantity.bounds
    if quantity.scale == "log10":
        low, high = span or (-1.0, -1.0)
        return float(math.floor(low)), float(math.floor(high) + 1)
    low, high = span or (0.0, 0.0)
    if quantity.signed:
        reach = nice_above(max(-low, high)) or 1.0
        return -reach, reach
    ends = 0.0 - nice_above(-low), nice_above(high)
    return ends if ends != (0.0, 0.0) else (0.0, 1.0)


def shared_limits(quantity: Quantity) -> Span | None:
    """Return ends that are the same for every run, so that a colour means the same everywhere.

    None for a quantity without a natural scale, such as the mean of an activation.
    """
    if quantity.bounds is not None:
        return quantity.bounds
    return _OTHER_DECADES.get(quantity.name, _GRADIENTS) if quantity.scale == "log10" else None


def united(*spans: Span | None) -> Span | None:
    """Return the span that holds all `spans`; None if there is none."""
    known = [span for span in spans if span is not None]
    if not known:
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def nice_above(value: float) -> float:
    """Return the next of 1, 2, 2.5, 5, 10 ... at or above `value`; 0 for what is not positive."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(value))
    if unit == 0.0:
        return value
    return next((nice * unit for nice in _NICE if nice * unit >= value), 10.0 * unit)


def room_for(frames: int, planned: int = 0) -> int:
    """Return how many steps the step axis shows for a run of `frames` so far.

    A round number, so that the axis moves in leaps and rarely; not beyond the end of a run of `planned` steps.
    """
    unit = 1
    while unit * _ROUND[-1] < frames:
        unit *= 10
    room = unit * _ROUND[bisect_left(_ROUND, frames / unit)]
    if planned and frames <= planned + 1:
        room = min(room, max(planned + 1, FEWEST_STEPS))
    return room
