"""What was understood of a data file, as data: nothing about it is guessed in silence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that is not trained on, and why."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Understood:
    """How a file was read.

    `form` says in words what kind of file it is; `rows` counts the samples that are used, `rows_left_out` those that
    are not, because a value is missing. `features` are the inputs in their order, `one_hot` the text columns among
    them with how many categories each has; `filled` says how many missing values each column had that were filled in.
    `classes` are the labels with how many samples each has. `validation` counts the samples that the file itself holds
    back; 0 where it does not. Where a number is to be predicted there are no classes, and `numbers` are the smallest
    and the largest; `picture` is (channels, rows, columns) where a sample is one.
    """

    form: str
    rows: int
    features: tuple[str, ...]
    label: str
    classes: tuple[tuple[str, int], ...]
    rows_left_out: int = 0
    left_out: tuple[LeftOut, ...] = ()
    one_hot: tuple[tuple[str, int], ...] = ()
    filled: tuple[tuple[str, int], ...] = ()
    validation: int = 0
    numbers: tuple[float, float] | None = None
    picture: tuple[int, int, int] | None = None
