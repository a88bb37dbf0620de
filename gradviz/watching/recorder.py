"""The handle of a watched network: what a person's script holds, and what keeps the two from hurting each other."""

from __future__ import annotations

import atexit
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import ref

import torch
from torch import nn

from gradviz.diagnosis.finding import Severity
from gradviz.diagnosis.verdict import Verdict
from gradviz.recording.frame import Ending
from gradviz.recording.history import History
from gradviz.watching.alarm import Alarm, TrainingStopped
from gradviz.watching.guard import Guard
from gradviz.watching.notebook import recorder_html
from gradviz.watching.run_file import RunFile
from gradviz.watching.settings import Settings
from gradviz.watching.step_hooks import StepHooks, weakly
from gradviz.watching.steps import Steps


class Recorder:
    """Records a network while a script trains it; made by `gradviz.watch`.

    Ends with `close`, at the end of a `with` block, or when the program ends. It never raises into the training, unless
    it is asked to by `stop_on`: what goes wrong in here is said once as a warning, and watching ends. It lives as long
    as the network does, whether the script keeps it or not, and ends when nothing refers to the network any more.
    """

    def __init__(self, model: nn.Module, path: Path | None, settings: Settings, alarm: Alarm | None = None) -> None:
        self._alarm = alarm or Alarm()
        self._file = RunFile(path)
        self._guard = Guard(self._give_up)
        self._steps = Steps(model, settings, self._file, self._guard)
        self._hooks = StepHooks(self._steps, self._guard, settings.scaler, self._look)
        self._ties = Ties(model, self)
        self._when_program_ends = weakly(self._at_exit)
        atexit.register(self._when_program_ends)

    @property
    def path(self) -> Path | None:
        """The file that the run is recorded in; None without one."""
        return self._file.path

    @property
    def history(self) -> History | None:
        """The recording so far; None before the first step."""
        return self._file.history

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
        validation_loss: float | torch.Tensor | None = None,
        validation_accuracy: float | torch.Tensor | None = None,
        inputs: torch.Tensor | None = None,
        outputs: torch.Tensor | None = None,
        targets: torch.Tensor | None = None,
        **further: object,
    ) -> None:
        """Say what only the script knows about a step; a tensor is not waited for.

        Call it in the same place in every step, before `optimizer.step()` or after it. Several calls in one step are
        averaged (micro-batches). Numbers are floats, tensors of one number, or anything that `float` takes; what is
        none is left out with a warning, and nothing that is given here ends the recording.

        Args:
            loss: the loss of the batch. Of a tensor with several numbers, such as a loss per sample, the mean is taken.
            accuracy: share of the batch classified correctly, between 0 and 1.
            learning_rate: read from the optimiser unless it is given here; further parameter groups are recorded as
                `learning_rate/1` and so on.
            validation_loss: mean loss over samples that are not trained on, at the steps at which you have it.
            validation_accuracy: share of such samples classified correctly, between 0 and 1.
            inputs: the batch [samples, ...]. In thorough steps it is reduced to a few numbers on its device: range,
                mean, spread, numbers that are not finite, constant features. The tensor is not kept.
            outputs: what the network says of it: scores of classes, [samples, classes], [samples, classes, ...] or
                [samples, ..., classes]; with them the share of the class said most often is known. Not kept either.
            targets: what is right: class indices, one-hot shares, or numbers. Not kept either.
            further: numbers of your own, recorded under their names and drawn below the loss.

        """
        values: dict[str, object] = {
            "loss": loss,
            "accuracy": accuracy,
            "learning_rate": learning_rate,
            "validation_loss": validation_loss,
            "validation_accuracy": validation_accuracy,
            "inputs": inputs,
            "outputs": outputs,
            "targets": targets,
            **further,
        }
        self._guard.run(self._steps.log, {name: value for name, value in values.items() if value is not None})
        self._look()

    def verdict(self) -> Verdict:
        """Return what is wrong with the training so far, worst first: `print` it, or ask each finding.

        It is judged when you ask, which takes some milliseconds; empty before the first step is recorded.
        """
        return Verdict.of(self.history) if self.history is not None and self.history.frames else Verdict()

    def step(self) -> None:
        """Mark a step in a loop that has no optimiser of `torch.optim`: your own code moves the weights.

        Call it once per step, after the backward pass and before the gradients are cleared. Gradients are measured as
        they are then, and weights are compared with what they are at the next call. Where an optimiser of torch makes
        the steps, this does nothing but warn.
        """
        self._guard(self._steps.step_by_hand)
        self._look()

    def _repr_html_(self) -> str:
        """Return the board and the verdict so far; what a notebook shows of a recorder."""
        return recorder_html(self.history, self.history.started.title if self.history is not None else "gradviz")

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
        elif issubclass(kind, TrainingStopped):
            self._end("stopped", str(error))
        elif issubclass(kind, Exception):
            self._end("failed", _in_words(error))
        else:
            self._end("stopped", kind.__name__)

    def _look(self) -> None:
        if not self._guard.off:
            self._guard.run(self._alarm.look, self.history)
            self._alarm.ring(self._file.warn)

    def _give_up(self, error: Exception) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{_in_words(error)} ({Path(where.filename).name}, line {where.lineno})"
        self._let_go()
        try:
            self._file.close("failed", f"gradviz stopped watching: {why}")
        except Exception as second:
            why = f"{why}; {_in_words(second)}"
        self._file.warn(f"gradviz stopped watching; training continues: {why}")

    def _end(self, ending: Ending, why: str = "") -> None:
        if self._guard.off:
            return
        self._guard(self._steps.finish)
        # which may have failed
        if self._guard.ended:
            return
        self._let_go()
        try:
            self._file.close(ending, why)
        except Exception as error:
            self._file.warn(f"the recording could not be closed properly: {_in_words(error)}")
        if not self.steps and ending == "finished":
            self._file.warn(
                "nothing was recorded: no optimiser of torch.optim that holds parameters of the model made a step"
            )
        self._say_verdict()

    def _say_verdict(self) -> None:
        """Say in one line what is wrong with the run, if anything is."""
        try:
            self._alarm.look(self.history, at_the_end=True)
            self._alarm.ring(self._file.warn, at_the_end=True)
            if wrong := self.verdict().at_least(Severity.WARNING):
                where = f" ({self.path.name})" if self.path is not None else ""
                sys.stderr.write(f"gradviz{where}: {wrong.line}\n")
        except Exception as error:
            self._file.warn(f"the run could not be judged: {_in_words(error)}")

    def _let_go(self) -> None:
        self._guard.ended = True
        self._steps.release()
        self._hooks.remove()
        self._ties.cut()
        atexit.unregister(self._when_program_ends)

    def __del__(self) -> None:
        # not if it was never made
        if hasattr(self, "_when_program_ends"):
            self._end("finished")

    def _at_exit(self) -> None:
        error = getattr(sys, "last_value", None)
        if isinstance(error, TrainingStopped):
            self._end("stopped", str(error))
        elif isinstance(error, Exception):
            self._end("failed", _in_words(error))
        else:
            self._end("finished" if error is None else "stopped")


class Ties:
    """Keep a recorder as long as its network lives. A copy of the network, also a pickled one, has False in place."""

    def __init__(self, model: nn.Module, recorder: Recorder) -> None:
        self._model = ref(model)
        self._name = f"_gradviz_{id(recorder)}"
        self._recorder: Recorder | None = recorder
        model.__dict__[self._name] = self

    def cut(self) -> None:
        """Let go of both."""
        self._recorder = None
        if (model := self._model()) is not None:
            model.__dict__.pop(self._name, None)

    def __reduce__(self) -> tuple[type[bool], tuple[()]]:
        return bool, ()


class IdleRecorder(Recorder):
    """What the ranks above 0 of a distributed training hold: it measures nothing and writes nothing."""

    def __init__(self) -> None:
        self._file = RunFile(None)

    def log(self, **_values: object) -> None:
        """Do nothing."""

    def step(self) -> None:
        """Do nothing."""

    def _end(self, ending: Ending, why: str = "") -> None:
        pass


def _in_words(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}"
