"""The network beside the heatmap, row for row: its nodes, the way between them, and its shortcuts as arcs.

All of it is one widget that paints itself: a network of a thousand rows costs what one of fifty does.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.network.strip_parts import Column, Part, arc_of, column_of, groups_of, nodes_of
from gradviz.plots.network.strip_words import words_of_node
from gradviz.plots.parts.colours import lookup_table
from gradviz.plots.parts.style import Style
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

WIDTH_PX, LITTLE_WIDTH_PX = 84, 58
# the middle of the nodes; arcs are at the left of it
PATH_X = 60.0
NARROWEST_PX, WIDEST_PX = 8.0, 32.0
HIGHEST_PX = 20.0
FLATTEST_ARC_PX, WIDEST_ARC_PX = 14.0, 40.0
ENDS_PX = 16.0
FONT_PT = 8.0
Axis = tuple[float, float]


class NetworkStrip(QWidget):
    """Draws the run of a heatmap at its step, quantity and scale; `refresh` pulls.

    `hovered` says in words what is under the mouse, `row_wanted` carries a row that was clicked.
    """

    hovered = Signal(str)
    row_wanted = Signal(int)

    def __init__(self, plot: HeatmapPlot, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = plot
        self._column: Column | None = None
        self._drawn: object = None
        self._step = -1
        self._view: object = None
        self._grouped_for: object = None
        self._groups: list[tuple[int, int, int]] = []
        self.setFixedWidth(WIDTH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAutoFillBackground(False)
        self.setAccessibleName("the network, drawn")
        self.setToolTip(
            "The network: its layers, and its shortcuts as arcs. Colour and width are the quantity shown, at the step "
            "shown. Click a layer to look at it more closely"
        )

    @property
    def column(self) -> Column | None:
        """What is drawn of each row; None without a run."""
        return self._column

    def sizeHint(self) -> QSize:
        """Ask for its width, and any height."""
        return QSize(WIDTH_PX, 100)

    def be_narrow(self, narrow: bool) -> None:
        """Take less room, or all that arcs want."""
        self.setFixedWidth(LITTLE_WIDTH_PX if narrow else WIDTH_PX)

    def refresh(self, *_: object) -> None:
        """Pull what is new; costs next to nothing if there is none."""
        plot, history = self._plot, self._plot.history
        self._follow_view()
        quantity = plot.quantity
        step = plot.runs[0].step_for(plot.step) if plot.runs else -1
        state = (id(history), step, quantity, plot.limits, plot.style_in_use.name)
        if state == self._drawn:
            return
        self._drawn, self._step = state, step
        self._column = _column(history, quantity, step, plot.limits)
        self.update()

    def nodes(self) -> list[Part]:
        """Return the nodes in sight."""
        if self._column is None:
            return []
        return nodes_of(self._column, self._pixels_per_row(), *self._in_sight())

    def arcs(self) -> list[tuple[Part, int]]:
        """Return the arcs in sight, each with how many shortcuts it stands for."""
        history, column = self._plot.history, self._column
        if column is None or history is None:
            return []
        about = (id(history), self._pixels_per_row(), *self._in_sight())
        if about != self._grouped_for:
            self._grouped_for, self._groups = about, groups_of(history.started.shortcuts, *about[1:])
        return [(arc_of(column, first, last), count) for first, last, count in self._groups]

    def y_of(self, row: float) -> float:
        """Return where a row lies, in pixels from the top: where the heatmap has it."""
        origin, pixels_per_row = self._axis()
        return origin + row * pixels_per_row

    def row_at(self, y: float) -> int | None:
        """Return the row at so many pixels from the top; None above and below the network."""
        if self._column is None:
            return None
        origin, pixels_per_row = self._axis()
        row = round((y - origin) / pixels_per_row) if pixels_per_row else 0
        first, last = self._in_sight()
        return row if first <= row <= last else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the mouse; called by Qt."""
        history, quantity, row = self._plot.history, self._plot.quantity, self.row_at(event.position().y())
        if history is None or quantity is None or row is None:
            self.hovered.emit("")
            return
        self.hovered.emit(words_of_node(history, quantity, self._step, row))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask to look at the row that is clicked; called by Qt."""
        row = self.row_at(event.position().y())
        if row is not None and event.button() is Qt.MouseButton.LeftButton:
            self.row_wanted.emit(row)

    def leaveEvent(self, event: QEvent) -> None:
        """Say nothing any more; called by Qt."""
        self.hovered.emit("")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw arcs, then the path, then the nodes; called by Qt."""
        painter = QPainter(self)
        style, column = self._plot.style_in_use, self._column
        painter.fillRect(self.rect(), QColor(style.background))
        if column is None:
            return
        colours = _colours(self._plot.quantity, style)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # where there is little room the arcs have less of it
        painter.translate(self.width() - WIDTH_PX, 0)
        painter.setClipRect(self._frame().adjusted(0, -ENDS_PX, 0, ENDS_PX))
        self._draw_ends(painter)
        painter.setClipRect(self._frame())
        nodes, axis = self.nodes(), self._axis()
        for arc, _ in self.arcs():
            _draw_arc(painter, arc, colours[arc.colour], axis)
        for node in nodes:
            _draw_way(painter, node, colours[node.colour], axis)
        outline = QColor(style.foreground)
        outline.setAlpha(110)
        painter.setPen(QPen(outline, 1))
        for node in nodes:
            painter.setBrush(colours[node.colour])
            painter.drawRoundedRect(_box(node, axis), 3, 3)

    def _follow_view(self) -> None:
        """Draw anew when the heatmap is zoomed, moved or laid out again."""
        view = self._plot.panes[0].view
        if view is not self._view:
            self._view = view
            view.sigRangeChanged.connect(self._moved)
            view.sigResized.connect(self._moved)

    def _moved(self, *_: object) -> None:
        self.update()

    def _axis(self) -> Axis:
        """Return where row 0 would lie, and how far it is from one row to the next, in pixels downwards."""
        plot, view = self._plot, self._plot.panes[0].view
        (low, high), transform = view.viewRange()[1], plot.viewportTransform()
        ends: list[float] = [transform.map(view.mapViewToScene(QPointF(0.0, row))).y() for row in (low, high)]
        pixels_per_row = (ends[1] - ends[0]) / (high - low)
        return ends[0] - low * pixels_per_row + plot.y() - self.y(), pixels_per_row

    def _frame(self) -> QRectF:
        low, high = self._plot.panes[0].view.viewRange()[1]
        top, bottom = sorted((self.y_of(low), self.y_of(high)))
        return QRectF(0, top, WIDTH_PX, bottom - top)

    def _pixels_per_row(self) -> float:
        return abs(self._axis()[1])

    def _in_sight(self) -> tuple[int, int]:
        assert self._column is not None
        low, high = self._plot.panes[0].view.viewRange()[1]
        return max(round(low + 0.5), 1), min(round(high - 0.5), self._column.indices.size)

    def _draw_ends(self, painter: QPainter) -> None:
        """Name the ends where they are in sight."""
        assert self._column is not None
        font = QFont(self.font())
        font.setPointSizeF(FONT_PT)
        painter.setFont(font)
        painter.setPen(QColor(self._plot.style_in_use.muted))
        first, last = self._in_sight()
        up = self._axis()[1] < 0
        for name, row, seen in (("input", 0.5, first == 1), ("loss", last + 0.5, last == self._column.indices.size)):
            if seen:
                below = up == (name == "input")
                y = self.y_of(row) + (0 if below else -ENDS_PX)
                place = QRectF(PATH_X - 30, y, 60, ENDS_PX)
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, name)


def _box(node: Part, axis: Axis) -> QRectF:
    origin, pixels_per_row = axis
    height = min(max(abs(pixels_per_row) * node.rows * 0.62, 2.5), HIGHEST_PX)
    width = NARROWEST_PX + node.share * (WIDEST_PX - NARROWEST_PX)
    middle = origin + pixels_per_row * (node.first + node.last) / 2
    return QRectF(PATH_X - width / 2, middle - height / 2, width, height)


def _draw_way(painter: QPainter, node: Part, colour: QColor, axis: Axis) -> None:
    """Draw the signal's way through a node, as thick as what is measured there is large."""
    origin, pixels_per_row = axis
    painter.setPen(QPen(colour, 1.0 + 6.0 * node.share, c=Qt.PenCapStyle.FlatCap))
    begin, end = (origin + pixels_per_row * row for row in (node.first - 0.5, node.last + 0.5))
    painter.drawLine(QPointF(PATH_X, begin), QPointF(PATH_X, end))


def _draw_arc(painter: QPainter, arc: Part, colour: QColor, axis: Axis) -> None:
    origin, pixels_per_row = axis
    begin, end = (origin + pixels_per_row * row for row in (arc.first - 0.5, arc.last + 0.5))
    towards = end - begin
    bulge = min(max(abs(towards) * 0.8, FLATTEST_ARC_PX), WIDEST_ARC_PX)
    # three quarters of the way to its handles: so far that no node hides it
    x = PATH_X - (WIDEST_PX / 2 + bulge / 2) / 0.75
    path = QPainterPath(QPointF(PATH_X, begin))
    path.cubicTo(QPointF(x, begin + towards * 0.1), QPointF(x, end - towards * 0.1), QPointF(PATH_X, end))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 1.2 + 2.4 * arc.share))
    painter.drawPath(path)


@lru_cache(maxsize=8)
def _colours(quantity: Quantity | None, style: Style) -> tuple[QColor, ...]:
    return tuple(QColor(*map(int, colour[:3])) for colour in lookup_table(quantity, style))


def _column(
    history: History | None, quantity: Quantity | None, step: int, limits: tuple[float, float]
) -> Column | None:
    if history is None or quantity is None or step < 0:
        return None
    # what is measured now and then counts until it is measured again, as in the heatmap
    found = history.latest_row(quantity.name, step)
    if found is None:
        values = np.full(len(history.started.rows), np.nan)
        return column_of(values, np.zeros(values.size, np.bool_), limits, logarithmic=False)
    measured = history.measured(quantity.name, found[0])
    return column_of(found[1], measured, limits, logarithmic=quantity.scale == "log10")
