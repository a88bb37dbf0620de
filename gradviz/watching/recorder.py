"""The handle of a watched network: what a person's script holds, and what keeps the two from hurting each other."""

from __future__ import annotations

import atexit
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import nn
from torch.optim import Optimizer

from gradviz.recording.frame import Ending, Frame, Started
from gradviz.recording.history import History
from gradviz.training.environment import environment
from gradviz.watching.engine import Engine, Settings
from gradviz.watching.step_hooks import StepHooks

if TYPE_CHECKING:
    from gradviz.recording.store.writer import StoreWriter


class Recorder:
    """Records a network while a script trains it; made by `gradviz.watch`.

    Ends with `close`, at the end of a `with` block, or when the program ends. It never raises into the training: what
    goes wrong in here is said once as a warning, and watching ends.
    """

    def __init__(self, model: nn.Module, path: Path | None, settings: Settings) -> None:
        self.path = self._asked_for = path
        self._make_way()
        self.history: History | None = None
        self._store: StoreWriter | None = None
        self._process = os.getpid()
        self._ended = False
        self._engine = Engine(model, settings, self, self._guarded)
        self._hooks = StepHooks(self, settings.scaler)
        atexit.register(self._at_exit)

    @property
    def steps(self) -> int:
        """How many steps are in the recording so far; the latest one comes in when the next one begins."""
        return self.history.frames if self.history is not None else 0

    def log(
        self,
        *,
        loss: float | torch.Tensor | None = None,
        accuracy: float | torch.Tensor | None = None,
        learning_rate: float | torch.Tensor | None = None,
    ) -> None:
        """Say what only the script knows about a step; a tensor is not waited for.

        Call it in the same place in every step, before `optimizer.step()` or after it. Several calls in one step are
        averaged (micro-batches). `accuracy` is a share between 0 and 1; the learning rate is read from the optimiser
        unless it is given here.
        """
        values = {"loss": loss, "accuracy": accuracy, "learning_rate": learning_rate}
        self._safely(self._engine.log, {name: value for name, value in values.items() if value is not None})

    def close(self) -> None:
        """End the recording: the last step is written, every hook is gone."""
        self._end("finished")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end("finished")
        elif issubclass(kind, Exception):
            self._end("failed", _in_words(error))
        else:
            self._end("stopped", kind.__name__)

    # what the hooks tell

    def concerned(self, optimizer: Optimizer) -> bool:
        """Whether a step of `optimizer` is one of the watched network."""
        return not self._ended and bool(self._safely(self._engine.holds_weights, optimizer))

    def step_begins(self, optimizer: Optimizer, loss: object = None) -> None:
        """Measure before a step."""
        self._guarded(self._engine.before_step, optimizer, loss)

    def step_ended(self, optimizer: Optimizer) -> None:
        """Measure after a step."""
        self._guarded(self._engine.after_step, optimizer)

    def step_skipped(self, optimizer: Optimizer) -> None:
        """Measure a step that is not made."""
        self._guarded(self._engine.skipped_step, optimizer)

    # what the engine tells

    def begin(self, started: Started, notes: dict[str, str]) -> None:
        """Open the recording."""
        self.history = History(started)
        self._make_way()
        if self.path is not None:
            from gradviz.recording.store.writer import StoreWriter

            facts = environment(started) | notes
            self._store = StoreWriter(self.path, self.history, environment=facts, on_trouble=self.warn)

    def frame(self, frame: Frame) -> None:
        """Record a frame; the store's own thread reads it from the history."""
        assert self.history is not None
        self.history.append(frame)

    def warn(self, message: str) -> None:
        """Say something to the person, wherever their warnings go."""
        try:
            warnings.warn(f"gradviz.watch: {message}", RuntimeWarning, stacklevel=2)
        except RuntimeWarning:
            # a script for which warnings are errors is not to die of this one
            sys.stderr.write(f"gradviz.watch: {message}\n")

    def _make_way(self) -> None:
        """Go to the next free name where there is a file already: an earlier run, or one begun since."""
        if self.path is None or self._asked_for is None or not self.path.exists():
            return
        taken, asked_for = self.path, self._asked_for
        number = 2
        while self.path.exists():
            self.path = asked_for.with_name(f"{asked_for.stem}-{number}{asked_for.suffix}")
            number += 1
        self.warn(f"{taken.name} is there already; this run is recorded in {self.path.name}")

    # how it ends

    def _guarded(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Return what `action` returns, which computes without leaving a trace in any graph."""
        with torch.no_grad():
            return self._safely(action, *arguments)

    def _safely(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Return what `action` returns; whatever it raises ends the watching and nothing else.

        In a process that was forked off nothing is done: it has a copy of this, with locks that nobody there releases.
        """
        if self._ended or os.getpid() != self._process:
            return None
        try:
            return action(*arguments)
        except Exception as error:
            self._give_up(error)
            return None

    def _give_up(self, error: Exception) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{_in_words(error)} ({Path(where.filename).name}, line {where.lineno})"
        self._let_go()
        try:
            self._close_store("failed", f"watching ended: {why}")
        except Exception as second:
            why = f"{why}; {_in_words(second)}"
        self.warn(f"watching ended, training goes on: {why}")

    def _end(self, ending: Ending, why: str = "") -> None:
        if self._ended or os.getpid() != self._process:
            return
        self._guarded(self._engine.finish)
        if self._ended:
            return
        self._let_go()
        try:
            self._close_store(ending, why)
        except Exception as error:
            self.warn(f"the recording could not be closed in order: {_in_words(error)}")
        if self.history is None and ending == "finished":
            self.warn(
                "nothing was recorded: no optimiser of torch.optim that holds parameters of the model made a step"
            )

    def _let_go(self) -> None:
        self._ended = True
        self._engine.stop()
        self._hooks.remove()
        atexit.unregister(self._at_exit)

    def _close_store(self, ending: Ending, why: str) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close(ending, why)

    def _at_exit(self) -> None:
        error = getattr(sys, "last_value", None)
        if isinstance(error, Exception):
            self._end("failed", _in_words(error))
        else:
            self._end("finished" if error is None else "stopped")


class IdleRecorder(Recorder):
    """What the ranks above 0 of a distributed training hold: it measures nothing and writes nothing."""

    def __init__(self) -> None:
        self.path = None
        self.history = None
        self._ended = True

    def log(self, **_values: object) -> None:
        """Do nothing."""

    def _end(self, ending: Ending, why: str = "") -> None:
        pass


def _in_words(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}"
