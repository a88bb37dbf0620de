"""What is measured has rows: one per layer of a stack, convolution, sub-layer of a Transformer or watched module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# what an activation's slope can do: be zero for good, fade on both ends, or stay the same everywhere
Slope = Literal["dies", "saturates", "straight"]


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
