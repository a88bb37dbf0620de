"""What a profile says beside its lines: the title, the legend, and where floating point loses the signal."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradviz.plots.parts.float_floors import floors
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.readout import in_sentence, measured_at, value_in_words
from gradviz.plots.parts.style import Style
from gradviz.plots.profiles.profile_line import ProfileLine
from gradviz.plots.profiles.profile_overlays import ProfileOverlays
from gradviz.plots.profiles.profile_rows import ProfileRows, Row
from gradviz.plots.shown_run import DIFFERENT_DEPTHS, ShownRun
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History
from gradviz.recording.powers import scientific

# closer than this, what was delivered is what is exact
ROUNDING_DECADES = 0.01
THEORY_MARKS = ("···", "-·-")


def title(quantity: Quantity, rows: ProfileRows, step: int) -> str:
    """Say what is drawn and when it was measured; without the unit, which the axis names."""
    if rows.now.step != step and len(rows.now.row):
        return f"{quantity.label} · {measured_at(rows.now.step, step)}"
    return f"{quantity.label} · " + ("at initialisation (before training)" if step == 0 else f"step {step}")


def entries(
    history: History, quantity: Quantity, now: ProfileLine, overlays: ProfileOverlays, style: Style, *, other: str
) -> list[KeyEntry]:
    """Return the legend of a single run; `other` is the label of the run behind it."""
    initial, rows = overlays.initial, overlays.rows
    beside = history.quantity(quantity.beside).label if overlays.beside.visible else ""
    lost_words = _lost_signal(history, quantity, rows)
    zero, lost = now.zero_layers.size, now.lost_layers.size
    found: list[tuple[bool, KeyEntry]] = [
        (now.visible, ("—", style.series[0], f"step {now.step}")),
        (initial.visible, ("—", style.muted, _start(initial.step) + _zeros_in_words(initial))),
        (
            overlays.beside.visible,
            (
                "· ·" if overlays.beside_is_older else "—",
                style.series[2],
                beside + _when(overlays.beside.step, now.step) + agreement_then(history, quantity, rows),
            ),
        ),
        (
            overlays.other.visible,
            ("- -", style.series[1], f"{other} (step {overlays.other.step})" + _zeros_in_words(overlays.other)),
        ),
    ]
    found += [
        (True, (mark, style.foreground, label)) for mark, (label, _) in zip(THEORY_MARKS, rows.theory, strict=False)
    ]
    found += [
        (zero > 0, ("▼", style.zero_colour, f"exactly zero: {_layers(zero)}")),
        (lost > 0, ("×", style.nan_colour, f"not a number or infinite: {_layers(lost)}")),
        (bool(rows.theory_words), ("i", style.muted, rows.theory_words)),
        (bool(lost_words), ("!", style.zero_colour, lost_words)),
    ]
    return [entry for shown, entry in found if shown]


def words_at(history: History, quantity: Quantity, now: ProfileLine, overlays: ProfileOverlays, layer: int) -> str:
    """Say all values of `layer` of a single run; empty beside the layers."""
    if not 1 <= layer <= len(now.measured.row):
        return ""
    value = value_in_words(quantity, now.at(layer))
    words = f"step {now.step} · {history.started.row_name(layer)} · {value} ({in_sentence(quantity.label)})"
    if overlays.initial.visible:
        initial = overlays.initial
        words += f" · at step {initial.step}: {value_in_words(quantity, initial.at(layer))}"
    if overlays.beside.visible:
        beside = history.quantity(quantity.beside)
        when = _when(overlays.beside.step, now.step)
        words += f" · {in_sentence(beside.label)}{when}: {value_in_words(beside, overlays.beside.at(layer))}"
    return words


def compared_words_at(
    pairs: Sequence[tuple[ShownRun, ProfileLine]], quantity: Quantity, x: float, *, relative: bool
) -> str:
    """Say the value of each of several runs at the place `x`: a layer, or a relative depth."""
    parts = []
    for run, line in pairs:
        layers = len(line.measured.row)
        layer = math.ceil(x * layers) if relative else round(x)
        if 1 <= layer <= layers:
            value = value_in_words(quantity, line.at(layer))
            parts.append(f"{run.series.letter} {run.history.started.row_name(layer)}: {value}")
    return f"{' · '.join(parts)} ({in_sentence(quantity.label)})" if parts else ""


def compared_title(quantity: Quantity, step: int | None) -> str:
    """Say what is drawn of several runs, and at which picked step."""
    when = "latest step" if step is None else f"at step {step}"
    return f"{quantity.label} over the layers · {when}"


def compared_entries(
    pairs: Sequence[tuple[ShownRun, ProfileLine]], step: int | None, style: Style, *, relative: bool
) -> list[KeyEntry]:
    """Return the legend of several runs, each with its line, at the picked `step`."""
    found = [(run.series.sign, run.series.colour(style), _run_in_words(run, line, step)) for run, line in pairs]
    if any(line.zero_layers.size for _, line in pairs):
        found.append(("▼", style.muted, "at the floor: exactly zero"))
    if relative:
        found.append(("↔", style.muted, DIFFERENT_DEPTHS))
    return found


def _run_in_words(run: ShownRun, line: ProfileLine, step: int | None) -> str:
    words = f"{run.series.letter} {run.name}"
    if not line.visible:
        return f"{words}: not measured"
    return f"{words}, step {line.step}" + (" (its last)" if step is not None and line.step < step else "")


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


def _lost_signal(history: History, quantity: Quantity, rows: ProfileRows) -> str:
    """Say where floating point loses what the exact counterpart still has, if both are of the same step."""
    if not quantity.beside.startswith("exact_log10_") or rows.now.step != rows.beside.step:
        return ""
    return lost_signal(rows.now.row, rows.beside.row, double=history.started.double)


def agreement_then(history: History, quantity: Quantity, rows: ProfileRows) -> str:
    """Say of an exact row that is older than what is shown how far it was from what was delivered at its own step.

    What lies between the two lines is training then, and no rounding. Empty where both are of one step, or nothing can
    be compared.
    """
    exact = rows.beside
    if not quantity.beside.startswith("exact_log10_") or not len(exact.row) or exact.step == rows.now.step:
        return ""
    delivered = history.row(quantity.name, exact.step)
    if delivered is None or len(delivered) != len(exact.row):
        return ""
    if words := lost_signal(delivered, exact.row, double=history.started.double):
        return f"; at that step {words}"
    there = np.isfinite(delivered) & np.isfinite(exact.row)
    if not there.any():
        return ""
    apart = float(np.abs(delivered[there] - exact.row[there]).max())
    if apart <= ROUNDING_DECADES:
        return "; at that step the delivered one was the same"
    return f"; at that step the delivered one was up to {apart:.2g} decades off"


def _start(step: int) -> str:
    return "at initialisation" if step == 0 else f"step {step}"


def _when(step: int, shown: int) -> str:
    return "" if step == shown else f" (step {step})"


def _layers(count: int) -> str:
    return f"{count} layer" if count == 1 else f"{count} layers"


def _zeros_in_words(line: ProfileLine) -> str:
    return f", {_layers(line.zero_layers.size)} exactly zero ▽" if line.zero_layers.size else ""
