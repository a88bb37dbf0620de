"""The arithmetic of zoom: which levels are kept, which one fits a screen, and which rows make up part of a block.

Row i of level k represents the steps from i * 2^k up to but without (i + 1) * 2^k. The levels 0, 2, 4 ... are kept, a
row of each being made of four of the one below; an odd level is made while reading, of pairs of the even one below it.
"""

from __future__ import annotations

from collections.abc import Iterator

FAN_OUT = 4
# enough for 2^33 steps
KEPT_LEVELS = range(0, 34, 2)
# rows above level 0 are made of so many steps at a time: numpy has a price per call, whatever the call does
BATCH = 64


def complete_rows(level: int, frames: int) -> int:
    """Return how many rows of a kept level are complete once there are `frames` frames."""
    return frames if level == 0 else frames // BATCH * BATCH >> level


def kept_level(level: int) -> int:
    """Return the highest level that is kept and not above `level`."""
    return level - level % 2


def level_for(steps: int, columns: int) -> int:
    """Return the lowest level at which `steps` steps, wherever they begin, touch at most `columns` blocks."""
    if steps <= columns:
        return 0
    level = 1
    while -(-(steps - 1) >> level) + 1 > columns:
        level += 1
    return level


def stride_for(steps: int, columns: int) -> int:
    """Return the smallest stride at which `steps` steps, wherever they begin, touch at most `columns` columns."""
    return 1 << level_for(steps, columns)


def level_of(stride: int) -> int:
    """Return the level whose rows stand for `stride` steps. Raises ValueError unless that is a power of two."""
    if stride < 1 or stride.bit_count() != 1:
        raise ValueError(f"a column stands for a power of two steps, not for {stride}")
    return stride.bit_length() - 1


def pieces(first: int, end: int, frames: int, level: int) -> Iterator[tuple[int, int, int]]:
    """Divide the steps `first` up to but without `end` into complete rows of kept levels, the highest first.

    `first` begins a block of `level`, and `end` is where the block ends or the run does, which has `frames` frames.
    Yields (level, first row, end of rows): less than a batch of level 0, no more than three of any other.
    """
    for lower in range(kept_level(level), -1, -2):
        start, stop = first >> lower, min(end >> lower, complete_rows(lower, frames))
        if start < stop:
            yield lower, start, stop
            first = stop << lower
