"""Watching what a Hugging Face `Trainer` trains: `Trainer(..., callbacks=[GradvizCallback("run.gradviz")])`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from gradviz.watching.recorder import Recorder
from gradviz.watching.watch import watch


class GradvizCallback(TrainerCallback):
    """Watches the model from the beginning of the training to its end; `options` are those of `gradviz.watch`.

    The trainer says its loss every `logging_steps` steps, as the mean over them, and in these steps it is recorded.
    """

    def __init__(self, path: str | Path | None, **options: Any) -> None:
        self._path, self._options = path, options
        self.recorder: Recorder | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin to watch."""
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

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close the recording."""
        if self.recorder is not None:
            self.recorder.close()
