"""What is measured has rows: one per layer of a stack, convolution, sub-layer of a Transformer or watched module."""

from __future__ import annotations

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
