"""The profile at initialisation, computed beside the window while the person turns the knobs.

One long-lived thread: it imports torch behind the shown window, names the devices, and then measures the newest
experiment asked for; older requests that it did not get to are dropped.
"""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure
from gradviz.experiment import Experiment
from gradviz.recording.history import History


class PreviewThread(QThread):
    """Measures step 0 of the newest requested experiment.

    `devices_found` carries the list of (value, label); `previewed` a History of one frame; `failed` a Failure.
    """

    devices_found = Signal(object)
    previewed = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview")
        self._wake = threading.Condition(threading.RLock())
        self._wanted: Experiment | None = None
        self._ended = False

    def request(self, experiment: Experiment) -> None:
        """Ask for the profile of `experiment`; takes the place of any request not yet begun."""
        with self._wake:
            self._wanted = experiment
            self._wake.notify()

    def cancel(self) -> None:
        """Forget what was asked for and not yet begun."""
        with self._wake:
            self._wanted = None

    def end(self) -> None:
        """Let the thread run out; wait() for it afterwards."""
        with self._wake:
            self._ended = True
            self._wake.notify()

    def run(self) -> None:
        """Serve requests until `end`; called by QThread in the new thread."""
        try:
            # seconds of imports, spent here so that neither the window nor the first start waits for them
            from gradviz.training.devices import available_devices
            from gradviz.training.loop import warm_up

            self.devices_found.emit([(device.value, device.label) for device in available_devices()])
            if (first := self._take()) is not None:
                self._measure(first)
            warm_up()
            while (wanted := self._next()) is not None:
                self._measure(wanted)
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            self.failed.emit(Failure.of(error))

    def _take(self) -> Experiment | None:
        with self._wake:
            wanted, self._wanted = self._wanted, None
            return wanted

    def _next(self) -> Experiment | None:
        with self._wake:
            self._wake.wait_for(lambda: self._ended or self._wanted is not None)
            return None if self._ended else self._take()

    def _measure(self, experiment: Experiment) -> None:
        from gradviz.training.loop import first_frame

        try:
            started, frame = first_frame(experiment)
            history = History(started)
            history.append(frame)
        except Exception as error:  # one experiment that cannot be measured is no reason to measure no other
            self.failed.emit(Failure.of(error))
            return
        self.previewed.emit(history)
