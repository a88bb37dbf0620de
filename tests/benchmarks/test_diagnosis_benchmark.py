"""A verdict is asked for four times a second, in the thread that paints: it costs next to nothing, at any length."""

from __future__ import annotations

import statistics
import time

import numpy as np
import pytest

from gradviz.diagnosis import diagnose, worst_rows
from gradviz.experiment import Experiment
from gradviz.recording.frame import Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History

LAYERS = 1000
SHORT, LONG = 100, 20_000
ROUNDS = 41
MOST_MS = 5.0
MOST_TIMES_AS_DEAR = 1.3

SCHEDULED = ("exact_log10_activation_grad_rms", "dead_fraction", "saturated_fraction")
EVERY_STEP = (
    "activation_grad_rms", "update_ratio", "weight_norm", "activation_mean", "activation_std", "unchanged_fraction"
)  # fmt: skip


def run(frames: int) -> History:
    """A run in which nearly everything is wrong, so that every sentence has to be made."""
    quantities = tuple(
        Quantity(name, name, "", "made up", scheduled=name in SCHEDULED) for name in SCHEDULED + EVERY_STEP
    )
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("no", "yes"))
    history = History(
        Started.of_experiment(
            Experiment().changed(depth=LAYERS),
            quantities=quantities,
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )
    exact = np.linspace(-600.0, -1.0, LAYERS, dtype=np.float32) + np.random.default_rng(0).normal(size=LAYERS)
    rows = dict.fromkeys(EVERY_STEP, np.full(LAYERS, -7.5, np.float32)) | {
        "activation_grad_rms": np.where(exact < -45.0, -np.inf, exact).astype(np.float32)
    }
    scheduled = dict.fromkeys(SCHEDULED, np.ones(LAYERS, np.float32)) | {SCHEDULED[0]: exact.astype(np.float32)}
    for step in range(frames):
        history.append(Frame(step, 3.0, 0.1, 0.1, rows | (scheduled if step % 10 == 0 else {})))
    return history


def cost_ms(history: History) -> float:
    began = time.perf_counter()
    diagnose(history)
    worst_rows(history)
    return (time.perf_counter() - began) * 1e3


@pytest.mark.benchmark
def test_a_verdict_is_cheap_however_long_the_run() -> None:
    short, long = run(SHORT), run(LONG)
    cost_ms(short), cost_ms(long)
    pairs = [(cost_ms(short), cost_ms(long)) for _ in range(ROUNDS)]
    of_short, of_long = (statistics.median(costs) for costs in zip(*pairs, strict=True))
    print(f"\nverdict and ranking, {LAYERS} layers: {of_short:.2f} ms after {SHORT} steps, {of_long:.2f} after {LONG}")
    assert of_long < MOST_MS
    assert of_long < MOST_TIMES_AS_DEAR * of_short
