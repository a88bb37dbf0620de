"""One row of the form: label, editor, and what marks a changed field and puts it back; and the groups of rows."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.form.field_editor import FieldEditor
from gradviz.app.form.field_editors import editor_for
from gradviz.app.form.role_picture import RolePicture
from gradviz.app.theme import GRID_PX, Type, font_of
from gradviz.experiment import Experiment, RecipeField, value_in_words

LABEL_WIDTH_PX = 112
DOT_PX = 16


class ChangedMark(QAbstractButton):
    """A dot beside a field that is not at its default; under the mouse an arrow back, and pressed the way back."""

    def __init__(self, field: RecipeField) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedSize(QSize(DOT_PX, DOT_PX))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        default = value_in_words(field, field.default)
        self.setToolTip(f"Changed; click to reset {field.label} to {default}")
        self.setAccessibleName(f"reset {field.label} to {default}")
        policy = self.sizePolicy()
        # what is beside it never moves
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a dot, or an arrow back; called by Qt."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        middle = QPointF(self.width() / 2, self.height() / 2)
        if not self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawEllipse(middle, 3.5, 3.5)
            return
        painter.setPen(QPen(accent, 1.8))
        box = self.rect().adjusted(3, 3, -3, -3)
        painter.drawArc(box, 60 * 16, 270 * 16)
        tip = QPointF(box.right() - 1.5, box.top() + 2.0)
        painter.drawLine(tip, tip + QPointF(0.5, -4))
        painter.drawLine(tip, tip + QPointF(-4, 0.5))


class FieldRow:
    """Label, editor and mark of a field; one that does not apply is not shown."""

    def __init__(self, field: RecipeField) -> None:
        self.field = field
        self.editor: FieldEditor = editor_for(field)
        self.label = QLabel(field.label)
        self.label.setFixedWidth(LABEL_WIDTH_PX)
        self.label.setBuddy(self.editor)
        self.label.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.mark = ChangedMark(field)
        self.picture = RolePicture(field.spec.role)
        self.place = QWidget()
        row = QHBoxLayout(self.place)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID_PX)
        row.addWidget(self.editor, 1)
        row.addWidget(self.picture)
        row.addWidget(self.mark)
        self.applies = True
        self._help = describe(field)
        if field.spec.role:
            self.label.setFont(font_of(Type.TITLE, bold=True))

    def show(self, experiment: Experiment, reason: str) -> None:
        """Show the field's value; not where there is a `reason` why it does not count."""
        value = experiment.value(self.field.name)
        self.applies = not reason
        self.editor.show_value(value)
        self.mark.setVisible(self.applies and value != self.field.default)
        if self.field.spec.role:
            leak = experiment.network.phi.leaky_slope if experiment.network.phi is not None else 0.0
            self.picture.show_value(str(value), leak)
        for widget in (self.label, self.editor, self.place):
            widget.setToolTip(self._help)

    def has_focus(self) -> bool:
        """Whether the keyboard is in this row."""
        focus = QApplication.focusWidget()
        return focus is not None and self.place.isAncestorOf(focus)

    def lock(self, locked: bool) -> None:
        """Let the field be changed, or not."""
        for widget in (self.label, self.place):
            widget.setEnabled(not locked)
        if locked:
            for widget in (self.label, self.editor, self.place):
                widget.setToolTip(f"Locked in this lesson. {self._help}")


class Group(QWidget):
    """A heading that opens and closes, over rows of fields."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = QToolButton()
        self.heading.setText(title)
        self.heading.setAutoRaise(True)
        self.heading.setArrowType(Qt.ArrowType.DownArrow)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setToolTip(f"Show or hide {title.lower()}")
        font = self.heading.font()
        font.setBold(True)
        self.heading.setFont(font)
        self.content = QWidget()
        self.rows = QFormLayout(self.content)
        self.rows.setContentsMargins(8, 0, 4, 6)
        self.rows.setHorizontalSpacing(GRID_PX)
        self.rows.setVerticalSpacing(GRID_PX)
        self.rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.heading)
        column.addWidget(self.content)
        self.heading.clicked.connect(self._turn)

    def _turn(self) -> None:
        opened = self.content.isHidden()
        self.content.setVisible(opened)
        self.heading.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)

    def add(self, row: FieldRow) -> None:
        """Take a row, or another in the place of one that was removed."""
        self.rows.addRow(row.label, row.place)

    def remove(self, row: FieldRow) -> None:
        """Let go of a row. It is deleted later: the change that removes it may come from its own editor."""
        self.rows.takeRow(row.label)
        for widget in (row.label, row.place):
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()

    def show_row(self, row: FieldRow) -> None:
        """Show a row if it applies. Rows depend on those above them, so what is under the mouse stays there."""
        self.rows.setRowVisible(row.label, row.applies)


def describe(field: RecipeField) -> str:
    """Say what a field means, what it may be, and what it is at first."""
    return (
        f"{field.description}.\nAllowed: {field.allowed}. Default: {value_in_words(field, field.default)}.\n"
        "A dot beside it: not the default. Click the dot to reset."
    )
