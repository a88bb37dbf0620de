"""The activation of the network that is shown: its curves, the inputs it is fed, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QGraphicsView, QHBoxLayout, QLabel, QSplitter, QTabBar, QToolButton, QVBoxLayout, QWidget

from gradviz.app.panels.activation_costs_panel import ActivationCostsPanel
from gradviz.app.panels.layer_box import LayerBox
from gradviz.app.panels.panel import PanelContext
from gradviz.app.theme import ICON_PX, icon
from gradviz.experiment import ActivationChoice, Experiment
from gradviz.plots.activation import ActivationPlot
from gradviz.plots.parts.style import Style
from gradviz.recording.activations import ActivationCurve
from gradviz.recording.history import History

# from this height on curves and costs stand one below the other, below it one at a time
BOTH_PX = 720
ABSENT = (
    "A watched network has activations of its own, one or many. What can be drawn here are those of networks that "
    "gradviz builds."
)


class ActivationPanel(QWidget):
    """Curves with the pre-activations of a layer of the run, or preview, that is shown; below them what all cost.

    The curves need torch, so the thread of previews is asked for them, and `show_curve` takes its answer.
    """

    def __init__(self, context: PanelContext) -> None:
        super().__init__()
        self._context = context
        self.plot = ActivationPlot()
        self.plot.setToolTip(
            "Click or drag to move the cursor, also with ← and → (with Shift finer, Page Up and Page Down farther). "
            "The wheel zooms"
        )
        self.costs = ActivationCostsPanel()
        self.layer = LayerBox("layer whose pre-activations are drawn")
        self.fit = QToolButton()
        self.fit.setAutoRaise(True)
        self.fit.setIconSize(QSize(ICON_PX, ICON_PX))
        self.fit.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.fit.setAccessibleName("show the ordinary range")
        self.fit.setToolTip("Show the ordinary range of x again, as wide as the pre-activations ask for")
        self.tabs = QTabBar()
        self.absent = QLabel(ABSENT)
        self.absent.setWordWrap(True)
        self.absent.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.absent.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.absent.setMargin(24)
        self.absent.setToolTip("Why there is nothing to see here")
        self.absent.hide()
        self._of_curves = QWidget()
        self._parts = QSplitter(Qt.Orientation.Vertical)
        self._pages: tuple[QWidget, QWidget] = self.plot, self.costs
        self._history: History | None = None
        self._step: int | None = None
        self._wanted: ActivationChoice | None = None
        self._shown: ActivationChoice | None = None
        self._lay_out()
        self.layer.picked.connect(self._pick_layer)
        self.fit.clicked.connect(self.plot.show_all)
        self.tabs.currentChanged.connect(self._fit_height)
        self.costs.failed.connect(context.failed)
        context.preview.curve_found.connect(self.show_curve)
        context.experiment_changed.connect(self.show_experiment)
        context.training_changed.connect(self.costs.show_training)
        context.whole_wanted.connect(self.plot.show_all)

    def show_experiment(self, experiment: Experiment) -> None:
        """Show the activation of `experiment`, which may not have been measured yet, and measure costs on its device.

        The inputs of the run or preview shown so far stay behind it only if they are inputs of the same function.
        """
        if self._history is None:
            self.layer.offer(len(experiment.network.rows()))
        self._ask_for(experiment)
        self.costs.show_experiment(experiment)
        self._follow()

    def show_history(self, history: History | None) -> None:
        """Show the activation and the latest pre-activations of a run or preview; None shows no inputs."""
        self._history = history
        self._fit_height()
        if history is not None:
            self.layer.offer(len(history.started.rows))
            if (experiment := history.started.experiment) is not None:
                self._ask_for(experiment)
                self.costs.show_experiment(experiment)
        self._follow()

    def show_curve(self, experiment: Experiment, curve: ActivationCurve) -> None:
        """Draw `curve`, of the activation of `experiment`, unless another one has been asked for meanwhile."""
        if (function := experiment.network.phi) is not None and function == self._wanted:
            self._shown = function
            self.plot.show_curve(curve)
            self._follow()

    def show_step(self, step: int | None) -> None:
        """Show the pre-activations of `step` or, before it, the last ones measured; None follows the latest."""
        self._step = step
        self._follow()

    def show_row(self, row: int) -> None:
        """Show the pre-activations of the layer of that number."""
        self.layer.show_layer(row)
        self._follow()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        if self._shown is not None:
            self.plot.refresh()
        if not self.visibleRegion().isEmpty():
            self._context.closer_look_wanted.emit()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.plot.apply_style(style)
        self.costs.apply_style(style)
        self.fit.setIcon(icon("fit", style))

    def stop(self) -> bool:
        """End what runs in threads; return whether it has ended."""
        return self.costs.stop()

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the plots a person can export, by name."""
        return {"activation": self.plot, "activation costs": self.costs.plot}

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show both plots where there is room for both; called by Qt."""
        super().resizeEvent(event)
        self._fit_height()

    def _lay_out(self) -> None:
        label = QLabel("La&yer")
        label.setBuddy(self.layer)
        label.setToolTip(self.layer.toolTip())
        of_curves = QHBoxLayout(self._of_curves)
        of_curves.setContentsMargins(0, 0, 0, 0)
        of_curves.setSpacing(8)
        for control in (label, self.layer, self.fit):
            of_curves.addWidget(control)
        for text, tip in (
            ("Curves", "The activation and its derivative, and the inputs that a layer feeds it"),
            ("Cost", "What every activation costs per element on this device"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(text), tip)
        self.tabs.setAccessibleName("curves or cost")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 2)
        row.addWidget(self.tabs)
        row.addStretch(1)
        row.addWidget(self._of_curves)
        self._parts.setChildrenCollapsible(False)
        for number, page in enumerate(self._pages):
            self._parts.addWidget(page)
            self._parts.setStretchFactor(number, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.absent, 1)
        column.addWidget(self._parts, 1)

    def _fit_height(self, *_: Any) -> None:
        both = self.height() >= BOTH_PX
        absent = self._history is not None and _activation_of(self._history) is None
        self.absent.setVisible(absent)
        self._parts.setVisible(not absent)
        self.tabs.setVisible(not both and not absent)
        for number, page in enumerate(self._pages):
            page.setVisible(both or self.tabs.currentIndex() == number)
            if not page.isVisibleTo(self):
                # what is out of sight can be exported, too
                page.resize(self._parts.size())
                if (layout := page.layout()) is not None:
                    layout.activate()
        self._of_curves.setVisible(self.plot.isVisibleTo(self) and not absent)

    def _ask_for(self, experiment: Experiment) -> None:
        if (function := experiment.network.phi) != self._wanted:
            self._wanted = function
            if function is not None and function != self._shown:
                self._context.preview.request_curve(experiment)

    def _fitting(self) -> History | None:
        """Return the run, if its inputs are inputs of the function that is drawn."""
        history = self._history
        known = _activation_of(history) if history is not None else None
        return history if known is not None and known == self._shown == self._wanted else None

    def _follow(self) -> None:
        """Let the plot show the inputs of the run, layer and step, once there is a curve."""
        if self._shown is None:
            return
        fitting = self._fitting()
        if self.plot.history is not fitting:
            self.plot.show_history(fitting)
        self.plot.show_row(self.layer.value())
        self.plot.show_step(self._step)

    def _pick_layer(self, layer: int) -> None:
        self._follow()
        self._context.row_picked.emit(layer)


def _activation_of(history: History) -> ActivationChoice | None:
    """Return the activation of the network; None for one that has no single one, or is not known to have."""
    experiment = history.started.experiment
    return experiment.network.phi if experiment is not None else None
