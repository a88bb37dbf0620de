"""The thresholds of the verdict on a form, each with its unit, range and reason; a change counts at once."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.form.field_editor import WheelGuard
from gradviz.app.verdict.threshold_box import ThresholdBox, written
from gradviz.diagnosis import ThresholdError, Thresholds, ThresholdSpec, threshold_specs

FIRST_SIZE = QSize(560, 640)
BOX_WIDTH_PX = 110
INTRODUCTION = "The numbers that decide what is a finding. A change counts at once and is kept; bold: changed."


class ThresholdRow:
    """Label, editor, unit and a way back to the default, with the reason below."""

    def __init__(self, name: str, spec: ThresholdSpec, default: float) -> None:
        self.name, self.default = name, default
        self.box = ThresholdBox(spec, default)
        self.box.setFixedWidth(BOX_WIDTH_PX)
        self.label = QLabel(spec.label)
        self.label.setBuddy(self.box)
        self.unit = QLabel(spec.unit)
        self.reset = QPushButton("Reset")
        self.reset.setToolTip(f"Back to {written(default)}")
        self.reset.setAccessibleName(f"Reset {spec.label} to {written(default)}")
        limits = f"Allowed: {written(spec.low)} to {written(spec.high)}. Default: {written(default)}."
        self.reason = QLabel(f"{spec.reason} {limits}")
        self.reason.setWordWrap(True)
        self.reason.setTextFormat(Qt.TextFormat.PlainText)
        self.reason.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.box.setAccessibleDescription(self.reason.text())
        for widget in (self.label, self.box, self.unit):
            widget.setToolTip(self.reason.text())

    def show_value(self, value: float) -> None:
        """Show a value; the label is bold where it is not the default."""
        changed = value != self.default
        # resetting must not take the focus from the row
        if not changed and self.reset.hasFocus():
            self.box.setFocus()
        self.reset.setEnabled(changed)
        font = self.label.font()
        font.setBold(changed)
        self.label.setFont(font)
        self.box.show_value(value)


class ThresholdsDialog(QDialog):
    """All thresholds on one form; the window stays usable beside it.

    `changed` carries the Thresholds after every change by the person.
    """

    changed = Signal(object)

    def __init__(self, thresholds: Thresholds, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Thresholds of the verdict")
        self._thresholds = thresholds
        self.rows = {
            name: ThresholdRow(name, spec, getattr(Thresholds(), name)) for name, spec in threshold_specs().items()
        }
        self.mistake = QLabel()
        self.mistake.setWordWrap(True)
        self.mistake.setTextFormat(Qt.TextFormat.PlainText)
        self.mistake.setAccessibleName("why the last number was refused")
        self.mistake.hide()
        self.area = QScrollArea()
        self.reset_all = QPushButton("Reset &all")
        self.reset_all.setToolTip("Put every threshold back to its default")
        self._guard = WheelGuard(self)
        self._lay_out()
        for name, row in self.rows.items():
            row.box.chosen.connect(partial(self._change, name))
            row.box.refused.connect(self._complain)
            row.reset.clicked.connect(lambda _checked=False, row=row: self._change(row.name, row.default))
        self.reset_all.clicked.connect(lambda: self._take(Thresholds()))
        self._show()

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds as they are on the form."""
        return self._thresholds

    def go_to(self, name: str) -> None:
        """Scroll to the threshold `name` and focus it."""
        row = self.rows[name]
        row.box.setFocus(Qt.FocusReason.OtherFocusReason)
        row.box.selectAll()
        # a dialog that was never shown has no layout yet
        QTimer.singleShot(0, row.box, lambda: self._bring_into_sight(row))

    def _bring_into_sight(self, row: ThresholdRow) -> None:
        self.area.ensureWidgetVisible(row.reason)
        self.area.ensureWidgetVisible(row.box)

    def _change(self, name: str, value: float) -> None:
        try:
            changed = self._thresholds.changed(**{name: value})
        except ThresholdError as error:
            self._show()
            self._complain(_with_labels(str(error)))
            return
        self._take(changed)

    def _take(self, thresholds: Thresholds) -> None:
        self.mistake.hide()
        if thresholds != self._thresholds:
            self._thresholds = thresholds
            self._show()
            self.changed.emit(thresholds)

    def _show(self) -> None:
        for name, row in self.rows.items():
            row.show_value(getattr(self._thresholds, name))
        self.reset_all.setEnabled(self._thresholds != Thresholds())

    def _complain(self, why: str) -> None:
        self.mistake.setText(f"⚠ {why}")
        self.mistake.show()

    def _lay_out(self) -> None:
        content = QWidget()
        grid = QGridLayout(content)
        grid.setContentsMargins(12, 8, 12, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(2, 1)
        for number, row in enumerate(self.rows.values()):
            for place, widget in enumerate((row.label, row.box, row.unit, row.reset)):
                grid.addWidget(widget, 3 * number, place)
            grid.addWidget(row.reason, 3 * number + 1, 0, 1, 4)
            grid.setRowMinimumHeight(3 * number + 2, 10)
            self._guard.guard(row.box)
        grid.setRowStretch(3 * len(self.rows), 1)
        self.area.setWidget(content)
        self.area.setWidgetResizable(True)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        introduction = QLabel(INTRODUCTION)
        introduction.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.reset_all, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.rejected.connect(self.reject)
        for button in (self.reset_all, *(row.reset for row in self.rows.values())):
            # Return confirms the number that is being typed
            button.setAutoDefault(False)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        column = QVBoxLayout(self)
        column.addWidget(introduction)
        column.addWidget(self.area, 1)
        column.addWidget(self.mistake)
        column.addWidget(buttons)
        self.resize(FIRST_SIZE)


def _with_labels(message: str) -> str:
    """Replace the names of the fields by their labels."""
    for name, spec in threshold_specs().items():
        message = message.replace(name, f"“{spec.label}”")
    return message
