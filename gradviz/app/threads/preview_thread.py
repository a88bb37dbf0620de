"""The profile at initialisation and the curves of the activation, computed while the person edits the form."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from gradviz.app.threads.newest_request import NewestRequest
from gradviz.experiment import Experiment
from gradviz.recording.history import History

CURVE, PROFILE = "curve", "profile"


class PreviewThread(NewestRequest):
    """Imports torch behind the shown window, names the devices, then measures step 0 of the newest experiment.

    `devices_found` carries the list of (value, label); `previewed` a History of one frame; `curve_found` an Experiment
    and the ActivationCurve of its activation; `failed` a Failure.
    """

    devices_found = Signal(object)
    previewed = Signal(object)
    curve_found = Signal(object, object)
    kinds = (CURVE, PROFILE)

    def __init__(self, parent: QObject | None = None) -> None:
        # when torch is imported is up to the window
        super().__init__("preview", parent, starts_when_asked=False)

    def request(self, experiment: Experiment) -> None:
        """Ask for the profile of `experiment`, in place of any request not yet begun."""
        self.put(PROFILE, experiment)

    def request_curve(self, experiment: Experiment) -> None:
        """Ask for the curves of the activation of `experiment`, which come before any profile not yet begun."""
        self.put(CURVE, experiment)

    def cancel(self) -> None:
        """Forget the profile that was asked for and not yet begun."""
        self.withdraw(PROFILE)

    def prepare(self) -> None:
        """Import and name what there is: seconds, spent here so that neither window nor first start waits for them."""
        from gradviz.training.devices import available_devices
        from gradviz.training.loop import warm_up

        self.devices_found.emit([(device.value, device.label) for device in available_devices()])
        self.answer_waiting()
        warm_up()

    def answer(self, kind: str, request: Any) -> None:
        """Measure the profile, or the curves of the activation, of an experiment."""
        if kind == CURVE:
            self.curve_found.emit(request, _curve_of(request))
        else:
            self.previewed.emit(_profile_of(request))


def _curve_of(experiment: Experiment) -> object:
    from gradviz.training.activation_curves import activation_curve

    assert experiment.network.phi is not None, "asked for the curve of an activation"
    return activation_curve(experiment.network.phi)


def _profile_of(experiment: Experiment) -> History:
    from gradviz.training.loop import first_events

    return History.of(first_events(experiment))
