"""The heatmap with its controls: what is shown, how it is coloured, and what lies under the mouse."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGraphicsView,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.panels.panel import PanelContext, PlainPanel
from gradviz.app.panels.scale_chooser import ScaleChooser
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.network.network_strip import NetworkStrip
from gradviz.plots.parts.notice import NO_RUN
from gradviz.plots.parts.style import Style
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

LITTLE_ROOM_PX = 460
# what stands in the line of the readout while nothing is under the mouse
PROMPT = "Point at a plot to read a value; click or drag to pick a step"
KEYS = "← → pick a step (with Shift ten further), Space plays, Escape follows the latest"


class HeatmapPanel(PlainPanel):
    """Heatmap, quantity chooser, colour limits and playback; it says what is under the mouse on every plot."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__()
        self._context = context
        self.plot = HeatmapPlot()
        self.strip = NetworkStrip(self.plot)
        self.quantity = QComboBox()
        self.quantity.setToolTip("Which measurement the heatmap and the profile show")
        self.quantity.setAccessibleName("quantity shown")
        # it takes what it needs where there is room, and gives way where there is none
        self.quantity.setMinimumWidth(90)
        self.quantity.setMaximumWidth(240)
        self.summary = QComboBox()
        self.summary.addItem("Max", "largest")
        self.summary.addItem("Mean", "mean")
        self.summary.setToolTip(
            "What a column shows where several steps share it: the maximum keeps a spike of a single step in sight, "
            "the mean (of logarithms: the geometric mean) is what is usual"
        )
        self.summary.setAccessibleName("what stands for several steps")
        self.scale = ScaleChooser(self.plot, "this run")
        self.plot.setToolTip(
            "Click or drag to pick a step, also with ← and →. The wheel zooms, the middle button moves, "
            "and the right button drags an axis longer or shorter"
        )
        self.readout = QLabel(PROMPT)
        self.readout.setToolTip("The value under the mouse, exact where the colours are not")
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.readout.setAccessibleName("value under the mouse")
        self._lay_out()
        self._connect()
        self._follow_context()

    def show_history(self, history: History | None) -> None:
        """Draw `history`; the chooser offers what it measures."""
        self.plot.show_history(history)
        if history is not None:
            self._offer(history.quantities)
        self.refresh()

    def refresh(self) -> None:
        """Pull what is new, and let the fields of the colour scale follow."""
        self.plot.refresh()
        self.strip.refresh()
        self.scale.follow()

    def show_step(self, step: int | None) -> None:
        """Mark `step`; None marks nothing and stands for the latest."""
        self.plot.show_step(step)
        self.strip.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave most of little room to the heatmap; called by Qt."""
        super().resizeEvent(event)
        self.strip.be_narrow(self.width() < LITTLE_ROOM_PX)

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the heatmap."""
        return {"heatmap": self.plot}

    def in_tab_order(self) -> list[QWidget]:
        """Return what takes the keyboard, in the order in which Tab reaches it."""
        own: list[QWidget] = [self.quantity, self.summary, *self.scale.in_tab_order(), self.plot]
        return own + self._context.playback_bar.in_tab_order()

    def choose(self, name: str) -> None:
        """Show the quantity `name`, if the run has it."""
        index = self.quantity.findData(name)
        if index >= 0:
            self.quantity.setCurrentIndex(index)

    def apply_style(self, style: Style) -> None:
        """Recolour the plot, and the network beside it."""
        self.plot.apply_style(style)
        self.strip.refresh()

    def say(self, words: str) -> None:
        """Show what is under the mouse, on whichever plot; a hint where it is nothing."""
        self.readout.setText(words or (KEYS if self.plot.hasFocus() else PROMPT))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Say which keys the heatmap takes while it has the focus."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.say(KEYS if event.type() is QEvent.Type.FocusIn else PROMPT)
        return False

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(8, 6, 8, 0)
        row.setSpacing(8)
        show = QLabel("S&how")
        show.setBuddy(self.quantity)
        show.setToolTip(self.quantity.toolTip())
        row.addWidget(show)
        row.addWidget(self.quantity, 10)
        row.addWidget(self.summary)
        row.addStretch(1)
        row.addWidget(self.scale)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        pictures = QHBoxLayout()
        pictures.setSpacing(0)
        pictures.addWidget(self.strip)
        pictures.addWidget(self.plot, 1)
        column.addLayout(pictures, 1)

    def _connect(self) -> None:
        self.quantity.currentIndexChanged.connect(self._choose)
        self.summary.currentIndexChanged.connect(lambda: self.plot.show_summary(self.summary.currentData()))
        # after the plot has taken them
        for changed in (
            self.scale.choice.currentIndexChanged,
            self.scale.low.valueChanged,
            self.scale.high.valueChanged,
        ):
            changed.connect(self.strip.refresh)
        self.plot.installEventFilter(self)

    def _follow_context(self) -> None:
        context = self._context
        context.hovered.connect(self.say)
        self.strip.hovered.connect(context.hovered)
        self.strip.row_wanted.connect(context.row_wanted)
        context.quantity_wanted.connect(self.choose)
        context.first_layer_changed.connect(self.plot.set_first_layer_at)
        context.whole_wanted.connect(self.plot.show_all)
        context.absence_changed.connect(self._say_absent)

    def _say_absent(self, words: str) -> None:
        self.plot.absence = words or NO_RUN
        self.plot.refresh()

    def _offer(self, quantities: tuple[Quantity, ...]) -> None:
        offered = [self.quantity.itemData(index) for index in range(self.quantity.count())]
        if offered == [quantity.name for quantity in quantities]:
            return
        chosen = self.quantity.currentData()
        with QSignalBlocker(self.quantity):
            self.quantity.clear()
            for index, quantity in enumerate(quantities):
                self.quantity.addItem(quantity.label, quantity.name)
                self.quantity.setItemData(index, quantity.description, Qt.ItemDataRole.ToolTipRole)
            self.quantity.setCurrentIndex(max(self.quantity.findData(chosen), 0))
        self._choose()

    def _choose(self) -> None:
        name = self.quantity.currentData()
        if name is not None:
            self.plot.show_quantity(name)
            if self.plot.quantity is not None:
                self.scale.show_quantity(self.plot.quantity)
            self.strip.refresh()
            self._context.quantity_shown.emit(name)
