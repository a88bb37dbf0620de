"""What the curves say in words: the title, and their values at one step."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from gradviz.plots.parts.notice import NO_STEP_YET
from gradviz.recording.history import History

# of a watched script, which trains by a loss of its own
UNTOLD = {
    "loss": "The script logs no loss: recorder.log(loss=...)",
    "batch_accuracy": "The script logs no accuracy: recorder.log(accuracy=...)",
}


def title(frames: int, picked: int | None) -> str:
    """Say how far the run is drawn, and which step is picked."""
    if not frames:
        return "Loss and accuracy"
    words = f"Loss and accuracy · up to step {frames - 1}"
    return words if picked is None else f"{words}, {picked} picked"


def what_is_missing(history: History, name: Literal["loss", "batch_accuracy"]) -> str:
    """Say why there is no curve `name` to be seen; empty if there is one."""
    if not history.frames:
        return NO_STEP_YET if name == "loss" else ""
    if not history.started.loss_optional:
        return ""
    known = history.curve(name, 0, history.frames - 1, 2).largest
    return UNTOLD[name] if np.isnan(known).all() else ""


def values_at(history: History, step: int) -> tuple[str, str]:
    """Return what to write behind the names of the curves: values of the batch, and of the samples held out.

    The samples held out are looked at on a schedule: theirs may be of an earlier step, which is said then. Empty where
    there are none.
    """
    if not 0 <= step < history.frames:
        return "", ""
    batch = f": {_pair(_told_loss(history, step), history.batch_accuracy(step))}"
    latest = _latest_evaluation(history, step)
    if latest is None:
        return batch, ""
    measured, loss, share = latest
    when = "" if measured == step else f" (step {measured})"
    return batch, f"{when}: {_pair(loss, share)}"


def in_words(history: History, step: int) -> str:
    """Say all values at `step`, which is in the run, in one line."""
    words = f"step {step} · batch: {_pair(_told_loss(history, step), history.batch_accuracy(step))}"
    latest = _latest_evaluation(history, step)
    if latest is not None:
        words += f" · held out at step {latest[0]}: {_pair(*latest[1:])}"
    return words


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


def _pair(loss: float | None, share: float | None) -> str:
    known = [f"loss {loss:.4g}"] if loss is not None else []
    known += [f"accuracy {share:.1%}"] if share is not None and not math.isnan(share) else []
    return ", ".join(known) or "nothing known"
