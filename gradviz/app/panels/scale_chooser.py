"""Which values the colours of a heatmap reach over: the same for all runs, those of what is shown, or set by hand."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QWidget

from gradviz.plots.heatmaps.heatmap import HeatmapPlot, ScaleOf
from gradviz.recording.frame import Quantity

LIMIT_RANGE = 10_000.0
BY_HAND = "hand"


class LimitBox(QDoubleSpinBox):
    """One end of the colour scale: a power of ten for a logarithmic quantity, else a plain number."""

    def __init__(self, meaning: str) -> None:
        super().__init__()
        self.setKeyboardTracking(False)
        self.setAccessibleName(meaning)
        self.setToolTip(meaning.capitalize())
        self.show_scale(logarithmic=True)

    def show_scale(self, *, logarithmic: bool) -> None:
        """Write the limit as the colour bar writes it."""
        self.setPrefix("10^" if logarithmic else "")
        self.setDecimals(1 if logarithmic else 4)
        self.setSingleStep(1.0 if logarithmic else 0.1)

    def textFromValue(self, value: float) -> str:
        """Write no more digits than there are."""
        return f"{value:.7g}"


class ScaleChooser(QWidget):
    """Sets the colour scale of `plot`; `these` is what to call a scale for what the plot shows."""

    def __init__(self, plot: HeatmapPlot, these: str) -> None:
        super().__init__()
        self._plot = plot
        self.choice = QComboBox()
        for words, data, tip in (
            ("Colours: all runs", "all", "The same colours for every run: dark is a lost signal everywhere"),
            (f"Colours: {these}", "these", "As far as the values shown go, but for outliers: fine differences show"),
            ("Colours: by hand", BY_HAND, "Set both ends of the scale"),
        ):
            self.choice.addItem(words, data)
            self.choice.setItemData(self.choice.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.choice.setToolTip("What the colours reach over; beyond it they are black and orange")
        # it takes what it needs where there is room, and gives way where there is none
        self.choice.setMinimumWidth(90)
        self.choice.setAccessibleName("what the colour scale reaches over")
        self.low = LimitBox("lower end of the colour scale")
        self.high = LimitBox("upper end of the colour scale")
        # the one can always give way to the other
        self.low.setRange(-LIMIT_RANGE, LIMIT_RANGE - 1)
        self.high.setRange(1 - LIMIT_RANGE, LIMIT_RANGE)
        self._between = QLabel("to")
        self._between.setToolTip("The ends of the colour scale")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in (self.choice, self.low, self._between, self.high):
            row.addWidget(part)
        self.choice.currentIndexChanged.connect(self._chosen)
        self.low.valueChanged.connect(self._limits_changed)
        self.high.valueChanged.connect(self._limits_changed)
        self._show_fields()

    @property
    def by_hand(self) -> bool:
        """Whether the ends are set by hand."""
        return bool(self.choice.currentData() == BY_HAND)

    def in_tab_order(self) -> list[QWidget]:
        """Return what takes the keyboard, in the order in which Tab reaches it."""
        return [self.choice, self.low, self.high]

    def choose(self, which: str) -> None:
        """Choose a scale: `all`, `these` or BY_HAND."""
        self.choice.setCurrentIndex(self.choice.findData(which))

    def show_quantity(self, quantity: Quantity) -> None:
        """Write the limits as fits another quantity; limits set by hand for one mean nothing for another."""
        for box in (self.low, self.high):
            box.show_scale(logarithmic=quantity.scale == "log10")
        if self.by_hand:
            self.choose("all")
        self.follow()

    def follow(self) -> None:
        """Let the fields follow the scale of the plot, unless they set it."""
        if self.by_hand:
            return
        for box, value in zip((self.low, self.high), self._plot.limits, strict=True):
            if box.value() != value:
                with QSignalBlocker(box):
                    box.setValue(value)

    def _chosen(self) -> None:
        self._show_fields()
        if self.by_hand:
            self._limits_changed()
            return
        scale: ScaleOf = self.choice.currentData()
        self._plot.set_scale_of(scale)
        self.follow()

    def _show_fields(self) -> None:
        for part in (self.low, self._between, self.high):
            part.setVisible(self.by_hand)

    def _limits_changed(self) -> None:
        if self.by_hand:
            self._part_limits()
            self._plot.set_limits(self.low.value(), self.high.value())

    def _part_limits(self) -> None:
        """Keep the lower end below the upper one: the end that was not touched gives way."""
        if self.low.value() < self.high.value():
            return
        touched, other, step = self.high, self.low, -self.high.singleStep()
        if self.sender() is self.low:
            touched, other, step = self.low, self.high, self.low.singleStep()
        with QSignalBlocker(other):
            other.setValue(touched.value() + step)
