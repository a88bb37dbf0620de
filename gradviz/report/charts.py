"""Line charts as SVG inside of the page: its style gives them their colours, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.report.axes import Axis, grid
from gradviz.report.markup import Markup, joined, tag

WIDTH, HEIGHT = 560, 250
LEFT, TOP, RIGHT, BOTTOM = 62, 26, 546, 212
# of a line through so few points each is marked
MOST_MARKS = 40
SERIES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line: what it is called, its points as they lie on the axes, NaN for a gap, and its style.

    `series` picks the colour, and `dashed` tells two lines of one colour apart.
    """

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    series: int = 0
    dashed: bool = False

    @property
    def style(self) -> str:
        """The classes that its marks have."""
        # more runs than colours: the colours come again, dashed
        dashed = self.dashed != (self.series >= SERIES)
        return f"s{self.series % SERIES}{' dashed' if dashed else ''}"


def chart(title: str, lines: Sequence[Line], x: Axis, y: Axis, across: Sequence[tuple[float, str]] = ()) -> Markup:
    """Return a figure: the chart, and below it the legend. `across` are values with a line from side to side."""
    parts = [tag("title", title), grid(x, y, LEFT, TOP, RIGHT, BOTTOM)]
    for value, words in across:
        if y.low <= value <= y.high:
            at = round(float(y.place(np.array([value]), BOTTOM, TOP)[0]), 1)
            parts.append(tag("line", x1=LEFT, x2=RIGHT, y1=at, y2=at, class_="guide"))
            parts.append(tag("text", words, x=RIGHT - 4, y=at - 4, text_anchor="end"))
    parts += [_drawn(line, x, y) for line in lines]
    picture = tag("svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", class_="chart")
    return tag("figure", tag("h4", title), picture, legend(lines))


def legend(lines: Sequence[Line]) -> Markup:
    """Return what each line is, beside a piece of it; nothing for a line without a name, of which the title says it."""
    lines = [line for line in lines if line.label]
    entries = [tag("li", _sample(line), " ", line.label) for line in lines]
    return tag("ul", *entries, class_="legend") if entries else Markup("")


def _sample(line: Line) -> Markup:
    piece = tag("path", d="M0 5H22", class_=f"line {line.style}")
    return tag("svg", piece, viewBox="0 0 22 10", width=22, height=10, aria_hidden="true")


def _drawn(line: Line, x: Axis, y: Axis) -> Markup:
    across = np.round(x.place(line.x.astype(np.float64), LEFT, RIGHT), 1)
    up = np.round(np.clip(y.place(line.y.astype(np.float64), BOTTOM, TOP), TOP - 4, BOTTOM + 4), 1)
    there = np.isfinite(line.y)
    commands, was_there = [], False
    for left, top, is_there in zip(across.tolist(), up.tolist(), there.tolist(), strict=True):
        if is_there:
            commands.append(f"{'L' if was_there else 'M'}{left:g} {top:g}")
        was_there = is_there
    if not commands:
        return Markup("")
    drawn = [tag("path", d="".join(commands), class_=f"line {line.style}")]
    if there.sum() <= MOST_MARKS:
        places = zip(across[there].tolist(), up[there].tolist(), strict=True)
        drawn += [
            tag("circle", cx=f"{left:g}", cy=f"{top:g}", r=2, class_=f"mark {line.style}") for left, top in places
        ]
    return joined(drawn)
