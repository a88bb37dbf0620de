"""How one run is drawn in the list: sign, name and outcome; how it differs, and its loss; how it stands, and when."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gradviz.app.runs import run_words
from gradviz.app.runs.run_model import LISTED, LOSS_TOP
from gradviz.app.runs.sparkline import paint_sparkline
from gradviz.app.runs.status_mark import paint_status
from gradviz.app.session.run_names import name_of
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.runs.run_list import Listed

Index = QModelIndex | QPersistentModelIndex

MARGIN_PX, MARK_PX, GAP_PX = 8, 16, 8
SPARK_PX = 76
LINES = 3
LONGEST_NAME = 120


class RunDelegate(QStyledItemDelegate):
    """Draws the rows of a RunModel, and lets the name be edited in place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.style_now: Style = LIGHT

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return the size of a row: three lines."""
        line = QFontMetrics(option.font).lineSpacing()
        return QSize(200, LINES * line + 2 * MARGIN_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row; called by Qt."""
        listed = index.data(LISTED)
        if not isinstance(listed, Listed):
            return
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        area = self._paint_ground(painter, option, selected=selected)
        style, info = self.style_now, listed.info
        line = QFontMetrics(option.font).lineSpacing()
        mark = QRectF(area.left(), area.top() + (line - MARK_PX) / 2, MARK_PX, MARK_PX)
        paint_status(painter, mark, run_words.sign_of(listed), style)
        text = area.adjusted(MARK_PX + GAP_PX, 0, 0, 0)
        outcome = run_words.outcome_of(info)
        beside = max(SPARK_PX, QFontMetrics(_bold(option.font)).horizontalAdvance(outcome))
        left = QRect(text.left(), text.top(), max(text.width() - beside - GAP_PX, 0), line)
        right = QRect(text.right() - beside + 1, text.top(), beside, line)
        plain, muted = QColor(style.foreground), QColor(style.muted if not selected else style.foreground)
        _write(painter, left, name_of(listed), _bold(option.font), plain)
        _write(painter, right, outcome, _bold(option.font), plain, Qt.AlignmentFlag.AlignRight)
        bad = QColor(style.foreground) if info is not None else QColor(style.series[1])
        _write(painter, left.translated(0, line), run_words.change_of(listed), option.font, bad)
        _write(painter, left.translated(0, 2 * line), self._footing(listed), option.font, muted)
        if info is not None:
            spark = QRectF(right.translated(0, line)).adjusted(right.width() - SPARK_PX, 0, 0, line)
            top = float(index.data(LOSS_TOP) or 0.0)
            paint_sparkline(painter, spark, info.sparkline, QPen(QColor(style.accent), 1.3), top)
        painter.restore()

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index) -> QWidget:
        """Return what a name is typed into."""
        editor = QLineEdit(parent)
        editor.setMaxLength(LONGEST_NAME)
        editor.setAccessibleName("name of the run")
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Offer the present name, once: it is not taken out of the hands of who types when the row changes."""
        assert isinstance(editor, QLineEdit)
        if not editor.isModified() and not editor.text():
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Hand over what was typed."""
        assert isinstance(editor, QLineEdit)
        model.setData(index, editor.text())

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: Index) -> None:
        """Put the editor where the name stands."""
        area = option.rect.adjusted(MARGIN_PX + MARK_PX + GAP_PX - 4, 3, -MARGIN_PX, 0)
        editor.setGeometry(area.left(), area.top(), area.width(), editor.sizeHint().height())

    def _footing(self, listed: Listed) -> str:
        words = f"{run_words.when(listed.began, datetime.now())} · {run_words.status_of(listed)}"
        note = listed.info.note if listed.info is not None else ""
        return f"{words} · {note.splitlines()[0]}" if note.strip() else words

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, *, selected: bool) -> QRect:
        """Paint the ground of a row and a line below it; return where its contents go."""
        palette: QPalette = option.palette
        if selected:
            ground = QColor(self.style_now.accent)
            ground.setAlphaF(0.18)
            painter.fillRect(option.rect, ground)
            painter.fillRect(
                QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()), self.style_now.accent
            )
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, palette.color(QPalette.ColorRole.AlternateBase))
        painter.setPen(QColor(self.style_now.grid))
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(self.style_now.accent), 1, Qt.PenStyle.DotLine))
            painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
        return option.rect.adjusted(MARGIN_PX, MARGIN_PX, -MARGIN_PX, -MARGIN_PX)


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold


def _write(
    painter: QPainter, place: QRect, words: str, font: QFont, colour: QColor,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:  # fmt: skip
    painter.setFont(font)
    painter.setPen(colour)
    shortened = QFontMetrics(font).elidedText(words.replace("\n", " "), Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, shortened)
