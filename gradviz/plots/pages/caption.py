"""Words below the plots of a page: the verdict on the run, and which network, run and step it shows.

A picture leaves the window; what it shows has to be on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsSimpleTextItem, QGraphicsView

from gradviz.errors import ExperimentError
from gradviz.experiment.code import to_code
from gradviz.plots.pages.images import Placement
from gradviz.plots.parts.style import Style
from gradviz.recording.history import History

HEIGHT = 30
MARGIN = 10
# the words of a page are cut into lines for one that is at least so wide
NARROWEST = 160


def identity(history: History, step: int | None, *, run: str = "", preview: bool = False) -> str:
    """Say which network, which `run` (the name of its file), which step and which code; None is the latest step."""
    started, latest = history.started, history.frames - 1
    experiment = started.experiment
    network = f"{len(started.rows):,} rows" if experiment is None else experiment.network.summary
    shown = latest if step is None else min(step, latest)
    planned = f" of {started.planned_steps:,}" if started.planned_steps else ""
    when = "before training" if preview else f"step {shown:,}{planned}"
    parts = [started.title, network, f"run {run}" if run else "", when, _code(history)]
    return " · ".join(part for part in parts if part)


def _code(history: History) -> str:
    if history.started.experiment is None:
        return ""
    try:
        return to_code(history.started.experiment)
    except ExperimentError:
        return "data from a file, which no code can carry"


class Caption(QGraphicsView):
    """As much of its `words` as fits into one line, and below them all of `what` is shown, in as many as it takes."""

    def __init__(self, style: Style, words: str = "", what: str = "") -> None:
        super().__init__()
        self._words, self._what = words, what
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setBackgroundBrush(QColor(style.background))
        scene = QGraphicsScene(self)
        self._line, self._lines = QGraphicsSimpleTextItem(), QGraphicsSimpleTextItem()
        for item, colour in ((self._line, style.foreground), (self._lines, style.muted)):
            item.setBrush(QColor(colour))
            scene.addItem(item)
        self.setScene(scene)
        self._fit()

    @property
    def words(self) -> str:
        """The whole line."""
        return self._words

    @property
    def what(self) -> str:
        """What is shown."""
        return self._what

    def say(self, words: str, what: str | None = None) -> None:
        """Show other words, and say anew what is shown (None: as before)."""
        self._words = words
        if what is not None:
            self._what = what
        self._fit()

    def height_for(self, width: float) -> float:
        """Return the height that it needs on a page of `width`."""
        lines = self._broken(width)
        return HEIGHT + (len(lines) * self.fontMetrics().lineSpacing() + MARGIN if lines else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the lines anew; called by Qt."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = max(self.width() - 2 * MARGIN, 0)
        self._line.setText(self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room))
        self._lines.setText("\n".join(self._broken(self.width())))
        for item in (self._line, self._lines):
            item.setFont(self.font())
        self._line.setPos(MARGIN, (HEIGHT - self._line.boundingRect().height()) / 2)
        self._lines.setPos(MARGIN, HEIGHT)
        self.setSceneRect(0, 0, self.width(), self.height())

    def _broken(self, width: float) -> list[str]:
        room = max(width - 2 * MARGIN, NARROWEST)
        return [line for part in self._what.splitlines() for line in broken(part, self.fontMetrics(), room)]


def broken(words: str, metrics: QFontMetrics, room: float) -> list[str]:
    """Break `words` into lines of at most `room` pixels: between words, and within one that is longer than a line."""
    lines: list[str] = []
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and metrics.horizontalAdvance(longer) <= room:
            lines[-1] = longer
            continue
        rest = word
        while rest and metrics.horizontalAdvance(rest) > room:
            fits = next(end for end in range(len(rest) - 1, -1, -1) if metrics.horizontalAdvance(rest[:end]) <= room)
            lines.append(rest[: max(fits, 1)])
            rest = rest[max(fits, 1) :]
        lines.append(rest)
    return lines


def with_caption(placements: Sequence[Placement], caption: Caption) -> list[Placement]:
    """Return a page with `caption` below all that is on it."""
    bounds = QRectF()
    for placement in placements:
        bounds = bounds.united(placement.rect)
    height = caption.height_for(bounds.width())
    return [*placements, Placement(caption, QRectF(bounds.left(), bounds.bottom(), bounds.width(), height))]
