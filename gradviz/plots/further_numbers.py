"""Further numbers of a run, such as a script logs of its own: what belongs together, and where each has its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.step_line import Points, Transform, envelope_line, view_of
from gradviz.recording.history import History
from gradviz.recording.zoom.scalars import Envelope

VALIDATION_LOSS, VALIDATION_ACCURACY = "validation_loss", "validation_accuracy"
LEARNING_RATE, GROUP_RATE = "learning_rate", "learning_rate/"
# spans many powers of ten wherever it matters
LOGARITHMIC = ("gradient_norm_before_clipping",)
FIRST_LOOK = 64
WIDER = 8


@dataclass(frozen=True, slots=True)
class NumberFamily:
    """Numbers that share an axis: those called `members`, of which LEARNING_RATE is the rate of the first group."""

    name: str
    members: tuple[str, ...]
    logarithmic: bool = False

    @property
    def label(self) -> str:
        """What to call it on an axis."""
        return self.name.replace("_", " ")

    def called(self, member: str) -> str:
        """What to call one of its members in a legend."""
        if len(self.members) == 1:
            return self.label
        return f"group {member.removeprefix(GROUP_RATE) if member != LEARNING_RATE else 0}"


def families(histories: Iterable[History]) -> tuple[NumberFamily, ...]:
    """Return the further numbers of some runs, those on one axis together, in the order in which they came up.

    Loss and accuracy of validation samples are not among them: they have their place beside those of the batch. The
    learning rate is, where it changes.
    """
    histories = tuple(histories)
    names = dict.fromkeys(name for history in histories for name in history.scalar_names)
    groups = tuple(name for name in names if name.startswith(GROUP_RATE))
    found = []
    for name in names:
        if name in groups:
            if name == groups[0]:
                found.append(NumberFamily(LEARNING_RATE, (LEARNING_RATE, *groups)))
        elif name not in (VALIDATION_LOSS, VALIDATION_ACCURACY):
            found.append(NumberFamily(name, (name,), name in LOGARITHMIC))
    if not groups and any(map(_rate_changes, histories)):
        found.append(NumberFamily(LEARNING_RATE, (LEARNING_RATE,)))
    return tuple(found)


def _rate_changes(history: History) -> bool:
    if not history.frames:
        return False
    envelope = history.curve("learning_rate", 0, history.frames - 1, 2)
    # of a script that does not tell its rate both are NaN
    return bool(np.fmin.reduce(envelope.smallest) < np.fmax.reduce(envelope.largest))


def number_line(history: History, name: str, view: Span, pixels: int, transform: Transform) -> Points:
    """Return the points of a number where the step axis shows `view`, `pixels` wide; it may be told now and then.

    The line goes on over the steps at which it was not told. Nothing of a run without it.
    """
    if not history.frames or not _has(history, name):
        return np.empty(0), np.empty(0)
    steps, values = envelope_line(_envelope(history, name, *view_of(view, pixels)), transform)
    there = np.isfinite(values)
    return steps[there], values[there]


def number_span(history: History, name: str, transform: Transform, columns: int) -> Span | None:
    """Return the smallest and the largest value of a number on its axis; None if there is none."""
    if not history.frames or not _has(history, name):
        return None
    envelope = _envelope(history, name, 0, history.frames - 1, columns)
    values = np.concatenate([transform(envelope.smallest), transform(envelope.largest)])
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def latest_told(history: History, name: str, step: int) -> tuple[int, float] | None:
    """Return step and value of a number when it was last told, at or before `step`; None if it never was."""
    if not _has(history, name):
        return None
    end, size = min(step + 1, history.frames), FIRST_LOOK
    while end > 0:
        first = max(end - size, 0)
        values = history.scalars(first, end)[:, 2] if name == LEARNING_RATE else history.scalar_part(name, first, end)
        known = np.flatnonzero(~np.isnan(values))
        if known.size:
            return first + int(known[-1]), float(values[known[-1]])
        end, size = first, size * WIDER
    return None


def has_validation(history: History) -> bool:
    """Whether anything is known of validation samples, from gradviz or from the script."""
    names = history.scalar_names
    return history.started.held_out is not None or VALIDATION_LOSS in names or VALIDATION_ACCURACY in names


def _has(history: History, name: str) -> bool:
    return name == LEARNING_RATE or name in history.scalar_names


def _envelope(history: History, name: str, first: int, last: int, columns: int) -> Envelope:
    if name == LEARNING_RATE:
        return history.curve("learning_rate", first, last, columns)
    return history.scalar_curve(name, first, last, columns)
