"""The life of a run: idle, running, paused, ended; and the one thread behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal

from gradviz.app.failure import Failure
from gradviz.app.session.phase import PHASE_OF, Phase
from gradviz.app.threads.follow_thread import FollowThread
from gradviz.app.threads.training_thread import TrainingThread
from gradviz.experiment import Experiment
from gradviz.recording.frame import Ending
from gradviz.recording.history import History
from gradviz.recording.observations import RATE_CHANGED
from gradviz.recording.runs.library import Library

# a training step at depth 2000 and width 1024 may take this long on a slow machine; closing waits, it never kills
LONGEST_STEP_MS = 120_000
RATE_WINDOW_S = 1.0


class RunController(QObject):
    """Starts, pauses, steps and stops training, or follows that of another process; owns the thread, and no widget.

    Runs are kept in `library`, if there is one; `path` is the file of the present run.

    `phase_changed` carries the Phase, `began` the History of the new run, `trouble` what the disk does not take, once a
    run, and `failed` a Failure.
    """

    phase_changed = Signal(object)
    began = Signal(object)
    trouble = Signal(str)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None, library: Library | None = None) -> None:
        super().__init__(parent)
        self.phase = Phase.IDLE
        self.history: History | None = None
        self.experiment: Experiment | None = None
        self.path: Path | None = None
        self._library = library
        self._thread: TrainingThread | FollowThread | None = None
        self._after_stop: Callable[[], None] | None = None
        self._forget = False
        self._rate_mark: tuple[float, int] = (0.0, 0)
        self._rate = 0.0
        # the file of each run that was current, and how it ended, for as long as anything shows it
        self._known: WeakKeyDictionary[History, tuple[Path | None, Phase]] = WeakKeyDictionary()

    @property
    def worker(self) -> TrainingThread | FollowThread | None:
        """The worker of the run under way; None between two runs."""
        return self._thread

    def start(self, experiment: Experiment, *, paused: bool = False) -> None:
        """Begin a run; with one under way, stop it first and begin then."""
        self._begin(experiment, paused=paused, continues=None)

    def resume_file(self, path: Path, steps: int | None = None) -> None:
        """Resume the run in that file from its newest checkpoint, up to `steps` or as many as were planned.

        With one under way, stop it first. Raises RecordingError for a file that is no run or cannot be resumed.
        """
        # brings the store along, which the window opens without
        from gradviz.recording.runs.resuming import experiment_to_resume

        self._begin(experiment_to_resume(path, steps), paused=False, continues=path)

    def follow(self, path: Path) -> None:
        """Show the run that another process writes into that file while it trains; wait for the file if it is missing.

        With one under way, stop it first.
        """
        if self._stop_first(partial(self.follow, path)):
            return
        self.experiment = None
        self._launch(FollowThread(path, self), Phase.WAITING)

    def pause(self) -> None:
        """Pause the run after the current step."""
        if isinstance(self._thread, TrainingThread) and self.phase in (Phase.RUNNING, Phase.STARTING):
            self._thread.control.pause()
            self._enter(Phase.PAUSED)

    def resume(self) -> None:
        """Resume a paused run."""
        if isinstance(self._thread, TrainingThread) and self.phase is Phase.PAUSED:
            self._thread.control.resume()
            self._enter(Phase.RUNNING)

    def pause_or_resume(self) -> None:
        """Pause the run, or resume it if it is paused."""
        if self.phase is Phase.PAUSED:
            self.resume()
        else:
            self.pause()

    def step(self) -> None:
        """Make exactly one update of the run under way, which is paused then."""
        if isinstance(self._thread, TrainingThread) and self.phase.steerable:
            self._thread.control.pause()
            self._thread.control.step()
            self._enter(Phase.PAUSED)

    @property
    def full_rate(self) -> float | None:
        """The learning rate, of which a schedule takes its part, of the run that can be steered; None without one."""
        if not isinstance(self._thread, TrainingThread) or not self.phase.steerable or self.history is None:
            return None
        changed = self.history.observed(RATE_CHANGED, self.history.frames)
        if changed is not None:
            return changed.observation.number("after")
        return self.experiment.training.learning_rate if self.experiment is not None else None

    def change_rate(self, rate: float) -> None:
        """Let the run that can be steered go on with this learning rate."""
        if isinstance(self._thread, TrainingThread) and self.phase.steerable:
            self._thread.control.change_rate(rate)

    def look_closer(self) -> None:
        """Have the distributions of the next step measured: somebody is looking."""
        if isinstance(self._thread, TrainingThread):
            self._thread.control.look_closer()

    def stop(self) -> None:
        """Stop the run after the current step, or stop following one; its history stays."""
        if self._thread is not None and self.phase is not Phase.STOPPING:
            self._thread.stop()
            self._enter(Phase.STOPPING)

    def stop_then(self, act: Callable[[], None]) -> None:
        """Stop a run that is under way, and do `act` once it has ended; at once where there is none."""
        if not self._stop_first(act):
            act()

    def reset(self) -> None:
        """Forget the run and be ready again; one under way is stopped first, and its end is not waited for here."""
        self._after_stop = None
        self.history = self.path = None
        if self._thread is None:
            self._enter(Phase.IDLE)
        else:
            self._forget = True
            self.stop()

    def _begin(self, experiment: Experiment, *, paused: bool, continues: Path | None) -> None:
        if self._stop_first(partial(self._begin, experiment, paused=paused, continues=continues)):
            return
        self.experiment = experiment
        thread = TrainingThread([experiment], paused=paused, library=self._library, continues=continues, parent=self)
        self._launch(thread, Phase.STARTING)

    def _stop_first(self, then: Callable[[], None]) -> bool:
        """Stop a run that is under way, and do `then` once it has ended; return whether there is one."""
        if self._thread is None:
            return False
        self._after_stop = then
        self._forget = False
        self.stop()
        return True

    def _launch(self, thread: TrainingThread | FollowThread, phase: Phase) -> None:
        self.history = None
        # where a run of its own is kept shows when it has begun
        self.path = thread.path if isinstance(thread, FollowThread) else None
        thread.began.connect(self._on_began)
        thread.trouble.connect(self._on_trouble)
        thread.failed.connect(self._on_failed)
        thread.finished.connect(self._on_thread_finished)
        self._thread = thread
        self._enter(phase)
        thread.start()

    def bring_back(self, history: History, ending: Ending | None = None) -> None:
        """Take an ended run as the current one again, that ended by `ending` if it was not current before."""
        assert self._thread is None, "a run under way cannot be put aside"
        self.path, phase = self._known.get(history, (None, None))
        self.history = history
        self.experiment = history.started.experiment
        if ending in PHASE_OF:
            self._enter(PHASE_OF[ending])
        elif phase is not None:
            self._enter(phase)
        elif history.diverged is not None:
            self._enter(Phase.DIVERGED)
        else:
            complete = history.frames > history.started.planned_steps > 0
            self._enter(Phase.FINISHED if complete else Phase.STOPPED)

    def close(self) -> bool:
        """Stop and wait for the worker; return whether it has ended."""
        self._after_stop = None
        thread = self._thread
        if thread is None:
            return True
        self.stop()
        if not thread.wait(LONGEST_STEP_MS):
            return False
        # the queued signals of the ended thread must not reach anybody any more
        thread.began.disconnect(self._on_began)
        thread.trouble.disconnect(self._on_trouble)
        thread.failed.disconnect(self._on_failed)
        thread.finished.disconnect(self._on_thread_finished)
        self._settle(thread)
        return True

    def steps_per_second(self) -> float:
        """Training steps per second over about the last second; 0 while nothing moves."""
        if self.phase not in (Phase.RUNNING, Phase.FOLLOWING) or self.history is None:
            return 0.0
        now, frames = time.monotonic(), self.history.frames
        since, before = self._rate_mark
        if now - since >= RATE_WINDOW_S:
            self._rate = (frames - before) / (now - since)
            self._rate_mark = (now, frames)
        return self._rate

    def _on_began(self, histories: list[History]) -> None:
        thread = self._thread
        if thread is None or self.sender() is not thread or self._forget:
            return
        (history,) = histories
        self.history = history
        self.path = thread.paths[0] if isinstance(thread, TrainingThread) else thread.path
        # nothing else is learnt of one that is put aside before its end
        self._known[history] = self.path, Phase.STOPPED
        self._rate, self._rate_mark = 0.0, (time.monotonic(), history.frames)
        self.began.emit(history)
        if self.phase is Phase.STARTING:
            self._enter(Phase.RUNNING)
        elif self.phase is Phase.WAITING:
            self._enter(Phase.FOLLOWING)

    def _on_trouble(self, text: str) -> None:
        if self._thread is not None and self.sender() is self._thread:
            self.trouble.emit(text)

    def _on_failed(self, failure: Failure) -> None:
        if self._thread is None or self.sender() is not self._thread:
            return
        self._enter(Phase.FAILED)
        self.failed.emit(failure)

    def _on_thread_finished(self) -> None:
        thread = self._thread
        if thread is None or self.sender() is not thread:
            return
        self._settle(thread)
        if self._after_stop is not None:
            begin, self._after_stop = self._after_stop, None
            begin()

    def _settle(self, thread: TrainingThread | FollowThread) -> None:
        self._thread = None
        thread.deleteLater()
        forget, self._forget = self._forget, False
        if forget:
            self._enter(Phase.IDLE)
        elif self.phase is Phase.FAILED:
            return
        elif isinstance(thread, FollowThread):
            self._enter(self._end_of(thread))
        elif self.history is not None and self.history.diverged is not None:
            self._enter(Phase.DIVERGED)
        elif self.phase is Phase.STOPPING:
            self._enter(Phase.STOPPED)
        else:
            self._enter(Phase.FINISHED)

    def _end_of(self, thread: FollowThread) -> Phase:
        """Return how a run that was followed stands, now that it is not any more."""
        if thread.ending is not None:
            return PHASE_OF[thread.ending]
        return Phase.LEFT if self.history is not None else Phase.IDLE

    def _enter(self, phase: Phase) -> None:
        if self.history is not None and not phase.busy:
            self._known[self.history] = self.path, phase
        if phase is not self.phase:
            self.phase = phase
            self.phase_changed.emit(phase)
