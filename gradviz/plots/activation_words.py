"""What the plot of an activation says: its values at one place, and whose inputs lie behind it."""

from __future__ import annotations

import numpy as np

from gradviz.plots.distribution import Divided, fill_colours, share_in_words
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.readout import measured_at
from gradviz.plots.parts.style import Style
from gradviz.recording.activations import ActivationCurve, Floats
from gradviz.recording.frame import Distributions

# no inputs, between two edges as the plot needs them
NOTHING = np.array([-1.0, 1.0]), np.zeros(1)


def reading_at(curve: ActivationCurve | None, x: float) -> str:
    """Say the values at the place of the curve next to `x`; empty without a curve."""
    if curve is None:
        return ""
    index = curve.nearest(x)
    # adding zero makes an ordinary zero of a negative one
    place, phi, slope = (float(values[index]) + 0.0 for values in (curve.x, curve.phi, curve.derivative))
    share = share_in_words(abs(slope) / curve.supremum)
    return f"x = {place:.2f}: φ = {phi:.3g}, φ′ = {slope:.3g} ({share} of the supremum)"


def inputs_in_words(divided: Divided | None, label: str, view: Span) -> str:
    """Say how many of the inputs that `label` names are stopped, and how many lie outside of the `view`."""
    if divided is None:
        return f"There are no {label} to show."
    words = f"{share_in_words(divided.share_stopped)} of the {label} have |φ′| below 1% of its supremum"
    beyond = divided.beyond(*view)
    return f"{words}; {share_in_words(beyond)} are out of sight." if beyond >= 0.0005 else f"{words}."


def inputs_of(found: Distributions | None, row: int, picked: int | None) -> tuple[Floats, Floats, str]:
    """Return edges, counts and label of the pre-activations of a layer; without any their line of words stays.

    Its room is kept, so that the curves do not jump until the first numbers come.
    """
    if found is None:
        return *NOTHING, f"measured pre-activations of layer {row}"
    inputs = found.by_kind["pre_activations"]
    finite = "finite " if inputs.not_finite[row - 1] else ""
    label = f"{finite}pre-activations of layer {row} {measured_at(found.step, picked)}"
    return inputs.edges[row - 1], inputs.counts[row - 1].astype(np.float64), label


def key_entries(curve: ActivationCurve, inputs: str, style: Style) -> list[KeyEntry]:
    """Explain both curves, the supremum, and the `inputs` behind them; empty if none are drawn."""
    mark, words = ("●", "supremum") if curve.attained else ("○", "supremum, only approached")
    entries = [("—", style.series[0], "φ"), ("—", style.series[1], "φ′"), (mark, style.foreground, words)]
    if inputs:
        passed, stopped = fill_colours(style)
        entries.append(("■", passed, f"{inputs} (on a scale of their own)"))
        entries.append(("■", stopped, "where |φ′| is below 1% of its supremum"))
    return entries
