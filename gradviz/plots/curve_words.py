"""What the curves say in words: the title, the legend, and values at one step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from gradviz.plots.further_numbers import VALIDATION_ACCURACY, VALIDATION_LOSS, has_validation, latest_told
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.notice import NO_STEP_YET
from gradviz.plots.parts.style import Style
from gradviz.plots.shown_run import ShownRun
from gradviz.recording.history import History
from gradviz.recording.score import ACCURACY, Score

# of a watched script, which trains by a loss of its own
UNTOLD = {
    "loss": "The script logs no loss: recorder.log(loss=...)",
    "batch_accuracy": "The script logs no accuracy: recorder.log(accuracy=...)",
}


def title(runs: Sequence[ShownRun], frames: int, picked: int | None) -> str:
    """Say what is drawn; of a single run how far, `frames` of it, and which step is picked."""
    if len(runs) > 1:
        return f"Loss of the training batch, validation {score_name(runs)}"
    if not frames:
        return f"Loss and {score_name(runs)}"
    words = f"Loss and {score_name(runs)} · up to step {frames - 1}"
    return words if picked is None else f"{words}, {picked} picked"


def score_name(runs: Sequence[ShownRun]) -> str:
    """Return what is drawn below the loss: accuracy, R², or both where runs differ."""
    return " or ".join(dict.fromkeys(run.history.started.score.name for run in runs)) or ACCURACY.name


def legend(runs: Sequence[ShownRun], picked: int | None, reference: str | None, style: Style) -> list[KeyEntry]:
    """Explain the lines: which run each is of, or of a single one what it is and its value at the `picked` step.

    `reference` is the label of the run behind a single one, None without.
    """
    if len(runs) > 1:
        return [
            (run.series.sign, run.series.colour(style), f"{run.series.letter} {run.name}{_whose_accuracy(run)}")
            for run in runs
        ]
    history = runs[0].history if runs else None
    batch, held_out = values_at(history, picked) if history is not None and picked is not None else ("", "")
    entries = [("—", style.series[0], f"training batch{batch}")]
    if history is None or has_validation(history):
        entries.append(("●", style.series[1], f"validation{held_out}"))
    if reference is not None:
        entries.append(("- -", style.series[2], f"{reference}, validation"))
    return entries


def what_is_missing(history: History, name: Literal["loss", "batch_accuracy"]) -> str:
    """Say why there is no curve `name` to be seen; empty if there is one."""
    if not history.frames:
        return NO_STEP_YET if name == "loss" else ""
    if not history.started.loss_optional:
        return ""
    known = history.curve(name, 0, history.frames - 1, 2).largest
    return UNTOLD[name] if np.isnan(known).all() else ""


def values_at(history: History, step: int) -> tuple[str, str]:
    """Return what to write behind the names of the curves: values of the batch, and of the validation samples.

    Validation samples are evaluated on a schedule: theirs may be of an earlier step, which is said then. Empty where
    there are none.
    """
    if not 0 <= step < history.frames:
        return "", ""
    score = history.started.score
    batch = f": {_pair(score, _told_loss(history, step), history.batch_accuracy(step))}"
    latest = _latest_validation(history, step)
    if latest is None:
        return batch, ""
    measured, loss, share = latest
    when = "" if measured == step else f" (step {measured})"
    return batch, f"{when}: {_pair(score, loss, share)}"


def in_words(history: History, step: int) -> str:
    """Say all values at `step`, which is in the run, in one line."""
    score = history.started.score
    words = f"step {step} · batch: {_pair(score, _told_loss(history, step), history.batch_accuracy(step))}"
    latest = _latest_validation(history, step)
    if latest is not None:
        words += f" · validation at step {latest[0]}: {_pair(score, *latest[1:])}"
    return words


def compared_words_at(runs: Sequence[ShownRun], step: int) -> str:
    """Say loss and accuracy of each of several runs that reached `step`; empty if none did."""
    parts = []
    for run in runs:
        if 0 <= step <= run.latest:
            loss, share = run.history.loss(step), _share_at(run.history, step)
            known = "" if share is None or math.isnan(share) else f", {run.history.started.score.said(share)}"
            parts.append(f"{run.series.letter}: loss {loss:.4g}{known}")
    return f"step {step} · {' · '.join(parts)}" if parts else ""


def _share_at(history: History, step: int) -> float | None:
    """Return the accuracy that is drawn of one of several runs: on validation samples where it has some."""
    if not tells_validation_accuracy(history):
        return history.batch_accuracy(step)
    latest = _latest_validation(history, step)
    return latest[2] if latest is not None else None


def _whose_accuracy(run: ShownRun) -> str:
    """Say where the accuracy of a run is not that of validation samples."""
    history = run.history
    if tells_validation_accuracy(history):
        return ""
    known = history.frames and np.isfinite(history.curve("batch_accuracy", 0, run.latest, 2).largest).any()
    return " (accuracy of the batch)" if known else " (accuracy not known)"


def tells_validation_accuracy(history: History) -> bool:
    """Whether the accuracy on validation samples is known, from gradviz or from the script."""
    return history.started.held_out is not None or VALIDATION_ACCURACY in history.scalar_names


def _latest_validation(history: History, step: int) -> tuple[int, float | None, float | None] | None:
    """Return step, loss and share of what is known of validation samples at or before `step`; None is not known."""
    if history.started.held_out is not None:
        return _latest_evaluation(history, step)
    loss, share = (latest_told(history, name, step) for name in (VALIDATION_LOSS, VALIDATION_ACCURACY))
    known = [told for told in (loss, share) if told is not None]
    if not known:
        return None
    measured = max(at for at, _ in known)
    # values of one step only
    values = [told[1] if told is not None and told[0] == measured else None for told in (loss, share)]
    return measured, values[0], values[1]


def _latest_evaluation(history: History, step: int) -> tuple[int, float, float] | None:
    """Return step, loss and share of the latest evaluation at or before `step`."""
    (steps, losses), (_, shares) = history.evaluation_losses(), history.accuracies()
    # the worker may have recorded one between the two
    latest = min(int(np.searchsorted(steps, step, side="right")), len(shares)) - 1
    return None if latest < 0 else (int(steps[latest]), float(losses[latest]), float(shares[latest]))


def _told_loss(history: History, step: int) -> float | None:
    """Return the loss of the batch; None where a watched script told none, which is no divergence."""
    loss = history.loss(step)
    untold = history.started.loss_optional and loss is not None and math.isnan(loss)
    return None if untold else loss


def _pair(score: Score, loss: float | None, share: float | None) -> str:
    known = [f"loss {loss:.4g}"] if loss is not None else []
    known += [score.said(share)] if share is not None and not math.isnan(share) else []
    return ", ".join(known) or "nothing known"
