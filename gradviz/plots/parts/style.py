"""The colours of plots and window, light and dark, as plain data.

Lines are drawn in the colours of Okabe and Ito ("Color Universal Design", 2008), which stay apart for every common kind
of colour vision; each style takes those that stand out from its background.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Style:
    """Colours as `#rrggbb`.

    `series` are for lines, the most important first. `zero_colour`, `some_zero_colour` (of several steps some were
    zero), `nan_colour` and `not_measured_colour` stand for values that have no place on a colour scale, `below_colour`
    and `above_colour` for those beyond its ends; no colour map used here comes near them.
    """

    name: Literal["light", "dark"]
    background: str
    foreground: str
    muted: str
    grid: str
    accent: str
    series: tuple[str, ...]
    zero_colour: str
    nan_colour: str
    not_measured_colour: str
    # the same in every style, because the colours of the scale are
    some_zero_colour: str = "#80201f"
    below_colour: str = "#000000"
    above_colour: str = "#e08000"


LIGHT = Style(
    name="light",
    background="#ffffff",
    foreground="#1b1f24",
    muted="#59636e",
    grid="#d0d7de",
    accent="#0a5cb8",
    series=("#0072b2", "#d55e00", "#009e73", "#cc79a7"),
    zero_colour="#c81010",
    nan_colour="#ff00ff",
    not_measured_colour="#d9dee4",
)

DARK = Style(
    name="dark",
    background="#14171c",
    foreground="#e6e9ee",
    muted="#9aa4b2",
    grid="#3a424e",
    accent="#6cb6ff",
    series=("#56b4e9", "#e69f00", "#009e73", "#cc79a7"),
    zero_colour="#d81b1b",
    nan_colour="#ff00ff",
    not_measured_colour="#323944",
)
