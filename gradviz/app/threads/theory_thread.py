"""What theory predicts for the network that is shown, computed in a thread: a second or two at 2000 layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.threads.newest_request import NewestRequest

if TYPE_CHECKING:
    from gradviz.experiment import Experiment
    from gradviz.plots.profiles.profile_rows import Theory
    from gradviz.recording.frame import Started

QUESTION = "question"
# decades; a narrower band would hide behind its own curve
SPREAD_WORTH_DRAWING = 0.05


class TheoryThread(NewestRequest):
    """Answers the newest question; the thread begins with the first. `found` carries its Started and the Theory."""

    found = Signal(object, object)
    kinds = (QUESTION,)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("theory", parent, priority=QThread.Priority.LowPriority)
        self._known: tuple[Experiment | None, Theory] | None = None

    def ask(self, started: Started) -> None:
        """Ask about the network of `started`."""
        self.put(QUESTION, started)

    def answer(self, kind: str, request: Any) -> None:
        """Work the theory out, unless it was for the question before: a run that begins like its preview."""
        started: Started = request
        if self._known is None or self._known[0] != started.experiment:
            self._known = started.experiment, theory_of(started)
        self.found.emit(started, self._known[1])


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
