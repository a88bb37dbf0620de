"""A Python file of a person's own that says which network to train: `build_model()`, and optionally `data()`.

It is trained as a script would train it, and watched; nothing but its own code knows what is in it. To read it is to
execute it, so whoever calls this has said so before.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gradviz.errors import ModelFileError
from gradviz.experiment import Experiment
from gradviz.network.architecture import DTYPES
from gradviz.recording.history import History
from gradviz.training.batches import ShuffledBatches
from gradviz.training.data import load_data
from gradviz.training.devices import resolve
from gradviz.training.optimization import optimizer
from gradviz.watching.watch import watch

MODULE_NAME = "gradviz_model_file"
WARNING = "this executes the code in {name}, with all that you may do on this computer"
HELD_OUT_SHARE = 0.2
EVALUATION_SAMPLES = 2048


@dataclass(frozen=True, slots=True, eq=False)
class OwnData:
    """Inputs [samples, ...] and targets [samples, ...]: whole numbers are classes, others are predicted as they are."""

    inputs: Tensor
    targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class ModelFile:
    """What a file defines: its network, and its data if it has any."""

    path: Path
    model: nn.Module
    data: OwnData | None


def load_model_file(path: Path) -> ModelFile:
    """Execute a model file, and call what it defines.

    Raises ModelFileError, with the line of the file where the mistake is.
    """
    path = path.expanduser().absolute()
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ModelFileError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    module = ModuleType(MODULE_NAME)
    module.__file__ = str(path)
    # what is beside the file can be imported by it, as if it were run itself
    sys.path.insert(0, str(path.parent))
    sys.modules[MODULE_NAME] = module
    with explained(path):
        exec(compile(source, str(path), "exec"), module.__dict__)
        build = getattr(module, "build_model", None)
        if not callable(build):
            raise ModelFileError(f"{path}: it defines no function build_model(), which returns the network")
        model = build()
        given = module.data() if callable(getattr(module, "data", None)) else None
    if not isinstance(model, nn.Module):
        raise ModelFileError(f"{path}: build_model() returns {_kind(model)}, not a torch.nn.Module")
    return ModelFile(path, model, _own_data(path, given) if given is not None else None)


def train_model_file(
    file: ModelFile, experiment: Experiment, recorded: Path | None, told: Callable[[int, float], bool]
) -> History:
    """Train the network of `file` as the training of `experiment` says, on its own data or on those of `experiment`.

    Record it in `recorded`, if that is given. `told` is called with each step and its loss, and returns whether to go
    on. Raises ModelFileError for a mistake in the file, DataError, DeviceError and RecordingError.
    """
    training = experiment.training
    device, dtype = resolve(training.device, training.precision), DTYPES[training.precision]
    data = _to(file.data or _of_experiment(experiment), dtype, device)
    model = file.model.to(device, dtype)
    with explained(file.path):
        batches = ShuffledBatches(len(data.inputs), min(training.batch_size, len(data.inputs)), training.seed, device)
        rule = optimizer(experiment, [each for each in model.parameters() if each.requires_grad])
        with watch(model, recorded, thorough_every=training.probe_every, title=file.path.name) as recorder:
            step = 0
            while True:
                chosen = batches.take()
                for group in rule.param_groups:
                    group["lr"] = training.learning_rate * training.rate_factor(step)
                rule.zero_grad()
                outputs = model(data.inputs[chosen])
                loss = _loss(outputs, data.targets[chosen])
                loss.backward()  # type: ignore[no-untyped-call]
                if training.gradient_clip:
                    nn.utils.clip_grad_norm_(model.parameters(), training.gradient_clip)
                last = step == training.steps > 0
                more = _evaluated(model, data) if last or step % training.evaluate_every == 0 else {}
                rule.step()
                recorder.log(loss=loss.detach(), **_accuracy(outputs.detach(), data.targets[chosen]), **more)
                if not told(step, float(loss.detach())) or last:
                    break
                step += 1
        history = recorder.history
    if history is None:
        raise ModelFileError(f"{file.path}: nothing of its network could be measured")
    return history


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what goes wrong in the code of `path`, or in torch because of it, into a ModelFileError with its line."""
    try:
        yield
    except (ModelFileError, KeyboardInterrupt):
        raise
    except SyntaxError as error:
        raise ModelFileError(f"{error.filename or path}, line {error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f", line {lines[-1]}" if lines else ""
        raise ModelFileError(f"{path}{where}: {type(error).__name__}: {error}") from error


def _own_data(path: Path, given: Any) -> OwnData:
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 4):
        raise ModelFileError(
            f"{path}: data() returns {_kind(given)}; inputs and targets, or these and those for validation, are wanted"
        )
    with explained(path):
        tensors = [torch.as_tensor(np.asarray(part) if not isinstance(part, Tensor) else part) for part in given]
    if len(tensors) == 2:
        tensors = _held_out(*tensors)
    inputs, targets, test_inputs, test_targets = tensors
    if not len(inputs) or len(inputs) != len(targets) or len(test_inputs) != len(test_targets):
        raise ModelFileError(f"{path}: data() returns {len(inputs):,} inputs and {len(targets):,} targets")
    return OwnData(inputs, targets, test_inputs, test_targets)


def _held_out(inputs: Tensor, targets: Tensor) -> list[Tensor]:
    """Keep a fifth for validation, drawn at random but always the same."""
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))
    kept = order[: max(1, round(len(inputs) * HELD_OUT_SHARE))]
    rest = order[len(kept) :]
    return [inputs[rest], targets[rest], inputs[kept], targets[kept]]


def _of_experiment(experiment: Experiment) -> OwnData:
    data = load_data(experiment)
    shape = data.held_out.sample_shape
    inputs, test_inputs = (torch.from_numpy(part).reshape(-1, *shape) for part in (data.train_inputs, data.test_inputs))
    if data.train_targets is not None and data.test_targets is not None:
        return OwnData(inputs, torch.from_numpy(data.train_targets), test_inputs, torch.from_numpy(data.test_targets))
    labels = torch.from_numpy(data.train_labels), torch.from_numpy(data.held_out.labels)
    return OwnData(inputs, labels[0], test_inputs, labels[1])


def _to(data: OwnData, dtype: torch.dtype, device: torch.device) -> OwnData:
    parts = (data.inputs, data.targets, data.test_inputs, data.test_targets)
    return OwnData(*(part.to(device, dtype if part.is_floating_point() else part.dtype) for part in parts))


def _loss(outputs: Tensor, targets: Tensor) -> Tensor:
    if targets.is_floating_point():
        return nn.functional.mse_loss(outputs.reshape(targets.shape), targets)
    return nn.functional.cross_entropy(outputs, targets.long())


def _accuracy(outputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
    if targets.is_floating_point():
        return {}
    return {"accuracy": (outputs.argmax(1) == targets).float().mean()}


@torch.no_grad()
def _evaluated(model: nn.Module, data: OwnData) -> dict[str, Tensor]:
    """Return the loss, and of classes the accuracy, on the validation samples."""
    training = model.training
    model.eval()
    try:
        outputs = torch.cat([model(part) for part in data.test_inputs.split(EVALUATION_SAMPLES)])  # type: ignore[no-untyped-call]
    finally:
        model.train(training)
    found = {"loss": _loss(outputs, data.test_targets)} | _accuracy(outputs, data.test_targets)
    return {f"validation_{name}": value for name, value in found.items()}


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
