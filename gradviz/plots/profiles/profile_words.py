"""What a profile says beside its lines: the title, the key, and where the machine loses the signal."""

from __future__ import annotations

import numpy as np

from gradviz.plots.parts.float_floors import floors
from gradviz.plots.parts.readout import measured_at
from gradviz.plots.parts.style import Style
from gradviz.plots.profiles.profile_line import ProfileLine, Row
from gradviz.plots.profiles.profile_rows import ProfileRows
from gradviz.recording.frame import Quantity
from gradviz.recording.powers import scientific

Entry = tuple[str, str, str]
THEORY_MARKS = ("···", "-·-")


def title(quantity: Quantity, rows: ProfileRows, step: int) -> str:
    """Say what is drawn and when it was measured; without the unit, which the axis names."""
    if rows.now.step != step and len(rows.now.row):
        return f"{quantity.label} · {measured_at(rows.now.step, step)}"
    return f"{quantity.label} · " + ("at initialisation (before training)" if step == 0 else f"step {step}")


def entries(rows: ProfileRows, lines: dict[str, ProfileLine], style: Style, *, beside: str, other: str) -> list[Entry]:
    """Return the key: (mark, its colour, words). `beside` and `other` are labels of the lines of these names."""
    now, initial = lines["now"], lines["initial"]
    zero, lost = now.zero_layers.size, now.lost_layers.size
    found: list[tuple[bool, Entry]] = [
        (now.visible, ("—", style.series[0], f"step {now.step}")),
        (initial.visible, ("—", style.muted, _start(initial.step) + _zeros_in_words(initial))),
        (lines["beside"].visible, ("—", style.series[2], beside + _when(lines["beside"].step, now.step))),
        (
            lines["other"].visible,
            ("- -", style.series[1], f"{other} (step {lines['other'].step})" + _zeros_in_words(lines["other"])),
        ),
    ]
    found += [
        (True, (mark, style.foreground, label)) for mark, (label, _) in zip(THEORY_MARKS, rows.theory, strict=False)
    ]
    found += [
        (zero > 0, ("▼", style.zero_colour, f"exactly zero: {_layers(zero)}")),
        (lost > 0, ("×", style.nan_colour, f"not a number or infinite: {_layers(lost)}")),
        (bool(rows.theory_words), ("i", style.muted, rows.theory_words)),
    ]
    return [entry for shown, entry in found if shown]


def lost_signal(delivered: Row, exact: Row, *, double: bool) -> str:
    """Name the layer at which floating point loses the gradient, coming from the output; empty if it does not.

    `delivered` and `exact` are log10 values [layers] of the same quantity.
    """
    if len(delivered) != len(exact):
        return ""
    precision = "float64" if double else "float32"
    normal = next(iter(floors(double).values()))
    there = np.isfinite(exact)
    for lost, verb in (
        (there & np.isneginf(delivered), "delivers exactly zero"),
        (there & (np.isposinf(delivered) | np.isnan(delivered)), "overflows"),
        (there & (delivered < normal), "runs out of digits"),
    ):
        if lost.any():
            layer = int(np.flatnonzero(lost)[-1]) + 1
            return f"{precision} {verb} from layer {layer} on down; in truth it is {scientific(exact[layer - 1])} there"
    return ""


def _start(step: int) -> str:
    return "at initialisation" if step == 0 else f"step {step}"


def _when(step: int, shown: int) -> str:
    return "" if step == shown else f" (step {step})"


def _layers(count: int) -> str:
    return f"{count} layer" if count == 1 else f"{count} layers"


def _zeros_in_words(line: ProfileLine) -> str:
    return f", {_layers(line.zero_layers.size)} exactly zero ▽" if line.zero_layers.size else ""
