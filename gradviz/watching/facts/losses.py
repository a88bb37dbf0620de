"""When the loss stops being a finite number, and what was still finite then."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradviz.probes.observer import Values
from gradviz.recording.frame import Frame
from gradviz.watching.facts.said import Said

# what the rows of a quantity say about
ROWS = {
    "outputs_finite": ("activation_mean", "activation_std"),
    "gradients_finite": ("weight_grad_norm",),
    "weights_finite": ("weight_norm",),
}


class LossFacts:
    """Looks at the loss of every frame."""

    def __init__(self, said: Said) -> None:
        self._said = said

    def arrived(self, frame: Frame, facts: Mapping[str, Values], *, logged: bool) -> None:
        """Say where a loss that was `logged` begins not to be finite."""
        if not logged:
            return
        if np.isfinite(frame.loss):
            self._said.end(frame.step, "loss_not_finite")
        elif self._said.holds("loss_not_finite") is None:
            known = {name: value for name, rows in ROWS.items() if (value := _finite(frame, rows)) is not None}
            given = [value for name, found in facts.items() if name.partition(" ")[0] == "outputs" for value in found]
            if given:
                # what enters the loss itself
                known["outputs_finite"] = min([*given, known.get("outputs_finite", 1.0)])
            self._said.say(frame.step, "loss_not_finite", numbers=(("loss", frame.loss), *known.items()))


def _finite(frame: Frame, names: tuple[str, ...]) -> float | None:
    """Return 1 or 0: whether everything under these names is finite; None if nothing was measured."""
    found = []
    for name in names:
        row = frame.rows.get(name)
        measured = frame.measured.get(name)
        if row is not None:
            known = row if measured is None else row[measured]
            # minus infinity is the log10 of zero
            found += [not (np.isnan(known) | (known == np.inf)).any()] if known.size else []
    return float(all(found)) if found else None
