"""What the loss says: diverged, or nothing learnt."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity
from gradviz.diagnosis.readings import MEAN, RECENT_STEPS, SPREAD, Readings
from gradviz.diagnosis.remedies import against_divergence, against_not_learning
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.words import plain, sentences
from gradviz.recording.history import History


def diverged(history: History, step: int, readings: Readings) -> list[Finding]:
    """Find a loss that is not finite at `step`; `readings` are of the last step before it, if there is one."""
    loss = history.loss(step)
    if loss is None or math.isfinite(loss):
        return []
    layer = _first_broken(history, step)
    where = f"Layer {layer} is the first whose output is infinite or not a number." if layer is not None else ""
    said = "not a number" if math.isnan(loss) else "infinite"
    return [
        Finding(
            "diverged",
            Severity.CRITICAL,
            step,
            f"at step {step}",
            sentences(f"The loss of step {step} is {said}; nothing after it can be trained.", where),
            layers=None if layer is None else (layer, len(history.started.rows)),
            worst_layer=layer,
            quantity=MEAN if layer is not None else "",
            suggestions=against_divergence(readings),
        )
    ]


def not_learning(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find a loss that is still that of a guess after a while, or that training has made worse at any time."""
    loss, chance = readings.loss, readings.chance_loss
    limit = thresholds.chance_loss_share * chance
    start = chance if math.isnan(readings.first_loss) else max(readings.first_loss, chance)
    if loss > thresholds.worse_factor * start and readings.step >= RECENT_STEPS:
        headline = f"loss {plain(loss)}, worse than at the start"
        evidence = (
            f"The loss is {plain(loss)}; at the start it was {plain(readings.first_loss)}, and a guess has "
            f"{chance:.3g}."
        )
        names: tuple[str, ...] = ("worse_factor",)
    elif loss >= limit and readings.step >= thresholds.patience_steps:
        headline = f"loss {plain(loss)} after {readings.step:,} steps, that of a guess"
        evidence = (
            f"After {readings.step:,} steps the loss is {plain(loss)}; a guess has {chance:.3g}, and below "
            f"{limit:.3g} something has been learnt."
        )
        names = ("chance_loss_share", "patience_steps")
    else:
        return []
    suggestions = against_not_learning(readings, thresholds)
    return [
        Finding(
            "not_learning",
            Severity.WARNING,
            readings.step,
            headline,
            evidence,
            thresholds=names,
            suggestions=suggestions,
        )
    ]


def _first_broken(history: History, step: int) -> int | None:
    """Return the first layer, coming from the input, whose output is not finite; None if that is not known."""
    names = {quantity.name for quantity in history.quantities}
    rows = [row for name in (MEAN, SPREAD) if name in names and (row := history.row(name, step)) is not None]
    broken = np.flatnonzero(~np.isfinite(np.stack(rows)).all(axis=0)) if rows else np.empty(0, np.int64)
    return int(broken[0]) + 1 if broken.size else None
