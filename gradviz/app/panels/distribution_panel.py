"""How the numbers of a layer are spread: which numbers, and of which layer."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
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
from gradviz.app.theme import ICON_PX, icon
from gradviz.experiment import Experiment, stack_of
from gradviz.plots.histogram import NONE_YET, HistogramPlot, stand_in
from gradviz.plots.pages.film import Actor
from gradviz.plots.parts.notice import NO_RUN
from gradviz.plots.parts.style import Style
from gradviz.recording.frame import KINDS, Distributions
from gradviz.recording.history import History

# what the run is watched for
FIRST_SHOWN = "gradients"
WIDEST_PX = 160
# so many looks, from all over a run, tell how far its numbers reach
AXIS_SAMPLES = 100
WATCHED = "Of a watched network no distributions are recorded, only what each module's numbers amount to."


class DistributionPanel(QWidget):
    """The histogram of one kind of numbers in one layer, as last measured up to a step, and as it was at first.

    `layer_picked` carries a layer chosen here; `show_layer` follows one chosen elsewhere, as the worst of a finding.
    `hovered` says in words what is under the mouse.
    """

    layer_picked = Signal(int)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        self._history: History | None = None
        self._step: int | None = None
        self._drawn: object = None
        self._lay_out()
        self.kind.currentIndexChanged.connect(self._choose_kind)
        self.layer.picked.connect(self._pick_layer)
        self.logarithmic.toggled.connect(self.plot.show_logarithmic)
        self.fit.clicked.connect(self.plot.show_all)
        self.plot.hovered.connect(self.hovered)
        self.kind.setCurrentIndex(self.kind.findData(FIRST_SHOWN))

    def show_history(self, history: History | None) -> None:
        """Show another run or preview, the latest step of it; None shows none."""
        self._history, self._step, self._drawn = history, None, None
        if history is not None:
            self.layer.offer(len(history.started.rows))
            self.plot.show_layer(self.layer.value())
        self.refresh()

    def show_experiment(self, experiment: Experiment) -> None:
        """Offer the layers of a network of which nothing is measured yet, unless a run is shown."""
        if self._history is None:
            self.layer.offer(stack_of(experiment).depth)

    def show_step(self, step: int | None) -> None:
        """Show what was measured at `step` or, before it, last; None follows the latest."""
        self._step = step
        self.refresh()

    def show_layer(self, layer: int) -> None:
        """Show `layer`."""
        self.layer.show_layer(layer)
        self.plot.show_layer(self.layer.value())

    def show_all(self) -> None:
        """Show the whole range of the numbers again."""
        self.plot.show_all()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        history, step = self._history, self._step
        now = distributions_shown(history, step)
        if self._drawn == (history, now, step):
            return
        self._drawn = history, now, step
        first = history.first_distributions if history is not None else None
        none_yet = NONE_YET if step is None else _none_up_to(step)
        if history is not None and history.started.held_out is None:
            none_yet = WATCHED
        self.plot.show_distributions(now, first, NO_RUN if history is None else none_yet, picked=step)

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.plot.apply_style(style)
        self.fit.setIcon(icon("fit", style))

    def stop(self) -> bool:
        """Return True: nothing here runs in a thread."""
        return True

    def actor(self) -> Actor:
        """Return the histogram for a film, on an axis that holds the whole run."""
        history, other = self._history, stand_in(self.plot)

        def show(step: int) -> None:
            if history is not None:
                other.show_distributions(
                    distributions_shown(history, step), history.first_distributions, _none_up_to(step), picked=step
                )

        if history is not None:
            steps = history.distribution_steps
            for step in steps[:: max(len(steps) // AXIS_SAMPLES, 1)]:
                show(int(step))
        return Actor(other, show)

    def plots(self) -> dict[str, QGraphicsView]:
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
        self.plot.show_layer(layer)
        self.layer_picked.emit(layer)


def _none_up_to(step: int) -> str:
    return f"No distributions of this run were measured up to step {step:,}."


def distributions_shown(history: History | None, step: int | None) -> Distributions | None:
    """Return the latest distributions at or before `step`, of the whole run for None."""
    if history is None:
        return None
    return history.latest_distributions if step is None else history.distributions_at(step)
