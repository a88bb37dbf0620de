"""The estimate of memory against the tensors that a run really holds."""

import gc

import pytest
import torch
from torch import Tensor

from gradviz.experiment import Experiment
from gradviz.training.memory import estimated_bytes
from gradviz.training.run import TrainingRun

# what the estimate may be, as a multiple of what is held: too little would let a run begin that cannot go on
LEAST, MOST = 0.9, 1.4
CASES: list[dict[str, object]] = [
    {},
    {"precision": "float64"},
    {"width": 16, "depth": 1000},
    {"batch_size": 16, "width": 128, "depth": 60},
    {"optimizer": "adam", "shortcut": "identity"},
    {"optimizer": "momentum", "shortcut": "identity", "activation": "silu", "shortcut_span": 3},
    {"optimizer": "rmsprop", "shortcut": "pre_activation", "activation": "gelu"},
    {"shortcut": "pre_activation", "normalization": "rms", "shortcut_span": 4},
    {"shortcut": "rezero", "normalization": "rms"},
    {"dropout": 0.2},
    {"dropout": 0.2, "shortcut": "pre_activation", "activation": "gelu"},
    {"shortcut": "highway", "optimizer": "adamw"},
    {"shortcut": "highway", "activation": "mish", "normalization": "rms"},
]


def experiment(**values: object) -> Experiment:
    base = {"depth": 100, "width": 64, "batch_size": 128, "activation": "tanh", "device": "cpu"}
    return Experiment.parse(base | {"learning_rate": 1e-6} | values)


def held_bytes() -> int:
    """Bytes of all storages of all living tensors, each counted once."""
    gc.collect()
    # type(), because isinstance() would wake lazy modules of torch that warn when touched
    tensors = [item for item in gc.get_objects() if issubclass(type(item), Tensor)]
    # of which only strided ones have a storage; what other tests left may be sparse
    tensors = [tensor for tensor in tensors if tensor.layout is torch.strided]
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


@pytest.mark.slow
@pytest.mark.parametrize("values", CASES, ids=lambda values: "-".join(str(v) for v in values.values()) or "plain")
def test_the_estimate_is_close_to_what_a_run_holds(values: dict[str, object]) -> None:
    e = experiment(**values)
    before = held_bytes()
    run = TrainingRun(e)
    for step in range(2):
        run.measure(step)
        list(run.frames(wait=True))
        run.update()
    run.measure(2)
    held = held_bytes() - before
    assert LEAST * held < estimated_bytes(e) < MOST * held, f"{estimated_bytes(e) / held:.2f} times what is held"


def test_the_estimate_needs_no_memory_of_its_own() -> None:
    """The largest network that a person can ask for is estimated, not built: weights alone are 2000 * 1024 * 1024."""
    largest = experiment(depth=2000, width=1024, batch_size=4096, precision="float64", optimizer="adam")
    weights = 2000 * 1024 * 1024 * 8
    states = 2000 * 1024 * 4096 * 8
    assert 5 * weights + 2 * states < estimated_bytes(largest) < 5.1 * weights + 4 * states
