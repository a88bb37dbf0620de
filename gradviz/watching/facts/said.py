"""What was said already, so that a state is said when it begins or changes, and in the order of the steps."""

from __future__ import annotations

from dataclasses import replace

from gradviz.recording.frame import Observation

# what changes all the time is not said all the time
MOST_OF_A_KIND = 400

Numbers = tuple[tuple[str, float], ...]


class Said:
    """Observations on their way to the recording; one that says what holds anyway is left out."""

    def __init__(self) -> None:
        self._holding: dict[str, Observation] = {}
        self._times: dict[str, int] = {}
        self._waiting: list[Observation] = []
        self._latest = 0

    def say(
        self,
        step: int,
        kind: str,
        *,
        rows: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        numbers: Numbers = (),
    ) -> None:
        """Say that something holds from `step` on."""
        now = Observation(step, kind, rows, names, numbers)
        before = self._holding.get(kind)
        if before is not None and (before.rows, before.names, before.numbers) == (rows, names, numbers):
            return
        self._times[kind] = self._times.get(kind, 0) + 1
        if self._times[kind] <= MOST_OF_A_KIND:
            self._holding[kind] = now
            self._waiting.append(now)

    def end(self, step: int, kind: str) -> None:
        """Say that nothing of `kind` holds from `step` on."""
        if self._holding.pop(kind, None) is not None:
            self._waiting.append(Observation(step, kind, holds=False))

    def say_or_end(self, step: int, kind: str, rows: tuple[int, ...], names: tuple[str, ...], numbers: Numbers) -> None:
        """Say what holds of modules or parameters; that nothing does, if there are none."""
        if names:
            self.say(step, kind, rows=rows, names=names, numbers=numbers)
        else:
            self.end(step, kind)

    def holds(self, kind: str) -> Observation | None:
        """Return what was said last of `kind`; None if it does not hold any more."""
        return self._holding.get(kind)

    def take(self, step: int) -> list[Observation]:
        """Return what there is of the steps up to `step`, in their order."""
        ready = sorted((one for one in self._waiting if one.step <= step), key=lambda one: one.step)
        # what is known only now cannot be said of a time before what was said last
        ready = [one if one.step >= self._latest else replace(one, step=self._latest) for one in ready]
        self._latest = ready[-1].step if ready else self._latest
        self._waiting = [one for one in self._waiting if one.step > step]
        return ready
