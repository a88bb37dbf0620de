"""The same experiment gives the same frames, bit for bit, on the CPU: in one process, in two, and after other work."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from fingerprints import fingerprint

from gradviz.experiment import Experiment
from gradviz.recording.frame import Frame
from gradviz.training.loop import train

VARIANTS: list[dict[str, object]] = [
    {},
    {"activation": "relu", "initialization": "he_normal", "optimizer": "adam", "learning_rate": 0.001},
    {"shortcut": "highway", "normalization": "batch", "activation": "gelu", "optimizer": "rmsprop"},
    {"shortcut": "rezero", "shortcut_span": 3, "normalization": "rms", "activation": "mish", "optimizer": "adamw"},
    {"shortcut": "pre_activation", "normalization": "layer", "activation": "selu", "gradient_clip": 0.5},
    {"depth": 200, "activation": "tanh", "initialization": "pytorch_default", "optimizer": "momentum"},
    {"data": "spirals", "samples": 200, "noise": 0.5, "initialization": "orthogonal", "activation": "silu"},
    {"data": "xor", "precision": "float64", "weight_decay": 0.01, "initialization": "gaussian", "sigma_b": 0.3},
]
# diverges: the frames on the way there and the last one must be the same, too
RUNAWAY = {"activation": "relu", "initialization": "he_normal", "learning_rate": 100.0, "steps": 60}
# wide enough that two threads share a product
WIDE = {"depth": 3, "width": 320, "batch_size": 128, "activation": "relu", "shortcut": "scaled", "steps": 4}


def experiment(**values: object) -> Experiment:
    base = {"depth": 10, "width": 12, "batch_size": 32, "steps": 12, "evaluate_every": 5, "device": "cpu"}
    return Experiment.parse(base | values)


def name(values: dict[str, object]) -> str:
    return "-".join(str(value) for value in values.values()) or "defaults"


@pytest.mark.slow
@pytest.mark.parametrize("values", [*VARIANTS, RUNAWAY, WIDE], ids=name)
def test_the_same_experiment_gives_the_same_bits(values: dict[str, object]) -> None:
    torch.manual_seed(1)
    first = fingerprint(train(experiment(**values)))
    # whatever else the process has drawn meanwhile
    torch.manual_seed(2)
    torch.rand(7)
    np.random.rand(3)
    second = fingerprint(train(experiment(**values)))
    assert first == second
    assert any("diverged" in line for line in first) == (values is RUNAWAY)


CONTINUOUS = ("weight_grad_norm", "activation_grad_rms", "weight_norm", "activation_mean", "activation_std")


@pytest.mark.slow
@pytest.mark.parametrize("values", VARIANTS, ids=name)
def test_another_seed_gives_other_frames(values: dict[str, object]) -> None:
    first, other = (
        [event for event in train(experiment(seed=seed, **values)) if isinstance(event, Frame)] for seed in (1, 2)
    )
    for a, b in zip(first, other, strict=True):
        assert a.loss != b.loss
        # a branch that rezero still holds at 0 has no gradient in either, and shares count alike in both
        measured = {key: a.rows[key] for key in CONTINUOUS if np.isfinite(a.rows[key]).any()}
        assert len(measured) >= 4
        assert all(not np.array_equal(row, b.rows[key]) for key, row in measured.items())


def test_two_runs_taken_in_turns_do_not_mix() -> None:
    alone = [fingerprint(train(experiment(**values))) for values in VARIANTS[1:3]]
    turns = [train(experiment(**values)) for values in VARIANTS[1:3]]
    together: list[list[str]] = [[], []]
    for events in zip(*turns, strict=True):
        for event, lines in zip(events, together, strict=True):
            lines += fingerprint([event])
    assert together == alone


def digest(values: dict[str, object]) -> str:
    return hashlib.sha256("\n".join(fingerprint(train(experiment(**values)))).encode()).hexdigest()


@pytest.mark.slow
def test_another_process_gives_the_same_bits() -> None:
    """With another hash seed, so that no order of a set can have a say."""
    values = VARIANTS[2]
    script = f"import test_determinism as t; print(t.digest({values!r}))"
    folders = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONHASHSEED": "12345", "PYTHONPATH": folders}
    result = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert result.stdout.strip() == digest(values)
