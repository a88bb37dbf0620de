"""Where a watched run is recorded: its history, the file beside it, and what the person is told."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from gradviz.probes.environment import environment
from gradviz.recording.frame import Ending, Frame, Observation, Started
from gradviz.recording.history import History

if TYPE_CHECKING:
    from gradviz.recording.store.writer import StoreWriter


class RunFile:
    """A recording; its file, if there is a `path`, is made when it begins. A file that is there already is kept."""

    def __init__(self, path: Path | None) -> None:
        self.path = self._asked_for = path
        self._find_free_name()
        self.history: History | None = None
        self._store: StoreWriter | None = None

    def begin(self, started: Started, notes: dict[str, str]) -> None:
        """Take what is known before the first frame; `notes` are facts in words, by name."""
        self.history = History(started)
        self._find_free_name()
        if self.path is not None:
            from gradviz.recording.store.writer import StoreWriter

            facts = environment(started) | notes
            self._store = StoreWriter(self.path, self.history, environment=facts, on_trouble=self.warn)

    def append(self, event: Frame | Observation) -> None:
        """Record a frame or an observation; the store's own thread reads it from the history."""
        assert self.history is not None
        self.history.append(event)

    def close(self, ending: Ending, why: str = "") -> None:
        """End the file, if there is one, once everything is in it."""
        store, self._store = self._store, None
        if store is not None:
            store.close(ending, why)

    def warn(self, message: str) -> None:
        """Say something to the person, wherever their warnings go."""
        try:
            warnings.warn(f"gradviz.watch: {message}", RuntimeWarning, stacklevel=2)
        except RuntimeWarning:
            # a script for which warnings are errors is not to die of this one
            sys.stderr.write(f"gradviz.watch: {message}\n")

    def _find_free_name(self) -> None:
        """Go to the next free name where there is a file already: an earlier run, or one begun since."""
        if self.path is None or self._asked_for is None or not self.path.exists():
            return
        taken, asked_for = self.path, self._asked_for
        number = 2
        while self.path.exists():
            self.path = asked_for.with_name(f"{asked_for.stem}-{number}{asked_for.suffix}")
            number += 1
        self.warn(f"{taken.name} is there already; this run is recorded in {self.path.name}")
