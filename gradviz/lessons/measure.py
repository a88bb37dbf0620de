"""The numbers of a lesson, taken from the runs that its reader has made; none is ever typed into a text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import LessonError
from gradviz.recording.history import History, Series

Which = int | Literal["first", "last", "mean", "smallest", "largest"]
Format = Literal["percent", "number", "power", "factor"]

# what is measured once a step and not per layer: the accuracies and losses
CURVES = ("loss", "batch_accuracy", "validation_loss", "validation_accuracy")
# a ratio below this is written out; above, only its power of ten says something
_WRITTEN_OUT = 6
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_CONDITION = re.compile(rf"(?:({_NUMBER})\s*(<=?)\s*)?([a-z_]+)(?:\s*(<=?|>=?)\s*({_NUMBER}))?")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a run a number stands: at a row (counted from 1) and a step, of the run of that number.

    Runs are counted from 1, as the lesson starts them; 0 is the last before the place where the number is told.

    Instead of one row it can be what all of them have together: their mean, smallest or largest value.
    """

    row: Which = "first"
    step: int | Literal["first", "last"] = "last"
    run: int = 0


@dataclass(frozen=True, slots=True)
class Amount:
    """A measured number; `is_log`: its log10, minus infinity for an exact zero."""

    value: float
    is_log: bool

    def words(self, form: Format) -> str:
        """Return the number as a text has it."""
        if form == "percent":
            return f"{100 * self._linear():.1f}%"
        if form == "number":
            return f"{self._linear():.3g}"
        if self.value == -math.inf and self.is_log:
            return "exactly 0"
        exponent = self.value if self.is_log else math.log10(self.value)
        if form == "factor":
            exponent = abs(exponent)
            if exponent < _WRITTEN_OUT:
                factor = 10**exponent
                return f"{factor:.3g}" if factor < 10 else f"{float(f'{factor:.2g}'):,.0f}"
        return f"10{str(round(exponent)).translate(_RAISED)}"

    def compared(self, number: Decimal) -> int:
        """Return -1, 0 or 1 as the amount is less than, equal to or more than `number`."""
        if not self.is_log:
            other = float(number)
        elif number > 0:
            # numbers far below the smallest float keep their place
            other = float(number.log10())
        else:
            other = -math.inf
        return (self.value > other) - (self.value < other)

    def _linear(self) -> float:
        return 10**self.value if self.is_log else self.value


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that a lesson speaks of.

    `of` names a quantity of the run or one of CURVES. With `over` it is the ratio of the value at `spot` to the one
    there, `per_layer` as a mean factor of each layer between their two rows.
    """

    of: str
    spot: Spot = Spot()
    over: Spot | None = None
    per_layer: bool = False
    say: Format = "number"

    def amount(self, runs: Mapping[int, History], latest: int) -> Amount | None:
        """Return what the `runs` of the lesson say, by their numbers; None where it is not measured (yet).

        `latest` is the number of the run that the text speaks of where it names none.
        """
        value = self._at(self.spot, runs, latest)
        if value is None or self.over is None:
            return value
        below = self._at(self.over, runs, latest)
        if below is None:
            return None
        if not value.is_log:
            return Amount(value.value / below.value, False) if below.value else None
        difference = value.value - below.value
        if math.isnan(difference):
            return None
        if self.per_layer:
            difference /= max(1, self._layers_between(runs[self.spot.run or latest]))
        return Amount(difference, True)

    def _at(self, spot: Spot, runs: Mapping[int, History], latest: int) -> Amount | None:
        history = runs.get(spot.run or latest)
        if history is None or history.frames == 0:
            return None
        step = {"first": 0, "last": history.frames - 1}.get(str(spot.step), spot.step)
        assert isinstance(step, int)
        if self.of in CURVES:
            return _on_curve(self.of, history, step)
        if self.of not in {quantity.name for quantity in history.quantities}:
            return None
        found = history.latest_row(self.of, step)
        if found is None:
            return None
        value = _of_rows(found[1], spot.row)
        return None if value is None else Amount(value, history.quantity(self.of).scale == "log10")

    def _layers_between(self, history: History) -> int:
        assert self.over is not None
        rows = len(history.started.rows)
        here, there = ({"first": 1, "last": rows}.get(str(spot.row), spot.row) for spot in (self.spot, self.over))
        return abs(int(here) - int(there))


@dataclass(frozen=True, slots=True)
class Condition:
    """What a number has to be: `above` < it < `below`, either of which may be missing, or may be included."""

    measure: str
    above: Decimal | None = None
    below: Decimal | None = None
    includes_above: bool = False
    includes_below: bool = False

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read `fall < 1e-10`, `kept >= 0.99` or `0.1 < share <= 0.5`. Raises LessonError."""
        match = _CONDITION.fullmatch(text.strip())
        if match is None or not (match[1] or match[5]):
            raise LessonError(f"{text.strip()!r} is no condition; write one such as `kept >= 0.99`")
        low, low_sign, name, sign, number = match.groups()
        result = cls(name)
        if low:
            result = replace(result, above=_decimal(low), includes_above=low_sign == "<=")
        if sign and sign.startswith("<"):
            return replace(result, below=_decimal(number), includes_below=sign == "<=")
        if sign and low:
            raise LessonError(f"{text.strip()!r}: write a range as `0.1 < share < 0.5`")
        return replace(result, above=_decimal(number), includes_above=sign == ">=") if sign else result

    def holds(self, amount: Amount) -> bool:
        """Return whether `amount` is what it has to be."""
        if math.isnan(amount.value):
            return False
        if self.above is not None and amount.compared(self.above) < (0 if self.includes_above else 1):
            return False
        return self.below is None or amount.compared(self.below) <= (0 if self.includes_below else -1)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise LessonError(f"{text!r} is no number") from error


def _on_curve(name: str, history: History, step: int) -> Amount | None:
    if name == "loss":
        value = history.loss(step)
    elif name == "batch_accuracy":
        value = history.batch_accuracy(step)
    else:
        value = _latest(history.accuracies() if name == "validation_accuracy" else history.evaluation_losses(), step)
    return None if value is None else Amount(value, False)


def _latest(series: Series, step: int) -> float | None:
    steps, values = series
    place = int(np.searchsorted(steps, step, side="right"))
    return float(values[place - 1]) if place else None


def _of_rows(row: NDArray[np.floating[Any]], which: Which) -> float | None:
    if isinstance(which, int):
        if not 1 <= which <= len(row):
            return None
        value = row[which - 1]
    elif which in ("first", "last"):
        value = row[0 if which == "first" else -1]
    else:
        known = row[~np.isnan(row)]
        if not known.size:
            return None
        value = known.mean() if which == "mean" else known.min() if which == "smallest" else known.max()
    return None if np.isnan(value) else float(value)
