"""Runs made up row by row, so that every number that comes out is known beforehand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradviz.experiment import Experiment
from gradviz.recording.frame import Evaluation, Frame, HeldOut, Quantity, Started

QUANTITIES = (
    Quantity("grad_norm", "Gradient norm", "", "norm of a made-up gradient"),
    Quantity("mean", "Mean", "", "a made-up signed number", scale="linear", signed=True),
    Quantity("share", "Share", "", "a made-up share", scale="linear"),
    Quantity("exact_log10_norm", "Exact norm", "", "beyond every float", scale="log10"),
)


def started(layers: int = 3, quantities: tuple[Quantity, ...] = QUANTITIES, **settings: object) -> Started:
    held_out = HeldOut(np.zeros((4, 2), np.float32), np.array([0, 1, 0, 1]), ("no", "yes"))
    experiment = Experiment().changed(**{"depth": layers, "title": "Größe & <ramp>", **settings})
    return Started.of_experiment(
        experiment,
        quantities=quantities,
        held_out=held_out,
        parameters=100,
        device="cpu",
        threads=1,
        batch_size=4,
        training_samples=8,
    )


def frame(step: int, layers: int = 3, **rows: np.ndarray | None) -> Frame:
    """A frame whose scalars are functions of its step; a row given as None was not measured."""
    generator = np.random.default_rng(step)
    made = {quantity.name: generator.normal(size=layers).astype(np.float32) for quantity in QUANTITIES}
    kept = {name: row for name, row in (made | rows).items() if row is not None}
    return Frame(step, 2.0 / (step + 1), step / (step + 1), 0.1 * 0.5**step, kept)


def evaluation(step: int) -> Evaluation:
    predicted, confidence = np.array([0, 1, 1, 1]), np.full(4, 0.75, np.float32)
    return Evaluation(step, 1.0 / (step + 1), 0.25 * (step % 5), predicted, confidence)


@pytest.fixture
def make_started() -> Callable[..., Started]:
    return started


@pytest.fixture
def make_frame() -> Callable[..., Frame]:
    return frame


@pytest.fixture
def make_evaluation() -> Callable[..., Evaluation]:
    return evaluation
