"""The panels that look closer: the distributions of one layer, the activation, the verdict.

They follow the run that the board shows and agree on the layer they look at.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QGraphicsView, QWidget

from gradviz.app.panels.activation_panel import ActivationPanel
from gradviz.app.panels.distribution_panel import DistributionPanel
from gradviz.app.settings import Settings
from gradviz.app.threads.preview_thread import PreviewThread
from gradviz.app.verdict.verdict_panel import VerdictPanel
from gradviz.experiment import Experiment
from gradviz.plots.parts.style import Style
from gradviz.recording.history import History

NARROWEST_PX = 160
WORDS_PERIOD_MS = 250


class SidePanels(QObject):
    """Puts the panels together. `hovered` carries what is under the mouse, in words; `failed` a Failure.

    `closer_look_wanted` asks, at every refresh, for distributions as new as can be, while a panel shows some.

    The verdict's own signals are for the window: what it suggests concerns the form, what it points at the board.
    """

    hovered = Signal(str)
    failed = Signal(object)
    closer_look_wanted = Signal()

    def __init__(self, preview: PreviewThread, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.verdict = VerdictPanel(settings)
        self.verdict.layer_wanted.connect(self.show_layer)
        self.distributions = DistributionPanel()
        self.activation = ActivationPanel()
        self.activation.curve_wanted.connect(preview.request_curve)
        preview.curve_found.connect(self.activation.show_curve)
        self.activation.failed.connect(self.failed)
        self.activation.layer_picked.connect(self.distributions.show_row)
        self.distributions.layer_picked.connect(self.activation.show_row)
        for panel in (self.distributions, self.activation):
            panel.hovered.connect(self.hovered)
        self._step: int | None = None
        self._words = QTimer(self)
        self._words.setSingleShot(True)
        self._words.setInterval(WORDS_PERIOD_MS)
        self._words.timeout.connect(self._judge)
        for each in self.by_name().values():
            # small screens: rather cut what a panel has in a row than force the whole window wider
            each.setMinimumWidth(NARROWEST_PX)

    def by_name(self) -> dict[str, QWidget]:
        """Return every panel, by the name of its place in the window."""
        return {"distributions": self.distributions, "activation": self.activation, "verdict": self.verdict}

    def show_experiment(self, experiment: Experiment) -> None:
        """Follow the form."""
        self.distributions.show_experiment(experiment)
        self.activation.show_experiment(experiment)

    def show_history(self, history: History | None) -> None:
        """Follow the board: a run, a preview, or nothing."""
        # the step that comes with it is judged at once
        self._words.stop()
        self.distributions.show_history(history)
        self.activation.show_history(history)
        self.verdict.show_history(history)

    def show_step(self, step: int | None) -> None:
        """Follow the picked step; None follows the latest.

        Words that change with every picture cannot be read: the verdict follows a step that moves less often.
        """
        self._step = step
        self.distributions.show_step(step)
        self.activation.show_step(step)
        if step is None or not self._words.isActive():
            self._judge()

    def _judge(self) -> None:
        if self.verdict.step != self._step:
            self.verdict.show_step(self._step)
            self._words.start()

    def show_layer(self, layer: int) -> None:
        """Look at `layer`."""
        self.distributions.show_row(layer)
        self.activation.show_row(layer)

    def show_all(self) -> None:
        """Show the whole range of everything drawn."""
        self.distributions.show_all()
        self.activation.show_all()

    def show_training(self, training: bool) -> None:
        """Know whether a network trains."""
        self.activation.show_training(training)

    def refresh(self) -> None:
        """Pull what is new."""
        self.distributions.refresh()
        self.activation.refresh()
        self.verdict.refresh()
        if any(not panel.visibleRegion().isEmpty() for panel in (self.distributions, self.activation)):
            self.closer_look_wanted.emit()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.distributions.apply_style(style)
        self.activation.apply_style(style)
        self.verdict.apply_style(style)

    def stop(self) -> bool:
        """End what runs in threads; return whether all of it has ended."""
        self._words.stop()
        return self.distributions.stop() and self.activation.stop()

    def plots(self) -> dict[str, QGraphicsView]:
        """Return the plots a person can export, by name."""
        return self.distributions.plots() | self.activation.plots()
