"""The axis over the layers: their numbers, or the names of the rows and of the blocks that they belong to.

Names stand beside the layers as far as there is room, each with a tick of its own; brackets along the axis name the
modules that they belong to, the finer the closer one looks. Long names lose their beginning, which the bracket says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from gradviz.experiment import Row
from gradviz.experiment.rows import short_names
from gradviz.plots.parts.axes import Ticks, WholeNumberAxis, relabel
from gradviz.plots.parts.row_groups import Group, owners_of, shortened, suited_groups

NAMED = "module, in the order of execution"
FONT_PT = 8.0
# between two names, and for a bracket with its name along it
PIXELS_PER_NAME = 14.0
PIXELS_PER_GROUP = 56.0
LONGEST_NAME_PX = 150.0
BRACKET_PX = 18.0
# names across the axis need this much of it for each
PIXELS_PER_NAME_ACROSS = 84.0
TICK_PX = 8.0
TITLE_PX = 20.0
LINE_PX = 16.0


class LayerAxis(WholeNumberAxis):
    """An axis over the layers, at the left of a plot or below it."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, first=1)
        self.names: tuple[str, ...] = ()
        self._owners: tuple[str, ...] = ()
        self._upright = orientation == "left"
        self._font = QFont()
        self._font.setPointSizeF(FONT_PT)
        self._metrics = QFontMetricsF(self._font)
        self.setLabel(self.title_with())

    def title_with(self, more: str = "") -> str:
        """Return what the axis counts, and what `more` there is to say about it."""
        return f"{NAMED}{more}" if self.names else f"layer (1 = next to the input{more})"

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Name the layers by the rows, the first one first; where none has a name or a block they are numbered."""
        owners = owners_of(rows)
        named = any(owners) or any(row.name for row in rows)
        short = short_names([row.name for row in rows])
        names = tuple(name or str(number) for number, name in enumerate(short, start=1)) if named else ()
        if (names, owners) == (self.names, self._owners):
            return
        self.names, self._owners = names, owners
        self.setStyle(tickFont=self._font if names else None, autoExpandTextSpace=not names)
        (self._take_width if self._upright else self._take_height)()
        relabel(self, self.title_with())
        self.picture = None
        self.update()

    def groups(self) -> list[Group]:
        """Return the groups for which there is room now, those out of sight as well."""
        return suited_groups(self._owners if self.names else (), PIXELS_PER_GROUP / max(self._pixels_per_layer(), 1e-9))

    def tickValues(self, low: float, high: float, size: float) -> Ticks:
        """Return numbers of layers: of those that can be named, each group from its first on."""
        if not self._names_fit():
            return super().tickValues(low, high, size)
        low, high = sorted((low, high))
        return [(1.0, [float(layer) for layer in self._named_layers() if low <= layer <= high])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the names, as much of them as there is room for, else the numbers."""
        if not self._names_fit():
            return super().tickStrings(values, scale, spacing)
        room = LONGEST_NAME_PX if self._upright else self._pixels_per_layer() - TICK_PX
        return [self._cut(self.names[round(value) - 1], room) for value in values]

    def drawPicture(self, p: QPainter, *specs: Any) -> None:
        """Draw the axis and, outside of its words, the brackets; called by pyqtgraph."""
        super().drawPicture(p, *specs)
        if not self.names:
            return
        p.setFont(self._font)
        for group, begin, end in self._in_sight():
            p.setPen(self.pen())
            self._draw_bracket(p, begin, end)
            p.setPen(self.textPen())
            self._draw_name(p, group.name, begin, end)

    def _names_fit(self) -> bool:
        return bool(self.names) and (self._upright or self._pixels_per_layer() >= PIXELS_PER_NAME_ACROSS)

    def _named_layers(self) -> Iterator[int]:
        """Yield the layers that have room for a name, beginning anew with every group."""
        spacing = max(-(-PIXELS_PER_NAME // max(self._pixels_per_layer(), 1e-9)), 1) if self._upright else 1
        firsts = {group.first for group in self.groups()} | {group.last + 1 for group in self.groups()}
        last, since = -spacing, 0.0
        for layer in range(1, len(self.names) + 1):
            since = 0.0 if layer in firsts else since + 1
            if layer - last >= spacing and since % spacing == 0:
                last = layer
                yield layer

    def _pixels_per_layer(self) -> float:
        low, high = self.range
        length = self.size().height() if self._upright else self.size().width()
        return float(length / max(abs(high - low), 1e-9))

    def _in_sight(self) -> Iterator[tuple[Group, float, float]]:
        """Yield the groups that are seen, and between which pixels of the axis."""
        low, high = self.range
        length = self.size().height() if self._upright else self.size().width()
        for group in self.groups():
            places = [(edge - low) / (high - low) * length for edge in (group.first - 0.5, group.last + 0.5)]
            if self._upright:
                places = [length - place for place in places]
            begin, end = (min(max(place, 0.0), length) for place in sorted(places))
            if end - begin > 2:
                yield group, begin + 1, end - 1

    def _draw_bracket(self, p: QPainter, begin: float, end: float) -> None:
        if self._upright:
            x = TITLE_PX + BRACKET_PX
            corners = [QPointF(x + 3, begin), QPointF(x, begin), QPointF(x, end), QPointF(x + 3, end)]
        else:
            y = TICK_PX + LINE_PX
            corners = [QPointF(begin, y - 3), QPointF(begin, y), QPointF(end, y), QPointF(end, y - 3)]
        p.drawPolyline(corners)

    def _draw_name(self, p: QPainter, name: str, begin: float, end: float) -> None:
        words = self._cut(name, end - begin - 4)
        # a name of which hardly anything is left says nothing
        if len(words) < min(len(name), 3):
            return
        if not self._upright:
            p.drawText(QRectF(begin, TICK_PX + LINE_PX, end - begin, BRACKET_PX), Qt.AlignmentFlag.AlignCenter, words)
            return
        p.save()
        p.translate(TITLE_PX, end)
        p.rotate(-90)
        p.drawText(QRectF(0, 0, end - begin, BRACKET_PX), Qt.AlignmentFlag.AlignCenter, words)
        p.restore()

    def _cut(self, name: str, room: float) -> str:
        """Cut whole parts from the left of a name, and the last one where it alone is too long."""
        words = shortened(name, lambda text: self._metrics.horizontalAdvance(text) <= room)
        return self._metrics.elidedText(words, Qt.TextElideMode.ElideLeft, room)

    def _take_width(self) -> None:
        longest = max((self._metrics.horizontalAdvance(name) for name in self.names), default=0.0)
        room = TITLE_PX + BRACKET_PX + min(longest, LONGEST_NAME_PX) + TICK_PX + 4
        self.setWidth(room if self.names else None)

    def _take_height(self) -> None:
        self.setHeight(TICK_PX + LINE_PX + BRACKET_PX + TITLE_PX if self.names else None)
