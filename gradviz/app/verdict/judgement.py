"""What was judged: the findings, and which step and layers they are about."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradviz.diagnosis import Severity
from gradviz.diagnosis.verdict import Verdict, WordedFinding


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on `step` (None: nothing is recorded yet), which was `picked` or is the latest.

    `part` is the first and the last layer asked about, None for all of them.
    """

    verdict: Verdict = field(default_factory=Verdict)
    step: int | None = None
    picked: bool = False
    part: tuple[int, int] | None = None

    @property
    def worst(self) -> WordedFinding | None:
        """The first of the findings."""
        return self.verdict[0] if self.verdict else None

    @property
    def severity(self) -> Severity:
        """How bad the worst is; unknown where nothing was found."""
        return self.verdict.severity
