"""Watching what a Lightning `Trainer` trains: `Trainer(callbacks=[GradvizCallback("run.gradviz")])`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from gradviz.watching.recorder import Recorder
from gradviz.watching.watch import watch

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError:
    # the package of an earlier name
    from pytorch_lightning import Callback, LightningModule, Trainer


class GradvizCallback(Callback):
    """Watches the module from the beginning of a fit to its end; `options` are those of `gradviz.watch`.

    The loss is what `training_step` returns; the accuracy is the metric that it logs under the name `accuracy`, if any,
    and those of the validation are the metrics under the names `validation_loss` and `validation_accuracy`.
    """

    def __init__(
        self,
        path: str | Path | None,
        *,
        accuracy: str = "train_accuracy",
        validation_loss: str = "val_loss",
        validation_accuracy: str = "val_accuracy",
        **options: Any,
    ) -> None:
        self._path, self._accuracy, self._options = path, accuracy, options
        self._validation = {"validation_loss": validation_loss, "validation_accuracy": validation_accuracy}
        self.recorder: Recorder | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to watch, after the sanity check."""
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        self.recorder = watch(pl_module, self._path, **{"scaler": scaler, **self._options})

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Say what the step came to."""
        assert self.recorder is not None
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if isinstance(loss, Tensor):
            # what comes here is the share of a micro-batch in the loss of the step
            share = trainer.accumulate_grad_batches if pl_module.automatic_optimization else 1
            self.recorder.log(loss=loss * share)
        self.recorder.log(accuracy=trainer.callback_metrics.get(self._accuracy))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say what the validation came to; the sanity check before the training is none."""
        if self.recorder is None or trainer.sanity_checking:
            return
        found = {name: trainer.callback_metrics.get(metric) for name, metric in self._validation.items()}
        self.recorder.log(**{name: value for name, value in found.items() if value is not None})

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the recording."""
        if self.recorder is not None:
            self.recorder.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the recording and say what the fit ended with."""
        if self.recorder is not None:
            self.recorder.__exit__(type(exception), exception, exception.__traceback__)
