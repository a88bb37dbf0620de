"""A sweep as data: a base experiment, one or two fields that take several values, and several seeds.

Pure: nothing is trained here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gradviz.errors import ExperimentError
from gradviz.experiment.recipe import Experiment, fields

MOST_CELLS = 1_000_000
# three or four parts: "0.5:3:20", "log:5:300:15"
_RANGE = re.compile(r"(?:(lin|log):)?([^:,]+):([^:,]+):(\d+)", re.ASCII)


class Axis(BaseModel):
    """A field, and the values that it takes along one direction of the map, in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    values: Annotated[tuple[int | float | bool | str, ...], Field(min_length=1, max_length=10_000)]
    scale: Literal["lin", "log", "words"] = "lin"


class Cell(BaseModel):
    """One place of the map: the numbers of its values along both directions, and which of the seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: int
    y: int = 0
    repeat: int = 0


class Grid(BaseModel):
    """A sweep: every combination of the values of one or two axes, each with `seeds` seeds from the base's on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: dict[str, Any]
    x: Axis
    y: Axis | None = None
    seeds: Annotated[int, Field(ge=1, le=1000)] = 1

    @property
    def width(self) -> int:
        """Number of values along the first axis."""
        return len(self.x.values)

    @property
    def height(self) -> int:
        """Number of values along the second axis; 1 where there is none."""
        return len(self.y.values) if self.y is not None else 1

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.width * self.height * self.seeds

    def cells(self) -> Iterator[Cell]:
        """Yield every cell once, coarse to fine, so that the whole picture is there before its details.

        Seeds come one after the other: the picture of the first is complete before the second begins.
        """
        for repeat in range(self.seeds):
            for x, y in _coarse_to_fine(self.width, self.height):
                yield Cell(x=x, y=y, repeat=repeat)

    def experiment(self, cell: Cell) -> Experiment:
        """Return what a cell trains. Raises ExperimentError for values that do not go together."""
        values = dict(self.base)
        for axis, number in ((self.x, cell.x), (self.y, cell.y)):
            if axis is not None:
                values[axis.field] = axis.values[number]
        base = Experiment.parse(values)
        return base.changed(seed=base.training.seed + cell.repeat, title="", notes="")


def grid_of(base: Experiment, x: str, y: str = "", seeds: int = 1) -> Grid:
    """Return the sweep of `base` over axes written as `parse_axis` reads them. Raises ExperimentError."""
    if seeds < 1 or seeds > 1000:
        raise ExperimentError(f"seeds: {seeds} is not allowed; allowed: a whole number from 1 to 1000")
    first = parse_axis(x, base)
    second = parse_axis(y, base) if y else None
    if second is not None and second.field == first.field:
        raise ExperimentError(f"{first.field} cannot be both axes of a sweep")
    grid = Grid(base=base.flat(), x=first, y=second, seeds=seeds)
    if grid.size > MOST_CELLS:
        raise ExperimentError(f"a sweep has at most {MOST_CELLS:,} cells, not {grid.size:,}")
    return grid


def parse_axis(text: str, base: Experiment) -> Axis:
    """Read `sigma_w=0.5:3:20` (from, to, how many), `depth=log:5:300:15` or `activation=relu,tanh`.

    Whole numbers are rounded, and each stands once. Raises ExperimentError for an unknown field and for a value that
    `base` cannot take.
    """
    name, equals, values = text.partition("=")
    known = fields(base.network.architecture)
    if not equals or not values.strip():
        raise ExperimentError(f"{text!r}: write an axis as field=from:to:count, field=log:from:to:count or field=a,b,c")
    if name not in known:
        # the error of the recipe says what was meant
        base.changed(**{name: 0})
        raise ExperimentError(f"{name}: there is no such field")
    kind = known[name].kind
    found = _RANGE.fullmatch(values.strip())
    if found and kind in (int, float):
        scale: Literal["lin", "log"] = "log" if found[1] == "log" else "lin"
        numbers = _spread(_number(found[2], name), _number(found[3], name), int(found[4]), scale, name)
        wanted: list[Any] = list(dict.fromkeys(round(each) for each in numbers)) if kind is int else numbers
    else:
        scale_of_list: Literal["lin", "words"] = "lin" if kind in (int, float) else "words"
        wanted = [_value(each.strip(), kind, name) for each in values.split(",")]
        _check(wanted, name, base)
        return Axis(field=name, values=tuple(dict.fromkeys(wanted)), scale=scale_of_list)
    _check(wanted, name, base)
    return Axis(field=name, values=tuple(wanted), scale=scale)


def _check(values: list[Any], name: str, base: Experiment) -> None:
    """Raise ExperimentError for a value that the field never takes; what does not go together is found in its cell."""
    known = fields(base.network.architecture)[name]
    low, high = known.limits
    for value in values:
        if known.choices and value not in known.choices:
            base.changed(**{name: value})
        if isinstance(value, int | float) and not isinstance(value, bool):
            outside = (low is not None and value < low) or (high is not None and value > high)
            if outside or not math.isfinite(value):
                raise ExperimentError(f"{name}: {value} is not allowed; allowed: {known.allowed}")


def _spread(first: float, last: float, count: int, scale: str, name: str) -> list[float]:
    if not 1 <= count <= 10_000:
        raise ExperimentError(f"{name}: an axis has 1 to 10,000 values, not {count}")
    if scale == "log" and (first <= 0 or last <= 0):
        raise ExperimentError(f"{name}: a logarithmic axis lies above 0")
    if count == 1:
        return [first]
    if scale == "log":
        low, high = math.log(first), math.log(last)
        inner = [math.exp(low + (high - low) * step / (count - 1)) for step in range(1, count - 1)]
    else:
        inner = [first + (last - first) * step / (count - 1) for step in range(1, count - 1)]
    # the ends are those that were asked for, to the last bit
    return [first, *inner, last]


def _number(text: str, name: str) -> float:
    try:
        if "_" in text or not text.isascii():
            raise ValueError
        return float(text)
    except ValueError:
        raise ExperimentError(f"{name}: {text!r} is no number") from None


def _value(text: str, kind: type, name: str) -> Any:
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind is int:
        number = _number(text, name)
        if number != int(number):
            raise ExperimentError(f"{name}: {text!r} is no whole number")
        return int(number)
    return _number(text, name) if kind is float else text


def _coarse_to_fine(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Yield every place of a map once: those on a coarse grid first, then those between them, and so on."""
    stride = 1
    while stride * 4 < max(width, height):
        stride *= 2
    seen_stride = 0
    while stride:
        for y in range(0, height, stride):
            for x in range(0, width, stride):
                if not seen_stride or x % seen_stride or y % seen_stride:
                    yield x, y
        seen_stride, stride = stride, stride // 2
