"""Which rows a profile draws: the picked step, the start, the exact counterpart, another run, the theory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gradviz.plots.parts.limits import Span
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History
from gradviz.recording.measured_rows import latest_row

Row = NDArray[np.float32]
Mask = NDArray[np.bool_]

EMPTY = np.empty(0, np.float32)
NOWHERE = np.empty(0, np.bool_)
# what theory says something about: the gradient at each layer's output
PREDICTED = ("activation_grad_rms", "exact_log10_activation_grad_rms")


@dataclass(frozen=True, slots=True)
class Theory:
    """What theory expects of the network as initialised. `words` says what it is, or why there is nothing.

    `curves` are pairs of a label and log10 values [layers] relative to the value at the last layer's output; `spread`
    [layers] is the standard deviation of the first of them from network to network; `source` says who found out.
    """

    curves: Sequence[tuple[str, Row]] = ()
    spread: Row | None = None
    words: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One row [layers], which of it is `known`, and the step it was measured at; empty where there is nothing to draw.

    What is not known is NaN.
    """

    step: int = 0
    row: Row = field(default_factory=lambda: EMPTY)
    known: Mask = field(default_factory=lambda: NOWHERE)


@dataclass(frozen=True, slots=True)
class ProfileRows:
    """Everything a profile draws at one step; `theory` are pairs of a label and a row, `band` a lower and an upper row
    between which the first of these lies in most networks, `theory_words` what there is to say about them.
    """

    now: Measured = Measured()
    initial: Measured = Measured()
    beside: Measured = Measured()
    other: Measured = Measured()
    theory: tuple[tuple[str, Row], ...] = ()
    band: tuple[Row, Row] | None = None
    theory_words: str = ""


def read_rows(
    history: History | None, quantity: Quantity | None, step: int, reference: History | None, theory: Theory
) -> ProfileRows:
    """Look up what to draw of `quantity` at `step`, and of the run `reference` at the same step as far as it got.

    What has no value at the start (an update before the first) begins a step later; what is measured on a schedule
    shows its latest measurement.
    """
    if history is None or quantity is None or step < 0:
        return ProfileRows()
    now = latest_measured(history, quantity.name, step)
    first = 0 if history.row(quantity.name, 0) is not None else 1
    initial = latest_measured(history, quantity.name, first) if first < now.step else Measured()
    beside = latest_measured(history, quantity.beside, step) if _has(history, quantity.beside) else Measured()
    other = Measured()
    if reference is not None and reference.frames and _has(reference, quantity.name):
        other = latest_measured(reference, quantity.name, min(step, reference.frames - 1))
    start = initial if len(initial.row) else now
    theory = theory if quantity.name in PREDICTED else Theory()
    curves = _anchored(theory, start.row)
    band = None
    if curves and theory.spread is not None and len(theory.spread) == len(curves[0][1]):
        band = curves[0][1] - theory.spread, curves[0][1] + theory.spread
    # curves that have no place to begin are not spoken of
    words = theory.words if curves or not theory.curves else ""
    return ProfileRows(now, initial, beside, other, curves, band, words)


def finite_span(values: Row) -> Span | None:
    """Return the smallest and the largest finite value; None if there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _has(history: History, name: str) -> bool:
    return any(each.name == name for each in history.quantities)


def latest_measured(history: History, name: str, step: int) -> Measured:
    """Look up what was measured of `name` at `step` or, of a scheduled quantity, when it last was its turn."""
    found = latest_row(history, name, step)
    return Measured(found.step, found.values, found.measured) if found is not None else Measured()


def _anchored(theory: Theory, start: Row) -> tuple[tuple[str, Row], ...]:
    """Let the curves begin where the measured start does, at the last layer: theory speaks of the way from there."""
    if not len(start) or not np.isfinite(start[-1]):
        return ()
    return tuple((label, curve + start[-1]) for label, curve in theory.curves if len(curve) == len(start))
