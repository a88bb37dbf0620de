"""The session: the run under way, what is shown, what it is compared with, the edits and the library.

It knows no widget. Menus, the keyboard, the command line and lessons give it orders through its verbs; the window and
its panels follow its signals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from gradviz.app.failure import Failure
from gradviz.app.form.experiment_edits import ExperimentEdits
from gradviz.app.session.comparisons import Comparisons
from gradviz.app.session.display import Display
from gradviz.app.session.open_runs import OpenRuns, is_being_recorded, recorded_into
from gradviz.app.session.phase import END_OF_FOLLOWING, Phase
from gradviz.app.session.run_controller import LONGEST_STEP_MS, RunController
from gradviz.app.session.run_library import RunLibrary
from gradviz.app.session.shown import Shown
from gradviz.app.session.state import SessionState
from gradviz.app.threads.preview_thread import PreviewThread
from gradviz.app.threads.theory_thread import TheoryThread
from gradviz.errors import GradvizError
from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library


class Session(QObject):
    """Takes every order, and tells what became of it.

    Verbs that concern one part are those of the part: `run` (pause, resume, step, stop), `display` (show_run,
    show_preview, pick_step, pick_row), `edits` (undo, redo), `runs` (refresh, rename, annotate, restore) and
    `comparisons` (compare, race). Those that concern several are here. None does anything where it does not apply.

    `experiment_changed` carries the Experiment that is set up. `stop_wanted` carries a file that can be opened only
    once the run under way has stopped. `state_changed` says that other commands may apply now. `said` carries words
    for the status bar, `complained` why the network that is set up cannot be measured, and `failed` a Failure. Verbs
    that read files raise GradvizError for what the person can put right; `attempt` reports it.
    """

    experiment_changed = Signal(object)
    stop_wanted = Signal(object)
    state_changed = Signal()
    said = Signal(str)
    complained = Signal(str)
    failed = Signal(object)

    def __init__(self, experiment: Experiment, library: Library | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.edits = ExperimentEdits(experiment, self._edited, self)
        self.run = RunController(self, library)
        self.runs = RunLibrary(library, self)
        self.comparisons = Comparisons(library, self._history_in, self)
        self.preview = PreviewThread(self)
        self.theory = TheoryThread(self)
        self.display = Display(self.run, self.preview, self.edits, self)
        self._ready = True
        self._files = OpenRuns(self.said.emit)
        self._followed: Path | None = None
        self.edits.indexChanged.connect(self._tell_state)
        self.run.phase_changed.connect(self._phase_changed)
        self.run.began.connect(self._run_began)
        self.run.trouble.connect(self._report_trouble)
        self.preview.failed.connect(self._preview_failed)
        self.display.changed.connect(self._shown_changed)
        self.comparisons.changed.connect(self._close_unseen)
        for part in (self.run, self.runs, self.comparisons, self.theory):
            part.failed.connect(self.failed)

    @property
    def experiment(self) -> Experiment:
        """The experiment that is set up, which `start` trains."""
        return self.edits.current

    @property
    def shown(self) -> Shown:
        """What every plot shows."""
        return self.display.shown

    @property
    def shown_path(self) -> Path | None:
        """The file of the run that is shown; None if it has none."""
        shown = self.shown.history if self.shown.kind == "run" else None
        if shown is None:
            return None
        return self._files.path_of(shown) or (self.run.path if shown is self.run.history else None)

    @property
    def moving(self) -> bool:
        """Whether anything is being trained or followed."""
        return self.run.phase.busy or self.comparisons.racing

    @property
    def state(self) -> SessionState:
        """What can be done now follows from this alone."""
        return SessionState(
            phase=self.run.phase,
            shown=self.shown.kind,
            shown_has_recipe=self.shown.experiment is not None,
            shown_has_file=self.shown_path is not None,
            form_differs=self.shown.kind == "run" and not _same_recipe(self.shown.experiment, self.experiment),
            has_run=self.run.history is not None,
            has_previous=self.display.previous is not None,
            can_undo=self.edits.canUndo(),
            can_redo=self.edits.canRedo(),
            undo_text=self.edits.undoText(),
            redo_text=self.edits.redoText(),
            ready=self._ready,
        )

    def attempt(self, act: Callable[[], object]) -> None:
        """Do `act`; report what a GradvizError says."""
        try:
            act()
        except GradvizError as error:
            self.failed.emit(Failure.of(error))

    def begin(self) -> None:
        """Load torch in a thread and measure the network that is set up."""
        self.preview.request(self.experiment)
        self.preview.start()

    def become_ready(self, ready: bool = True) -> None:
        """Say whether there are plots to show something on."""
        self._ready = ready
        self._tell_state()

    def set(self, experiment: Experiment) -> None:
        """Set up `experiment`; can be undone."""
        if experiment != self.experiment:
            self.edits.record(experiment)
            self._edited(experiment)

    def set_defaults(self) -> None:
        """Set every field to its default; can be undone."""
        self.set(Experiment())

    def adopt(self) -> None:
        """Set up the experiment of the run that is shown; can be undone."""
        if self.shown.experiment is not None:
            self.set(self.shown.experiment)

    def start(self, *, paused: bool = False) -> None:
        """Train the experiment that is set up; one under way is stopped first, and stays for comparison."""
        self.display.forget_preview()
        self.display.keep_for_comparison()
        self.run.start(self.experiment, paused=paused)

    def single_step(self) -> None:
        """Make exactly one training step, then pause; start a run if there is none under way."""
        if not self.run.phase.busy:
            self.start(paused=True)
        self.run.step()

    def reset(self) -> None:
        """Go back to the network as initialised; the run stays for comparison."""
        self.display.keep_for_comparison()
        self.display.show_nothing()
        self.run.reset()

    def swap(self) -> None:
        """Show the previous run again, and the current one for comparison."""
        previous = self.display.previous
        if not self.run.phase.busy and previous is not None:
            self.display.previous = self.run.history
            self.show(previous)

    def show(self, history: History) -> None:
        """Show an ended run that is in memory, beside the one before it."""
        if not self.run.phase.busy:
            self.run.bring_back(history)
            self.display.show_run()

    def open(self, path: Path) -> None:
        """Show the run in a file beside the one before it, and follow it if it is being recorded.

        What is set up stays as it is. With another run under way `stop_wanted` is emitted instead. Raises
        RecordingError.
        """
        path = path.absolute()
        if self.run.phase.busy:
            if path == self.run.path:
                self.display.show_run()
            else:
                self.stop_wanted.emit(path)
        elif is_being_recorded(path):
            self.follow(path)
        else:
            history = self._files.history(path)
            self.runs.remember(path)
            self.display.keep_for_comparison()
            if self.display.previous is history:
                self.display.previous = None
            self.run.bring_back(history, ending=self._files.ending(path))
            self.display.show_run()
            self.said.emit(f"Opened {path.name}; the form is unchanged")

    def stop_and_open(self, path: Path) -> None:
        """Show the run in a file once the run under way has stopped."""
        self.run.stop_then(lambda: self.attempt(partial(self.open, path)))

    def follow(self, path: Path) -> None:
        """Show the run that a script records into that file while it trains; wait for the file if it is missing.

        A run under way is stopped first.
        """
        path = recorded_into(path.absolute())
        if self.run.phase.busy and path == self.run.path:
            self.said.emit(f"{path.name} is followed already")
            return
        self.display.forget_preview()
        self.display.keep_for_comparison()
        self._followed = path
        self.run.follow(path)

    def resume_file(self, path: Path, steps: int | None = None) -> None:
        """Resume the run in a file from its last checkpoint, up to `steps` or as many as were planned.

        Raises RecordingError for a file that is no run or cannot be resumed.
        """
        before, same = self.run.history, self.shown_path == path
        self.run.resume_file(path, steps)
        self.display.forget_preview()
        # a run is not compared with its own beginning
        if before is not None and before.frames > 1 and not same:
            self.display.previous = before

    def race(self, experiments: Sequence[Experiment]) -> None:
        """Train these experiments in lockstep, and show them side by side."""
        self.comparisons.race(experiments)
        self.said.emit("The networks of the race are being built")

    def delete(self, paths: Sequence[Path]) -> None:
        """Move runs into the trash, unless one is still being recorded. Raises RecordingError."""
        under_way = {self.run.path} if self.run.phase.busy else set()
        if any(path in under_way or self.comparisons.raced(path) is not None for path in paths):
            self.runs.tell("This run is still being recorded; stop it first.")
        else:
            self.runs.delete(list(paths))

    def close(self) -> bool:
        """Stop everything and wait for it; return whether all of it has ended."""
        threads = (self.preview, self.theory)
        for thread in threads:
            thread.end()
        self.runs.end()
        self.comparisons.stop()
        ended = [self.comparisons.wait(LONGEST_STEP_MS), self.runs.wait(LONGEST_STEP_MS), self.run.close()]
        ended += [thread.wait(LONGEST_STEP_MS) for thread in threads if thread.isRunning()]
        return all(ended)

    def close_files(self) -> None:
        """Close every file; nothing may be drawn any more."""
        self._files.close()

    def _edited(self, experiment: Experiment) -> None:
        self.experiment_changed.emit(experiment)
        self.display.follow_edit(experiment)
        self._tell_state()

    def _run_began(self, _history: History) -> None:
        if self.run.phase.follows and self._followed is not None:
            self.runs.remember(self._followed)
        self.display.show_run()

    def _phase_changed(self, phase: Phase) -> None:
        if phase is Phase.WAITING and self.run.path is not None:
            self.display.show_nothing(waiting_for=self.run.path.name)
        elif not phase.busy:
            self._end_following(phase)
        if phase is Phase.IDLE:
            self.preview.request(self.experiment)
        self._tell_state()

    def _end_following(self, phase: Phase) -> None:
        path, self._followed = self._followed, None
        if self.shown.waiting_for:
            self.display.show_nothing()
        if path is not None and path == self.run.path and phase in END_OF_FOLLOWING:
            self.said.emit(f"{path.name}: {END_OF_FOLLOWING[phase]}")

    def _preview_failed(self, failure: Failure) -> None:
        if failure.details:
            self.failed.emit(failure)
        else:
            self.complained.emit(failure.message)

    def _report_trouble(self, text: str) -> None:
        self.failed.emit(Failure(text))

    def _shown_changed(self, _shown: Shown) -> None:
        self._close_unseen()
        self._tell_state()

    def _history_in(self, path: Path) -> History:
        """Return what a file holds, or what is being recorded into it."""
        if path == self.run.path and self.run.history is not None:
            return self.run.history
        return self.comparisons.raced(path) or self._files.history(path)

    def _close_unseen(self) -> None:
        seen = [self.shown.history, self.shown.reference, self.display.previous, self.run.history]
        seen += self.comparisons.histories()
        self._files.keep_only([history for history in seen if history is not None])

    def _tell_state(self) -> None:
        self.state_changed.emit()


def _same_recipe(one: Experiment | None, other: Experiment) -> bool:
    return one is not None and one.changed(title="", notes="") == other.changed(title="", notes="")
