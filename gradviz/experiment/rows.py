"""What is measured has rows: one per layer of a stack, convolution, sub-layer of a Transformer or watched module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

# what an activation's slope can do: be zero for good, fade on both ends, or stay the same everywhere
Slope = Literal["dies", "saturates", "straight"]
# the first and the last of neighbouring rows, counted from 1
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of every heatmap and profile.

    `name` is what it is called, empty where its number says it all. `group` is the block that it belongs to. `on_path`
    says that all of the signal from input to loss passes through it, which is not so inside of a residual branch.
    `slope` is what its activation can do; None where that is nothing of these, or not known. `units` is how many units
    it has, 0 where that is not known.
    """

    name: str = ""
    group: str = ""
    on_path: bool = True
    slope: Slope | None = None
    units: int = 0


def shortcuts_around(rows: Sequence[Row]) -> tuple[Span, ...]:
    """Return what shortcuts pass over, as far as rows tell: neighbours off the path of the signal, block by block."""
    numbers = range(1, len(rows) + 1)
    runs = groupby(numbers, key=lambda number: (rows[number - 1].on_path, block_of(rows[number - 1])))
    spans = [(on_path, list(members)) for (on_path, _), members in runs]
    return tuple((members[0], members[-1]) for on_path, members in spans if not on_path)


def block_of(row: Row) -> str:
    """Return the block that a row belongs to: its group, else its name as far as its last index; may be empty."""
    parts = row.name.split(".")
    last = max((place for place, part in enumerate(parts) if part.isdigit()), default=-1)
    # a name that ends with its index, as in `features.3`, is a module of the block before it
    last = last if last < len(parts) - 1 else -1
    return row.group or ".".join(parts[: last + 1])


# names up to so long are told in full
LONG_NAME = 28


def short_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return what to call rows where there is little room: no two the same, unless they are.

    If any name is long, all lose the beginning that they share and keep their last parts, as many as it takes to tell
    them apart, with the indices before them: `base_model.model.layers.7.self_attn.q_proj.lora_A` may become
    `7.q_proj.lora_A`.
    """
    if max(map(len, names), default=0) <= LONG_NAME:
        return tuple(names)
    parts = [name.split(".") for name in names]
    shortest = min(map(len, parts)) - 1
    shared = next((at for at in range(shortest) if len({one[at] for one in parts}) > 1), shortest)
    parts = [one[shared:] for one in parts]
    different = len(set(names))
    for kept in range(1, max(map(len, parts))):
        shortened = tuple(_with_indices(one, kept) for one in parts)
        if len(set(shortened)) == different:
            return shortened
    return tuple(".".join(one) for one in parts)


def _with_indices(parts: Sequence[str], kept: int) -> str:
    return ".".join([*(part for part in parts[:-kept] if part.isdigit()), *parts[-kept:]])
