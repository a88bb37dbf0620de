"""Where the learning rate was changed while a run was trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt

from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.history import History
from gradviz.recording.observations import RATE_CHANGED

# of somebody who plays with it, the latest
MOST_MARKS = 20
HEIGHT = 0.75

Change = tuple[int, float, float]


def rate_changes(history: History | None) -> tuple[Change, ...]:
    """Return the latest changes as (step, rate before, rate after)."""
    if history is None:
        return ()
    found = [each for each in history.observations if each.kind == RATE_CHANGED]
    return tuple((each.step, each.number("before"), each.number("after")) for each in found[-MOST_MARKS:])


class RateMarks:
    """Vertical lines over some plots of one step axis; in the first of them with the rates."""

    def __init__(self, plots: Sequence[Any]) -> None:
        self._plots = tuple(plots)
        self._lines: list[tuple[Any, ...]] = []
        self._style = LIGHT
        self.changes: tuple[Change, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What is written beside the lines."""
        return tuple(str(lines[0].label.toPlainText()) for lines in self._lines)

    def show(self, changes: tuple[Change, ...]) -> None:
        """Mark these changes and no others."""
        if changes == self.changes:
            return
        self.changes = changes
        for lines in self._lines:
            for plot, line in zip(self._plots, lines, strict=True):
                plot.removeItem(line)
        self._lines = [self._marked(change) for change in changes]
        self.apply_style(self._style)

    def apply_style(self, style: Style) -> None:
        """Recolour lines and words."""
        self._style = style
        for lines in self._lines:
            for line in lines:
                line.setPen(style.muted, width=1, style=Qt.PenStyle.DashLine)
            lines[0].label.setColor(style.foreground)
            lines[0].label.fill = pg.mkBrush(style.background)

    def _marked(self, change: Change) -> tuple[Any, ...]:
        step, _, after = change
        options = {"position": HEIGHT, "anchors": [(0, 0.5), (1, 0.5)]}
        # short: the line of the rates below says the rest
        words = f"rate {after:.3g}"
        first = pg.InfiniteLine(step, angle=90, movable=False, label=words, labelOpts=options)
        lines = (first, *(pg.InfiniteLine(step, angle=90, movable=False) for _ in self._plots[1:]))
        for plot, line in zip(self._plots, lines, strict=True):
            plot.addItem(line, ignoreBounds=True)
        return lines
