"""Against the real library; it is too large for the test extra: pip install gradviz-desktop[adapters]."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from watched_training import batches, length, measured, perceptron

from gradviz.recording.store import read_info

lightning = pytest.importorskip(
    "lightning.pytorch", reason="pip install gradviz-desktop[adapters] to test the Lightning callback"
)

from gradviz.watching.lightning import GradvizCallback  # noqa: E402

STEPS = 6


@pytest.fixture(autouse=True)
def foreign_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning|torch|torchmetrics|pkg_resources")
        warnings.filterwarnings("ignore", message=".*(Trainer|DataLoader|dataloader|logger|treespec).*")
        yield


class Module(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.body = perceptron()
        self.norms: list[float] = []
        self.losses: list[float] = []

    def training_step(self, batch: Any, _index: int) -> Tensor:
        loss = nn.functional.cross_entropy(self.body(batch[0]), batch[1])
        self.losses.append(loss.item())
        return loss

    def validation_step(self, batch: Any, _index: int) -> None:
        self.body(batch[0] * 100)

    def configure_gradient_clipping(self, *args: Any, **kwargs: Any) -> None:
        super().configure_gradient_clipping(*args, **kwargs)
        # what the optimiser is about to be given
        self.norms.append(length([self.body[0].weight.grad]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def loader(count: int) -> Any:
    return torch.utils.data.DataLoader(batches(perceptron, count), batch_size=None)


@pytest.mark.parametrize("accumulated", [1, 2])
def test_a_fit_is_recorded_step_by_step(accumulated: int, tmp_path: Path) -> None:
    module = Module()
    callback = GradvizCallback(tmp_path / "run.gradviz", thorough_every=2)
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=[callback],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accumulate_grad_batches=accumulated,
        gradient_clip_val=0.3,
        default_root_dir=tmp_path,
    )
    trainer.fit(module, loader(STEPS * accumulated), loader(2))
    assert callback.recorder is not None
    history = callback.recorder.history
    assert history is not None
    assert history.frames == STEPS
    found = [measured(history, step) for step in range(STEPS)]
    assert [row["body.0"]["weight_grad_norm"] for row in found] == pytest.approx(module.norms, rel=1e-5)
    # the names do not mention what runs the training, and validation was not looked at
    assert {name for name, row in found[0].items() if "activation_std" in row} == {f"body.{i}" for i in range(5)}
    assert found[2]["body.0"]["activation_std"] < 3
    losses = torch.tensor(module.losses).view(STEPS, accumulated).mean(1)
    assert history.losses()[1].tolist() == pytest.approx(losses.tolist(), rel=1e-5)
    assert set(history.learning_rates()[1]) == {0.1}
    assert read_info(tmp_path / "run.gradviz").ending == "finished"


def test_a_fit_that_fails_is_recorded_as_failed(tmp_path: Path) -> None:
    class Failing(Module):
        def training_step(self, batch: Any, index: int) -> Tensor:
            if index == 3:
                raise ArithmeticError("enough")
            return super().training_step(batch, index)

    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=[GradvizCallback(tmp_path / "run.gradviz")],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    with pytest.raises(ArithmeticError):
        trainer.fit(Failing(), loader(5))
    info = read_info(tmp_path / "run.gradviz")
    assert (info.ending, info.frames) == ("failed", 3)
