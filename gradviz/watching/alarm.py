"""Looking at the diagnosis while a watched network trains: what is found is told once, and may end the training."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from gradviz.diagnosis.criterion import Criterion
from gradviz.diagnosis.finding import Severity
from gradviz.diagnosis.verdict import Verdict, WordedFinding
from gradviz.recording.history import History

OnFinding = Callable[[WordedFinding], object]

# of the time of the script that looking may take
SHARE_OF_TIME = 0.01


class TrainingStopped(Exception):  # noqa: N818, an end that was asked for is no error
    """Raised into a watched training that goes as `gradviz.watch(..., stop_on=...)` says; `finding` is why."""

    def __init__(self, finding: WordedFinding) -> None:
        super().__init__(finding.line)
        self.finding = finding


class Alarm:
    """Tells `on_finding` of what is wrong, each kind once, and raises for what `stop_on` names.

    Kinds and severities are those of `gradviz.check`. Raises CheckError for others.
    """

    def __init__(self, on_finding: OnFinding | None = None, stop_on: str | Sequence[str] = ()) -> None:
        self._on_finding = on_finding
        self._stops = Criterion.of(stop_on)
        self._asked_for = on_finding is not None or bool(stop_on)
        self._told: set[str] = set()
        self._new: list[WordedFinding] = []
        self._frames = 0
        self._look_again_at_s = 0.0

    def look(self, history: History | None, *, at_the_end: bool = False) -> None:
        """Judge what was recorded since the last look, unless that would take too much of the time."""
        begin = time.perf_counter()
        if not self._asked_for or history is None or history.frames == self._frames:
            return
        if begin < self._look_again_at_s and not at_the_end:
            return
        self._frames = history.frames
        for finding in Verdict.of(history).at_least(Severity.NOTICE):
            if finding.kind not in self._told:
                self._told.add(finding.kind)
                self._new.append(finding)
        end = time.perf_counter()
        self._look_again_at_s = end + (end - begin) / SHARE_OF_TIME

    def ring(self, warn: Callable[[str], None], *, at_the_end: bool = False) -> None:
        """Tell of what is new; an error of the person's own function becomes a warning.

        Raises TrainingStopped for what ends the training, unless it is over.
        """
        new, self._new = self._new, []
        for finding in new:
            try:
                if self._on_finding is not None:
                    self._on_finding(finding)
            except Exception as error:
                warn(f"on_finding raised {type(error).__name__}: {error}")
        for finding in new:
            if self._stops.fits(finding.data) and not at_the_end:
                raise TrainingStopped(finding)
