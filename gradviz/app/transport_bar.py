"""Start, pause, step, stop and reset, and beside them the one timeline of the run."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from gradviz.app.rate_box import RateBox
from gradviz.app.theme import GRID_PX, ICON_PX

TRANSPORT = ("start", "pause", "step", "stop", "reset")


class TransportBar(QFrame):
    """The bar under the plots. `take` brings the timeline, once there are plots that it moves."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, GRID_PX)
        self._row.setSpacing(GRID_PX)
        for name in TRANSPORT:
            self._row.addWidget(self._button(actions[name]))
        self.rate = RateBox()
        self._row.addWidget(self.rate)
        self._row.addStretch(0)

    def take(self, timeline: QWidget) -> None:
        """Put the timeline beside the buttons."""
        self._row.addSpacing(2 * GRID_PX)
        self._row.addWidget(timeline, 1)

    def button(self, name: str) -> QToolButton:
        """Return the button of the command `name`. Raises StopIteration where the bar has none."""
        return next(each for each in self.findChildren(QToolButton) if each.defaultAction().objectName() == name)

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        start = action.objectName() == "start"
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if start else Qt.ToolButtonStyle.ToolButtonIconOnly
        button.setToolButtonStyle(style)
        button.setMinimumHeight(32)
        button.setMinimumWidth(88 if start else 36)
        button.setAccessibleName(action.text().replace("&", ""))
        return button
