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

transformers = pytest.importorskip(
    "transformers", reason="pip install gradviz-desktop[adapters] to test the Hugging Face callback"
)
pytest.importorskip("accelerate", reason="pip install gradviz-desktop[adapters] to test the Hugging Face callback")

from gradviz.watching.hugging_face import GradvizCallback  # noqa: E402

STEPS = 6


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = perceptron()

    def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.body(x)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


class Norms(transformers.TrainerCallback):
    """Takes down what the optimiser is about to be given."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def on_pre_optimizer_step(self, *_args: Any, **kwargs: Any) -> None:
        self.found.append(length([kwargs["model"].body[0].weight.grad]))


@pytest.fixture(autouse=True)
def foreign_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="transformers|accelerate|torch|huggingface_hub")
        warnings.filterwarnings("ignore", message=".*pin_memory.*")
        yield


@pytest.mark.parametrize("accumulated", [1, 2])
def test_a_training_is_recorded_step_by_step(accumulated: int, tmp_path: Path) -> None:
    model, norms, callback = Model(), Norms(), GradvizCallback(tmp_path / "run.gradviz", thorough_every=2)
    data = [
        {"x": x, "labels": label}
        for inputs, labels in batches(perceptron, STEPS * accumulated, size=4)
        for x, label in zip(inputs, labels, strict=True)
    ]
    trainer = transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(
            output_dir=str(tmp_path / "out"),
            per_device_train_batch_size=4,
            gradient_accumulation_steps=accumulated,
            max_steps=STEPS,
            learning_rate=0.05,
            lr_scheduler_type="constant",
            max_grad_norm=0.3,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=data,
        callbacks=[norms, callback],
    )
    trainer.train()
    assert callback.recorder is not None
    history = callback.recorder.history
    assert history is not None
    assert history.frames == STEPS
    found = [measured(history, step) for step in range(STEPS)]
    assert [row["body.0"]["weight_grad_norm"] for row in found] == pytest.approx(norms.found, rel=1e-5)
    assert found[2]["body.3"]["activation_std"] > 0
    assert set(history.learning_rates()[1]) == {0.05}
    logged = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert history.losses()[1].tolist() == pytest.approx(logged)
    assert read_info(tmp_path / "run.gradviz").ending == "finished"
    assert torch.isfinite(torch.tensor(logged)).all()
