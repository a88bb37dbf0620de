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
# half precision rounds a loss to three digits
CLOSE = 0.01


class LossFacts:
    """Looks at the loss of every frame."""

    def __init__(self, said: Said) -> None:
        self._said = said

    def arrived(self, frame: Frame, facts: Mapping[str, Values], *, logged: bool) -> None:
        """Say where a loss that was `logged` begins not to be finite."""
        if not logged:
            return
        self._look_for_second_softmax(frame, facts)
        if np.isfinite(frame.loss):
            self._said.end(frame.step, "loss_not_finite")
        elif self._said.holds("loss_not_finite") is None:
            known = {name: value for name, rows in ROWS.items() if (value := _finite(frame, rows)) is not None}
            given = [value for name, found in facts.items() if name.partition(" ")[0] == "outputs" for value in found]
            if given:
                # what enters the loss itself
                known["outputs_finite"] = min([*given, known.get("outputs_finite", 1.0)])
            self._said.say(frame.step, "loss_not_finite", numbers=(("loss", frame.loss), *known.items()))

    def _look_for_second_softmax(self, frame: Frame, facts: Mapping[str, Values]) -> None:
        """Say where probabilities are taken for logits: the loss is what comes of them so, and not otherwise."""
        found = _mean_of(facts, "probabilities")
        if found is None or not np.isfinite(frame.loss):
            return
        are, as_logits, as_they_are = found
        if are == 1.0 and abs(frame.loss - as_logits) < CLOSE * as_logits < abs(frame.loss - as_they_are):
            if self._said.holds("softmax_twice") is None:
                self._said.say(frame.step, "softmax_twice", numbers=(("loss", frame.loss),))
        else:
            self._said.end(frame.step, "softmax_twice")


def _mean_of(facts: Mapping[str, Values], name: str) -> Values | None:
    """Return the mean of all vectors of that name in a step; None if there is none."""
    found = [vector for key, vector in facts.items() if key.partition(" ")[0] == name]
    return np.mean(found, axis=0) if found else None


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
