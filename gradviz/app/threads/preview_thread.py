"""The profile at initialisation and the curves of the activation, computed while the person turns the knobs.

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

    `devices_found` carries the list of (value, label); `previewed` a History of one frame; `curve_found` an Experiment
    and the ActivationCurve of its activation; `failed` a Failure.
    """

    devices_found = Signal(object)
    previewed = Signal(object)
    curve_found = Signal(object, object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview")
        self._wake = threading.Condition(threading.RLock())
        self._wanted: Experiment | None = None
        self._curve_of: Experiment | None = None
        self._ended = False

    def request(self, experiment: Experiment) -> None:
        """Ask for the profile of `experiment`; takes the place of any request not yet begun."""
        with self._wake:
            self._wanted = experiment
            self._wake.notify()

    def request_curve(self, experiment: Experiment) -> None:
        """Ask for the curves of the activation of `experiment`, which come before any profile not yet begun."""
        with self._wake:
            self._curve_of = experiment
            self._wake.notify()

    def cancel(self) -> None:
        """Forget the profile that was asked for and not yet begun."""
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
            self._answer()
            warm_up()
            while self._wait():
                self._answer()
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            self.failed.emit(Failure.of(error))

    def _wait(self) -> bool:
        """Wait for a request; return False at the end."""
        with self._wake:
            self._wake.wait_for(lambda: self._ended or self._wanted is not None or self._curve_of is not None)
            return not self._ended

    def _answer(self) -> None:
        with self._wake:
            curve_of, wanted = self._curve_of, self._wanted
            self._curve_of = self._wanted = None
        if curve_of is not None:
            self._find_curve(curve_of)
        if wanted is not None:
            self._measure(wanted)

    def _find_curve(self, experiment: Experiment) -> None:
        from gradviz.training.activation_curves import activation_curve

        try:
            assert experiment.network.phi is not None, "asked for the curve of an activation"
            curve = activation_curve(experiment.network.phi)
        except Exception as error:  # as below
            self.failed.emit(Failure.of(error))
            return
        self.curve_found.emit(experiment, curve)

    def _measure(self, experiment: Experiment) -> None:
        from gradviz.training.loop import first_events

        try:
            history = History.of(first_events(experiment))
        except Exception as error:  # one experiment that cannot be measured is no reason to measure no other
            self.failed.emit(Failure.of(error))
            return
        self.previewed.emit(history)
