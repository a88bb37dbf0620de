"""The worker: pumps one training run into its history.

Signals carry the few facts of a run's life; the numbers go into the history, from which the views pull. The thread
runs no event loop, so it is steered through `control` (threading events), never through slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure
from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Event, Frame, Started
from gradviz.recording.history import History

if TYPE_CHECKING:
    from gradviz.training.control import Control


class TrainingThread(QThread):
    """Trains `experiment` until its last step, a stop, a divergence or a failure.

    `began` carries the new History; `failed` carries a Failure. QThread's own `finished` always comes last.
    """

    began = Signal(object)
    failed = Signal(object)

    def __init__(self, experiment: Experiment, *, paused: bool = False, parent: QObject | None = None) -> None:
        # control is free of torch, but its package is only wanted once a run starts
        from gradviz.training.control import Control

        super().__init__(parent)
        self.setObjectName("training")
        self.experiment = experiment
        self.control: Control = Control()
        if paused:
            self.control.pause()
        self._history: History | None = None

    def run(self) -> None:
        """Train; called by QThread in the new thread."""
        try:
            from gradviz.training.control import pump
            from gradviz.training.loop import train

            pump(train(self.experiment, self.control), self.control, self._record)
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            self.failed.emit(Failure.of(error))

    def _record(self, event: Event) -> None:
        if isinstance(event, Started):
            self._history = History(event)
        elif self._history is not None and not isinstance(event, Checkpoint):
            self._history.append(event)
            if isinstance(event, Frame) and event.step == 0:
                # announced with its first frame in it, so that no view ever draws an empty history
                self.began.emit(self._history)
