"""How the numbers of a layer are spread: which numbers, and of which layer."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QGraphicsView,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.form.field_editors import ElidingBox
from gradviz.app.panels.layer_box import LayerBox
from gradviz.app.panels.panel import PanelContext
from gradviz.app.theme import ICON_PX, icon
from gradviz.experiment import Experiment
from gradviz.plots.histogram import HistogramPlot
from gradviz.plots.parts.style import Style
from gradviz.recording.frame import KINDS
from gradviz.recording.history import History

# what the run is watched for
FIRST_SHOWN = "gradients"
WIDEST_PX = 160


class DistributionPanel(QWidget):
    """The histogram of one kind of numbers in one layer, as last measured up to a step, and as it was at first.

    It is set to a layer here, or follows one chosen elsewhere, as the worst of a finding.
    """

    def __init__(self, context: PanelContext) -> None:
        super().__init__()
        self._context = context
        self.plot = HistogramPlot()
        # it has no keys of its own
        self.plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.plot.setToolTip("Point at a bin to read how many numbers lie in it; the wheel zooms")
        self.kind = ElidingBox()
        self.kind.setMinimumContentsLength(8)
        self.kind.setMaximumWidth(WIDEST_PX)
        self.kind.setAccessibleName("numbers whose distribution is shown")
        self.kind.setToolTip("Which numbers of the layer are counted")
        for number, kind in enumerate(KINDS):
            self.kind.addItem(kind.label, kind.name)
            self.kind.setItemData(number, kind.description, Qt.ItemDataRole.ToolTipRole)
        self.layer = LayerBox("layer whose distribution is shown")
        self.logarithmic = QCheckBox("Lo&garithmic")
        self.logarithmic.setToolTip("Draw densities over powers of ten, where rare numbers are seen beside common ones")
        self.fit = QToolButton()
        self.fit.setAutoRaise(True)
        self.fit.setIconSize(QSize(ICON_PX, ICON_PX))
        self.fit.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.fit.setAccessibleName("show the whole range")
        self.fit.setToolTip("Show the whole range of the numbers again")
        self._lay_out()
        self.kind.currentIndexChanged.connect(self._choose_kind)
        self.layer.picked.connect(self._pick_layer)
        self.logarithmic.toggled.connect(self.plot.show_logarithmic)
        self.fit.clicked.connect(self.plot.show_all)
        context.experiment_changed.connect(self.show_experiment)
        context.whole_wanted.connect(self.plot.show_all)
        self.kind.setCurrentIndex(self.kind.findData(FIRST_SHOWN))

    def show_history(self, history: History | None) -> None:
        """Show another run or preview, the latest step of it; None shows none."""
        if history is not None:
            self.layer.offer(len(history.started.rows))
            self.plot.show_row(self.layer.value())
        self.plot.show_history(history)

    def show_experiment(self, experiment: Experiment) -> None:
        """Offer the layers of a network of which nothing is measured yet, unless a run is shown."""
        if self.plot.history is None:
            self.layer.offer(len(experiment.network.rows()))

    def show_step(self, step: int | None) -> None:
        """Show what was measured at `step` or, before it, last; None follows the latest."""
        self.plot.show_step(step)

    def show_row(self, row: int) -> None:
        """Show the layer of that number."""
        self.layer.show_layer(row)
        self.plot.show_row(self.layer.value())

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        self.plot.refresh()
        if not self.visibleRegion().isEmpty():
            self._context.closer_look_wanted.emit()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.plot.apply_style(style)
        self.fit.setIcon(icon("fit", style))

    def stop(self) -> bool:
        """Return True: nothing here runs in a thread."""
        return True

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the plot a person can export, by name."""
        return {"distribution": self.plot}

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(8, 6, 8, 0)
        row.setSpacing(8)
        label = QLabel("La&yer")
        label.setBuddy(self.layer)
        label.setToolTip(self.layer.toolTip())
        row.addWidget(self.kind, 2)
        controls: tuple[QWidget, ...] = (label, self.layer, self.logarithmic)
        for control in controls:
            row.addWidget(control)
        row.addStretch(1)
        row.addWidget(self.fit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.plot, 1)

    def _choose_kind(self, _index: int) -> None:
        self.plot.show_kind(self.kind.currentData())

    def _pick_layer(self, layer: int) -> None:
        self.plot.show_row(layer)
        self._context.row_picked.emit(layer)
