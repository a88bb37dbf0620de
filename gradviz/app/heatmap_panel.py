"""The heatmap with its controls: what is shown, how it is coloured, and what lies under the mouse."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gradviz.plots.heatmap import HeatmapPlot
from gradviz.plots.style import Style
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

LIMIT_RANGE = 10_000.0


class HeatmapPanel(QWidget):
    """Heatmap, quantity chooser and colour limits. `quantity_chosen` carries the name of the probe."""

    quantity_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = HeatmapPlot()
        self.quantity = QComboBox()
        self.quantity.setToolTip("Which measurement the heatmap and the profile show")
        self.quantity.setAccessibleName("quantity shown")
        self.quantity.setMinimumWidth(190)
        self.automatic = QCheckBox("Automatic limits")
        self.automatic.setChecked(True)
        self.automatic.setToolTip("Let the colour scale grow with what is measured; untick to fix it by hand")
        self.low = self._limit("lower end of the colour scale")
        self.high = self._limit("upper end of the colour scale")
        self.readout = QLabel("Point at the heatmap to read a value; click to pick a step")
        self.readout.setObjectName("readout")
        self.readout.setAccessibleName("value under the mouse")
        self._lay_out()
        self._connect()
        self._show_limit_fields()

    def show_history(self, history: History | None) -> None:
        """Draw `history`; the chooser offers what it measures."""
        if history is not None:
            self._offer(history.quantities)
        self.plot.show_history(history)

    def refresh(self) -> None:
        """Pull what is new, and let the limit fields follow while they are automatic."""
        self.plot.refresh()
        if self.automatic.isChecked():
            self._follow_limits()

    def apply_style(self, style: Style) -> None:
        """Recolour the plot."""
        self.plot.apply_style(style)

    def _limit(self, meaning: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(-LIMIT_RANGE, LIMIT_RANGE)
        box.setDecimals(1)
        box.setKeyboardTracking(False)
        box.setAccessibleName(meaning)
        box.setToolTip(f"{meaning.capitalize()}: the exponent of ten for logarithmic quantities")
        return box

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(8, 6, 8, 0)
        row.setSpacing(8)
        show = QLabel("S&how")
        show.setBuddy(self.quantity)
        row.addWidget(show)
        row.addWidget(self.quantity)
        row.addStretch(1)
        controls: tuple[QWidget, ...] = (self.automatic, self.low, QLabel("to"), self.high)
        for control in controls:
            row.addWidget(control)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.plot, 1)
        self.readout.setContentsMargins(10, 0, 8, 4)
        column.addWidget(self.readout)

    def _connect(self) -> None:
        self.quantity.currentIndexChanged.connect(self._choose)
        self.automatic.toggled.connect(self._limits_changed)
        self.low.valueChanged.connect(self._limits_changed)
        self.high.valueChanged.connect(self._limits_changed)
        self.plot.hovered.connect(self.readout.setText)

    def _offer(self, quantities: tuple[Quantity, ...]) -> None:
        offered = [self.quantity.itemData(index) for index in range(self.quantity.count())]
        if offered == [quantity.name for quantity in quantities]:
            return
        chosen = self.quantity.currentData()
        with QSignalBlocker(self.quantity):
            self.quantity.clear()
            for index, quantity in enumerate(quantities):
                self.quantity.addItem(quantity.label, quantity.name)
                self.quantity.setItemData(index, quantity.description, 3)  # Qt.ItemDataRole.ToolTipRole
            self.quantity.setCurrentIndex(max(self.quantity.findData(chosen), 0))
        self._choose()

    def _choose(self) -> None:
        name = self.quantity.currentData()
        if name is not None:
            self.plot.show_quantity(name)
            # limits fixed for one quantity mean nothing for another
            self.automatic.setChecked(True)
            self.plot.set_auto_limits()
            self._follow_limits()
            self.quantity_chosen.emit(name)

    def _limits_changed(self) -> None:
        self._show_limit_fields()
        if self.automatic.isChecked():
            self.plot.set_auto_limits()
            self._follow_limits()
        elif self.low.value() < self.high.value():
            self.plot.set_limits(self.low.value(), self.high.value())

    def _show_limit_fields(self) -> None:
        fixed = not self.automatic.isChecked()
        self.low.setEnabled(fixed)
        self.high.setEnabled(fixed)

    def _follow_limits(self) -> None:
        low, high = self.plot.limits
        for box, value in ((self.low, low), (self.high, high)):
            if box.value() != value:
                with QSignalBlocker(box):
                    box.setValue(value)
