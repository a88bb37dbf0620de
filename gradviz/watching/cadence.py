"""When what is measured: at fixed steps, or as often as a share of the time allows.

Gradients come at every step that was asked for: they cost little, and whoever reads them counts on them. A thorough
look costs about as much as a step or two, and how much depends on the network and the machine. So the time spent on
watching is compared with the time of everything else, and a thorough look has to wait until it fits in.

The first steps are looked at thoroughly, because most of what goes wrong is there at once: all of them where a look
costs less than a step, else some. What they took is paid back later. So that a short training is not left alone with
its first steps, one look is allowed each time that the training has become half as long again.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from gradviz.probes.observer import Due

# the steps from 0 up to and with this one are looked at thoroughly
LAST_EARLY_STEP = 10
# of them these, where a look costs more than a step
EARLY_STEPS = frozenset((0, 1, 2, 3, 5, 7, 10))
# a look does not have to fit in once the training is so many times as long as it was at the look before
LONGEST_WAIT = 1.5
# what jumps all the time is not looked at all the time
LEAST_BETWEEN_JUMPS = 10
# what it costs to look changes with the load of the machine, so that the latest look counts for so much
LATEST_SHARE = 0.3
# one that took longer than so many before it was interrupted by something else
LONGEST_BELIEVED = 2.0
# what watching costs beyond its own time, such as calls of hooks and emptied caches, is not seen: so much of all is
SEEN_SHARE = 0.6
# a loss has jumped when it is so many times the largest of so many before it
JUMP, LOSSES_BEFORE = 2.0, 20
# a loss that is near zero may double at every other step
LEAST_JUMP = 0.1


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds so far: `ours` spent on watching, `others` on everything else."""

    ours: float
    others: float


class Cadence:
    """Decides for one step after the other, each once: the first time that it is asked about it.

    Gradients are due at multiples of `every` and everything at multiples of `thorough_every`, which is one itself. With
    `early`, everything is due in the first steps as well, and soon after the loss has jumped. `max_overhead` is the
    share of the time of the script that watching may take: where it costs more, fewer of those steps are looked at.
    """

    def __init__(self, every: int, thorough_every: int, *, early: bool, max_overhead: float | None = None) -> None:
        self._every, self._thorough_every = every, thorough_every
        self._last_early = LAST_EARLY_STEP if early else -1
        self._budget = _Budget(max_overhead) if max_overhead is not None else None
        self._decided: dict[int, Due] = {}
        self._latest_thorough = 0
        self._losses: deque[float] = deque(maxlen=LOSSES_BEFORE)
        self._wanted = False

    @property
    def adaptive(self) -> bool:
        """Whether what is due depends on what it costs."""
        return self._budget is not None

    def due(self, step: int) -> Due:
        """Return what is measured at `step`: the present one or the one after it."""
        if (known := self._decided.get(step)) is None:
            # asked about are the step under way and the one to come
            self._decided.pop(step - 2, None)
            thorough = self._is_thorough(step)
            if thorough:
                self._latest_thorough = step
            known = self._decided[step] = Due(gradients=thorough or step % self._every == 0, thorough=thorough)
        return known

    def was_thorough(self, step: int) -> bool:
        """Whether everything was due at `step`, the one under way or the one before it."""
        return (known := self._decided.get(step)) is not None and known.thorough

    def step_ended(self, step: int, timing: Timing) -> None:
        """Take how long everything has taken, now that what was due at `step` is measured."""
        if self._budget is not None and (due := self._decided.get(step)) is not None:
            self._budget.step_ended(due, timing)

    def saw_loss(self, loss: float) -> None:
        """Take the loss of a step: if it has jumped, or is not finite any more, the next step is looked at."""
        if self._last_early < 0:
            return
        if not math.isfinite(loss):
            # once: what stays as it is needs no other look
            self._wanted |= not self._losses or math.isfinite(self._losses[-1])
        elif len(before := [each for each in self._losses if math.isfinite(each)]) == LOSSES_BEFORE:
            largest = max(before)
            self._wanted |= loss - largest > max((JUMP - 1) * abs(largest), LEAST_JUMP)
        self._losses.append(loss)

    def _is_thorough(self, step: int) -> bool:
        if step <= self._last_early and (self._budget is None or step in EARLY_STEPS or self._budget.is_cheap()):
            return True
        if self._wanted:
            self._wanted = False
            if step - self._latest_thorough >= LEAST_BETWEEN_JUMPS:
                return True
        if step % self._thorough_every or self._budget is None:
            return step % self._thorough_every == 0
        return step >= LONGEST_WAIT * self._latest_thorough or self._budget.has_room()


class _Budget:
    """What watching has cost, next to the share of the time that it may."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._before = Timing(0.0, 0.0)
        self._thorough = self._step = math.nan

    def step_ended(self, due: Due, timing: Timing) -> None:
        """Learn from a step in which `due` was measured."""
        ours = timing.ours - self._before.ours
        self._step = _smoothed(self._step, timing.others - self._before.others)
        self._before = timing
        if due.thorough:
            self._thorough = _smoothed(self._thorough, ours)

    def is_cheap(self) -> bool:
        """Whether a thorough look costs less than a step."""
        return not self._thorough > self._step

    def has_room(self) -> bool:
        """Whether a thorough look, at the cost of those before, still fits in."""
        expected = self._thorough if math.isfinite(self._thorough) else 0.0
        return self._before.ours + expected <= SEEN_SHARE * self._share * self._before.others


def _smoothed(before: float, now: float) -> float:
    if math.isnan(before):
        return now
    return (1 - LATEST_SHARE) * before + LATEST_SHARE * min(now, LONGEST_BELIEVED * before)
