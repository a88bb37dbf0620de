"""A value to compare with, as a labelled line across a plot."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont

from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.style import Style

LABEL_PT = 8.0


class GuideLine:
    """Shown where it lies in range; hidden where a quantity has none."""

    def __init__(self, plot: Any) -> None:
        self._line = pg.InfiniteLine(
            angle=0, movable=False, label="", labelOpts={"position": 0.02, "anchors": [(0, 1), (0, 1)]}
        )
        font = QFont()
        font.setPointSizeF(LABEL_PT)
        self._line.label.setFont(font)
        self._line.setVisible(False)
        plot.addItem(self._line, ignoreBounds=True)

    @property
    def shown(self) -> float | None:
        """Where the line is; None while there is none in sight."""
        return float(self._line.value()) if self._line.isVisible() else None

    @property
    def words(self) -> str:
        """What is written beside it."""
        return str(self._line.label.format)

    def show(self, guide: tuple[float, str] | None, limits: Span) -> None:
        """Show the value and its words if it lies within `limits`."""
        self._line.setVisible(guide is not None and limits[0] <= guide[0] <= limits[1])
        if guide is not None:
            self._line.setValue(guide[0])
            self._line.label.setFormat(guide[1])

    def apply_style(self, style: Style) -> None:
        """Recolour line and words."""
        self._line.setPen(style.series[2], width=1, style=Qt.PenStyle.DashLine)
        self._line.label.setColor(style.series[2])
