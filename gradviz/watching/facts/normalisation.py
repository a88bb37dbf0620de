"""Whether batch norm is trained on batches of next to no samples."""

from __future__ import annotations

from collections import deque

from gradviz.probes.modules.calls import Calls
from gradviz.probes.modules.rows import MeasuredModule
from gradviz.watching.facts.said import Said

# from so many samples on, nothing is said
ENOUGH_SAMPLES = 9
# the last batch of an epoch may be small by itself
LOOKS_TOGETHER = 5
LEAST_LOOKS = 2


class NormalisationFacts:
    """Looks at the batches that each batch norm was given in the latest looks."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self._now: dict[int, tuple[str, int]] = {}
        self._looks: dict[int, deque[int]] = {}

    def before_step(self, rows: tuple[MeasuredModule, ...], calls: Calls) -> None:
        """Take what there was in the passes before a step."""
        if calls.normalised:
            for number, row in enumerate(rows, start=1):
                if (samples := calls.normalised.get(row.module)) is not None:
                    self._now[number] = row.name, max(samples, self._now.get(number, ("", 0))[1])

    def round_over(self, step: int) -> None:
        """Say which were given few samples, and how many at the most."""
        if not self._now:
            return
        few = {}
        for number, (name, samples) in sorted(self._now.items()):
            looks = self._looks.setdefault(number, deque(maxlen=LOOKS_TOGETHER))
            looks.append(samples)
            if len(looks) >= LEAST_LOOKS and max(looks) < ENOUGH_SAMPLES:
                few[number] = name, max(looks)
        self._now = {}
        numbers = (("samples", float(max(samples for _, samples in few.values()))),) if few else ()
        self._said.say_or_end(step, "small_batch", tuple(few), tuple(name for name, _ in few.values()), numbers)
