"""The stage of a lesson in the program: its orders go to the session, and its runs are those of the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gradviz.app.session.session import Session
from gradviz.errors import RecordingError
from gradviz.lessons.lesson import SetUp
from gradviz.lessons.parse import experiment_of
from gradviz.recording.history import History

if TYPE_CHECKING:
    from gradviz.recording.store import Run


class SessionStage(QObject):
    """Carries out what a lesson asks for. No widget is known here.

    `panel_wanted` and `quantity_wanted` carry a name, `lit` the places to light up; `begun` says that a run which the
    lesson waits for has begun, whoever pressed Start. Experiments are set up under `title`.
    """

    panel_wanted = Signal(str)
    quantity_wanted = Signal(str)
    lit = Signal(object)
    begun = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = ""
        self._session = session
        self._runs: dict[int, History] = {}
        self._paths: dict[int, str] = {}
        self._opened: list[Run] = []
        # the number of the run that has been ordered and has not begun
        self._ordered = 0
        session.run.began.connect(self._take_run)

    @property
    def paths(self) -> dict[int, str]:
        """The files of the runs, as far as they are recorded."""
        return dict(self._paths)

    def expect(self, number: int) -> None:
        """Take the next run that begins as the one of that number; 0: as none."""
        self._ordered = number

    def set_up(self, order: SetUp) -> None:
        """Set up an experiment under the title of the lesson; can be undone.

        The notes of a preset stay away: they tell what the lesson lets its reader find out.
        """

        def change() -> None:
            wanted = experiment_of(order, self._session.experiment)
            self._session.set(wanted.changed(title=self.title, notes=""))

        self._session.attempt(change)

    def start(self, number: int) -> None:
        """Train what is set up."""
        self._ordered = number
        self._session.start()

    def pick_step(self, step: int | None) -> None:
        """Show a step; None follows the latest."""
        self._session.display.pick_step(step)

    def pick_layer(self, row: int) -> None:
        """Look at a layer, counted from 1; -1 is the last."""
        history = self._session.shown.history
        rows = len(history.started.rows) if history is not None else 0
        wanted = rows if row < 0 else row
        if 1 <= wanted <= rows:
            self._session.display.pick_row(wanted)

    def show(self, quantity: str) -> None:
        """Show a quantity."""
        self.quantity_wanted.emit(quantity)

    def bring(self, panel: str) -> None:
        """Bring a panel to the front."""
        self.panel_wanted.emit(panel)

    def light(self, places: Sequence[str]) -> None:
        """Light up these places, and no others."""
        self.lit.emit(tuple(places))

    def runs(self) -> Mapping[int, History]:
        """Return the runs of the lesson by their numbers."""
        return self._runs

    def has_come_to(self, step: int | None) -> bool:
        """Return whether the run under way is at `step` or behind it, or has ended (None: only that)."""
        run = self._session.run
        if self._ordered and run.phase.busy:
            return False
        if not run.phase.busy:
            return True
        return step is not None and run.history is not None and run.history.frames > step

    def recall(self, paths: Mapping[int, str]) -> bool:
        """Read the runs of an earlier time; return False where one of them cannot be read any more."""
        # brings the store along, which the window opens without
        from gradviz.recording.store import open_run

        for number, path in paths.items():
            try:
                run = open_run(Path(path))
            except RecordingError:
                return False
            self._opened.append(run)
            self._runs[number], self._paths[number] = run.history, path
        return True

    def forget(self) -> None:
        """Let go of all runs; the files of those that were read are closed."""
        self._ordered = 0
        self._runs.clear()
        self._paths.clear()
        for run in self._opened:
            run.close()
        self._opened.clear()

    def _take_run(self, history: History) -> None:
        if self._ordered and not self._session.run.phase.follows:
            self._runs[self._ordered] = history
            if self._session.run.path is not None:
                self._paths[self._ordered] = str(self._session.run.path)
            self._ordered = 0
            self.begun.emit()
