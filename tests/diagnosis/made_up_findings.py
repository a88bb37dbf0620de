"""Runs made up row by row, of which it is known what is wrong, and what a diagnosis says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from gradviz.diagnosis import Finding
from gradviz.experiment import Experiment
from gradviz.recording.frame import Frame, HeldOut, Quantity, Scale, Started
from gradviz.recording.history import History

LOGARITHMIC = ("activation_grad_rms", "weight_grad_norm", "update_ratio", "weight_norm")
EXACT = ("exact_log10_activation_grad_rms", "exact_log10_weight_grad_norm")
LINEAR = ("activation_mean", "activation_std", "unchanged_fraction")
SHARES = ("dead_fraction", "saturated_fraction")
EVERYTHING = (*LOGARITHMIC, *EXACT, *LINEAR, *SHARES)
NOTHING_EXACT = (*LOGARITHMIC, *LINEAR, *SHARES)

FLOAT32_NORMAL, FLOAT32_SMALLEST = np.log10(2.0**-126), np.log10(2.0**-149)

Rows = Mapping[str, ArrayLike]


def history_of(layers: int, *, measures: Sequence[str] = EVERYTHING, classes: int = 10, **settings: object) -> History:
    """A run of which nothing is recorded yet; scheduled quantities are due every ten steps."""
    quantities = tuple(
        Quantity(
            name,
            name,
            "",
            "made up",
            "linear" if name in LINEAR + SHARES else "log10",
            scheduled=name in EXACT + SHARES,
        )
        for name in measures
    )
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), tuple(map(str, range(classes))))
    experiment = Experiment().changed(**{"depth": layers, "activation": "tanh", **settings})
    return History(
        Started.of_experiment(
            experiment,
            quantities=quantities,
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )


def _scale(name: str) -> Scale:
    return "linear" if name in LINEAR + SHARES else "log10"


def level(layers: int) -> dict[str, np.ndarray]:
    """Rows of a network that is well in every respect."""
    return {
        "activation_grad_rms": np.full(layers, -1.0),
        "exact_log10_activation_grad_rms": np.full(layers, -1.0),
        "weight_grad_norm": np.full(layers, -1.0),
        "exact_log10_weight_grad_norm": np.full(layers, -1.0),
        "update_ratio": np.full(layers, -3.0),
        "weight_norm": np.full(layers, 0.75),
        "activation_mean": np.zeros(layers),
        "activation_std": np.ones(layers),
        "unchanged_fraction": np.zeros(layers),
        "dead_fraction": np.zeros(layers),
        "saturated_fraction": np.zeros(layers),
    }


def append(history: History, rows: Rows, loss: float = 1.0) -> History:
    """Record one more step, of the quantities that the run measures and `rows` has."""
    known = {quantity.name for quantity in history.quantities}
    kept = {name: np.asarray(row, np.float32) for name, row in rows.items() if name in known}
    history.append(Frame(history.frames, loss, 0.5, 0.1, kept))
    return history


def run_of(
    layers: int, *, at_start: Rows | None = None, later: Rows | None = None, steps: int = 10, loss: float = 1.0,
    losses: Sequence[float] | None = None, measures: Sequence[str] = EVERYTHING, classes: int = 10, **settings: object,
) -> History:  # fmt: skip
    """A run that is well but for the rows `at_start`, and `later` at every other step."""
    history = history_of(layers, measures=measures, classes=classes, **settings)
    for step in range(steps + 1):
        rows = level(layers) | dict((at_start if step == 0 else later) or {})
        if step == 0:
            rows.pop("update_ratio"), rows.pop("unchanged_fraction")
        append(history, rows, loss if losses is None else losses[step])
    return history


def gradient(exact: ArrayLike) -> dict[str, np.ndarray]:
    """Rows of a gradient, and of what float32 delivers of it: nothing below its smallest number."""
    exact = np.asarray(exact, np.float64)
    delivered = np.where(exact < FLOAT32_SMALLEST, -np.inf, exact)
    return {"activation_grad_rms": delivered, "exact_log10_activation_grad_rms": exact}


def kinds(findings: Sequence[Finding]) -> set[str]:
    """What is wrong, apart from what was not measured."""
    return {finding.kind for finding in findings} - {"not_measured"}


def the(kind: str, findings: Sequence[Finding]) -> Finding:
    """The one finding of a kind."""
    (found,) = [finding for finding in findings if finding.kind == kind]
    return found
