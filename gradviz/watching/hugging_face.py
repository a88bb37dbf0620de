"""Watching what a Hugging Face `Trainer` trains: `Trainer(..., callbacks=[GradvizCallback("run.gradviz")])`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from gradviz.watching.recorder import Recorder
from gradviz.watching.watch import watch


class GradvizCallback(TrainerCallback):
    """Watches the model from the beginning of the training to its end; `options` are those of `gradviz.watch`.

    The trainer says its loss every `logging_steps` steps, as the mean over them, and in these steps it is recorded;
    evaluations during the training are recorded as validation. A training that raises is closed as failed. A trainer
    tells its callbacks nothing of that, so its `train` is enclosed; of a callback that comes late (`add_callback`),
    what is called from within `train`.
    """

    def __init__(self, path: str | Path | None, **options: Any) -> None:
        self._path, self._options = path, options
        self.recorder: Recorder | None = None
        self._enclosed = False

    def on_init_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Hear of it when the training raises."""
        self._enclose("train")

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin to watch."""
        if not self._enclosed:
            self._enclose("training_step", "evaluate")
        model: nn.Module = kwargs["model"]
        # the optimiser knows the scaler that a training in float16 has
        scaler = getattr(kwargs.get("optimizer"), "scaler", None)
        self.recorder = watch(model, self._path, **{"scaler": scaler, **self._options})

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Say what the steps came to since the trainer said so before."""
        if self.recorder is not None and logs is not None and "loss" in logs:
            self.recorder.log(loss=float(logs["loss"]))

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Say what the evaluation came to; the accuracy, if `compute_metrics` returns one under that name."""
        known = metrics or {}
        if self.recorder is not None and "eval_loss" in known:
            self.recorder.log(validation_loss=float(known["eval_loss"]), validation_accuracy=known.get("eval_accuracy"))

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close the recording."""
        if self.recorder is not None:
            self.recorder.close()

    def _enclose(self, *names: str) -> None:
        """Have the recording closed if one of these methods of the trainer that calls us raises."""
        trainer = self._trainer_above()
        if trainer is None:
            return
        self._enclosed = True
        for name in names:
            if (method := getattr(trainer, name, None)) is not None:
                setattr(trainer, name, self._closing(method))

    def _closing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def run(*arguments: Any, **options: Any) -> Any:
            try:
                return method(*arguments, **options)
            except BaseException as error:
                if self.recorder is not None:
                    self.recorder.__exit__(type(error), error, error.__traceback__)
                raise

        return run

    def _trainer_above(self) -> Any:
        """Return the trainer that calls this; it is not among what it tells its callbacks."""
        frame = sys._getframe(1)
        while frame is not None:
            caller = frame.f_locals.get("self")
            handler = getattr(caller, "callback_handler", None)
            if any(callback is self for callback in getattr(handler, "callbacks", ())):
                return caller
            frame = frame.f_back  # type: ignore[assignment]
        return None
