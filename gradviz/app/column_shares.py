"""Keeps the columns of the window in proportion: Qt takes what a narrower window lacks, and never gives it back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow

from gradviz.app.docks import Docks

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
# at first, and what is enough for the form
FORM_SHARE, COLUMN_SHARE, WIDEST_FORM_PX = 0.25, 0.31, 400
# from here on there is room for two columns of panels, which need so much together
WIDE_PX, TWO_COLUMNS_SHARE = 1800, 0.42


class ColumnShares(QObject):
    """Gives each column, after every change of the window's width, the share that it had of the width before.

    What a person drags becomes the new share.
    """

    def __init__(self, window: QMainWindow, docks: Docks) -> None:
        super().__init__(window)
        self._window, self._docks = window, docks
        self._shares = {LEFT: FORM_SHARE, RIGHT: COLUMN_SHARE}
        # the width of the window to which the docks are fitted; 0 while they are not
        self._settled = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._fit)
        window.installEventFilter(self)
        for dock in docks.values():
            dock.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note what is dragged, and fit the columns once the window has another width; called by Qt."""
        if event.type() is QEvent.Type.Resize:
            if watched is self._window and self._window.width() != self._settled:
                self._timer.start(0)
            elif isinstance(watched, QDockWidget) and self._window.width() == self._settled:
                self._note(watched)
        return False

    def _note(self, dock: QDockWidget) -> None:
        area = self._window.dockWidgetArea(dock)
        if area in self._shares and not dock.isFloating() and not self._docks.spread_out and self._front(area) is dock:
            self._shares[area] = dock.width() / self._window.width()

    def _fit(self) -> None:
        width = self._window.width()
        self._settled = 0
        self._docks.spread(width >= WIDE_PX)
        sizes = {}
        if (form := self._front(LEFT)) is not None:
            sizes[form] = min(round(self._shares[LEFT] * width), WIDEST_FORM_PX)
        heads = self._docks.heads_of_column() if self._docks.spread_out else [self._front(RIGHT)]
        share = max(self._shares[RIGHT], TWO_COLUMNS_SHARE) if len(heads) > 1 else self._shares[RIGHT]
        sizes |= {head: round(share * width / len(heads)) for head in heads if head is not None}
        if sizes:
            self._window.resizeDocks(list(sizes), list(sizes.values()), Qt.Orientation.Horizontal)
        # what Qt lays out because of this is nothing that anybody dragged
        QTimer.singleShot(0, self, self._settle)

    def _settle(self) -> None:
        self._settled = self._window.width()

    def _front(self, area: Qt.DockWidgetArea) -> QDockWidget | None:
        """Return the first dock of a column that is in sight."""
        docks = [dock for dock in self._docks.values() if self._window.dockWidgetArea(dock) == area]
        return next((dock for dock in docks if not dock.isFloating() and not dock.visibleRegion().isEmpty()), None)
