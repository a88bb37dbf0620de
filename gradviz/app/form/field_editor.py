"""What every editor of a field has in common."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gradviz.experiment import RecipeField


class WheelGuard(QObject):
    """Lets the wheel scroll the form instead of changing a value that the person only passes over."""

    def guard(self, widget: QWidget) -> None:
        """Let `widget` take the wheel only while it has the focus, which the wheel does not give it."""
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave the wheel to the form."""
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class FieldEditor(QWidget):
    """Shows and changes the value of one field.

    `changed` carries a value that the person chose, `refused` says why what was typed is none.
    """

    changed = Signal(object)
    refused = Signal(str)

    def __init__(self, field: RecipeField) -> None:
        super().__init__()
        self.field = field
        self._guard = WheelGuard(self)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4)

    def show_value(self, value: Any) -> None:
        """Show `value` without announcing it."""
        raise NotImplementedError

    def take_typed(self) -> None:
        """Take over what is typed and not yet confirmed, as leaving the field would."""

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        """Place a control; it takes the wheel only while it has the focus."""
        self._guard.guard(widget)
        widget.setAccessibleName(self.field.label)
        self.row.addWidget(widget, stretch)
        if self.focusProxy() is None:
            self.setFocusProxy(widget)
