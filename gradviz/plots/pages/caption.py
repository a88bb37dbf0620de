"""A line of words below the plots of a page, such as the verdict on the run."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsSimpleTextItem, QGraphicsView

from gradviz.plots.pages.images import Placement
from gradviz.plots.parts.style import Style

HEIGHT = 30
MARGIN = 10


class Caption(QGraphicsView):
    """As much of its words as fits into one line."""

    def __init__(self, style: Style, words: str = "") -> None:
        super().__init__()
        self._words = words
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setBackgroundBrush(QColor(style.background))
        scene = QGraphicsScene(self)
        self._line = QGraphicsSimpleTextItem()
        self._line.setBrush(QColor(style.foreground))
        scene.addItem(self._line)
        self.setScene(scene)
        self.say(words)

    @property
    def words(self) -> str:
        """The whole line."""
        return self._words

    def say(self, words: str) -> None:
        """Show other words."""
        self._words = words
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the line anew; called by Qt."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = max(self.width() - 2 * MARGIN, 0)
        self._line.setText(self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room))
        self._line.setFont(self.font())
        self._line.setPos(MARGIN, (self.height() - self._line.boundingRect().height()) / 2)
        self.setSceneRect(0, 0, self.width(), self.height())


def with_caption(placements: Sequence[Placement], caption: QGraphicsView) -> list[Placement]:
    """Return a page with `caption` below all that is on it."""
    bounds = QRectF()
    for placement in placements:
        bounds = bounds.united(placement.rect)
    return [*placements, Placement(caption, QRectF(bounds.left(), bounds.bottom(), bounds.width(), HEIGHT))]
