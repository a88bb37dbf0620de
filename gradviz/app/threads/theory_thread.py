"""What theory expects of the network on the screen, worked out beside the window: a second or two at 2000 layers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure

if TYPE_CHECKING:
    from gradviz.experiment import Experiment
    from gradviz.plots.profiles.profile_rows import Theory
    from gradviz.recording.frame import Started

# decades; a narrower band would hide behind its own curve
SPREAD_WORTH_DRAWING = 0.05


class TheoryThread(QThread):
    """Answers the newest question; older ones that it did not get to are dropped.

    `found` carries the Started that was asked about and the Theory; `failed` a Failure.
    """

    found = Signal(object, object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("theory")
        self._wake = threading.Condition()
        self._wanted: Started | None = None
        self._known: tuple[Experiment | None, Theory] | None = None
        self._ended = False

    def ask(self, started: Started) -> None:
        """Ask about the network of `started`; the thread begins with the first question."""
        with self._wake:
            self._wanted = started
            self._wake.notify()
        if not self.isRunning():
            self.start(QThread.Priority.LowPriority)

    def end(self) -> None:
        """Let the thread run out; wait() for it afterwards."""
        with self._wake:
            self._ended = True
            self._wake.notify()

    def run(self) -> None:
        """Answer until `end`; called by QThread in the new thread."""
        while (started := self._next()) is not None:
            try:
                self.found.emit(started, self._theory(started))
            except Exception as error:  # one network that theory stumbles over is no reason to say nothing of others
                self.failed.emit(Failure.of(error))

    def _theory(self, started: Started) -> Theory:
        """Work it out, unless it is the network of the question before: a run that begins as its preview was."""
        if self._known is None or self._known[0] != started.experiment:
            self._known = started.experiment, theory_of(started)
        return self._known[1]

    def _next(self) -> Started | None:
        with self._wake:
            self._wake.wait_for(lambda: self._ended or self._wanted is not None)
            wanted, self._wanted = self._wanted, None
            return None if self._ended else wanted


def theory_of(started: Started) -> Theory:
    """Return the curves that mean-field theory and the chain rule draw, or the reasons why they draw none."""
    # numpy, numerical tables and the drawing library: not before the window is there
    from gradviz.plots.profiles.profile_rows import Theory
    from gradviz.theory.bounds import Bound, supremum_bound
    from gradviz.theory.prediction import Prediction, predict

    experiment = started.experiment
    if experiment is None:
        return Theory(words="no theory: it speaks of networks that gradviz builds itself")
    assert started.held_out is not None, "an experiment has validation samples"
    squares = started.input_mean_square if started.input_mean_square is not None else 1.0
    prediction = predict(experiment, squares, len(started.held_out.class_names))
    bound = supremum_bound(experiment.network)
    curves = []
    spread = None
    if isinstance(prediction, Prediction):
        label = "mean-field theory"
        if prediction.log10_spread.max() >= SPREAD_WORTH_DRAWING:
            spread = prediction.log10_spread
            label += " ± one standard deviation between networks"
        curves.append((label, prediction.log10_activation_grad_rms))
        words, source = prediction.words(), prediction.source
    else:
        words, source = prediction.reason, ""
    if isinstance(bound, Bound):
        curves.append(("ceiling of the slopes alone, sup|φ′|^N", bound.log10_derivative_product))
    return Theory(tuple(curves), spread, words, source)
