"""What is compared side by side: recorded runs, the current one, and races."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gradviz.app.failure import Failure
from gradviz.app.session.race_run import RaceRun
from gradviz.app.session.run_names import name_of
from gradviz.experiment import Experiment
from gradviz.plots.shown_run import ShownRun, shown_runs
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library

if TYPE_CHECKING:
    from gradviz.recording.runs.run_list import Listed


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Runs that are shown side by side; `race` trains them, if they are those of a race."""

    runs: tuple[ShownRun, ...]
    race: RaceRun | None = None


class Comparisons(QObject):
    """Opens and closes comparisons, and owns the races.

    `history_of` gives the history in a file; it raises RecordingError. `opened` carries a Comparison, `changed` says
    that a race has begun or ended, or that a comparison was closed; `failed` carries a Failure.
    """

    opened = Signal(object)
    changed = Signal()
    failed = Signal(object)

    def __init__(
        self, library: Library | None, history_of: Callable[[Path], History], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.open: list[Comparison] = []
        self._library, self._history_of = library, history_of
        self._races: list[RaceRun] = []

    @property
    def racing(self) -> bool:
        """Whether a race is under way."""
        return any(race.running for race in self._races)

    def compare(self, runs: Sequence[Listed]) -> None:
        """Show these runs side by side, the oldest first. Raises RecordingError."""
        ordered = sorted(runs, key=lambda run: run.began)
        histories = [self._history_of(run.path) for run in ordered]
        self._show(Comparison(shown_runs([name_of(run) for run in ordered], histories)))

    def race(self, experiments: Sequence[Experiment]) -> None:
        """Train these experiments in lockstep, and show them side by side once all have begun."""
        race = RaceRun(experiments, self._library, self)
        race.began.connect(partial(self._race_began, race))
        race.trouble.connect(lambda text: self.failed.emit(Failure(text)))
        race.failed.connect(self.failed)
        race.ended.connect(partial(self._race_ended, race))
        self._races.append(race)
        race.start()
        self.changed.emit()

    def close(self, comparison: Comparison) -> None:
        """Stop showing a comparison; a race ends with it, because nobody would see how to stop it."""
        if comparison in self.open:
            self.open.remove(comparison)
            if comparison.race is not None:
                comparison.race.stop()
            self.changed.emit()

    def raced(self, path: Path) -> History | None:
        """Return what a race under way records into that file."""
        racing = (race.history(path) for race in self._races)
        return next((history for history in racing if history is not None), None)

    def histories(self) -> list[History]:
        """Return the histories of all runs that are compared."""
        return [run.history for comparison in self.open for run in comparison.runs]

    def stop(self) -> None:
        """Stop every race after the current step."""
        for race in self._races:
            race.stop()

    def wait(self, longest_ms: int) -> bool:
        """Wait for every race; return whether all have ended."""
        ended = [race.wait(longest_ms) for race in self._races]
        return all(ended)

    def _race_began(self, race: RaceRun, runs: tuple[ShownRun, ...]) -> None:
        self._show(Comparison(runs, race))

    def _race_ended(self, race: RaceRun) -> None:
        if race in self._races:
            self._races.remove(race)
        self.changed.emit()

    def _show(self, comparison: Comparison) -> None:
        self.open.append(comparison)
        self.opened.emit(comparison)
        self.changed.emit()
