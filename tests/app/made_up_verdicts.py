"""Runs made up row by row of what a verdict looks at, of which it is known what is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from driving import TINY

from gradviz.experiment import Experiment
from gradviz.recording.frame import Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History

GRADIENT = Quantity("activation_grad_rms", "Activation gradient", "", "made up, a logarithm")
UPDATE = Quantity("update_ratio", "Update ratio", "", "made up, a logarithm")
SATURATED = Quantity("saturated_fraction", "Saturated share", "", "made up, a share", scale="linear")
QUANTITIES = (GRADIENT, UPDATE, SATURATED)

LAYERS = 10
# a tenth of a guess's loss: something has been learnt, and there is something left to learn
LOSS = 0.1 * math.log(2)


def falling(decades_per_layer: float, layers: int = LAYERS) -> list[float]:
    """A gradient that is 1 at the last layer and falls towards the input."""
    return [-decades_per_layer * (layers - layer) for layer in range(1, layers + 1)]


def frame(step: int, gradient: Sequence[float], loss: float = LOSS) -> Frame:
    """A step whose update ratios lie on the guide line, with no unit saturated."""
    layers = len(gradient)
    rows = {
        GRADIENT.name: np.asarray(gradient, np.float32),
        UPDATE.name: np.full(layers, -3.0, np.float32),
        SATURATED.name: np.zeros(layers, np.float32),
    }
    return Frame(step, loss, 0.5, 0.1, rows)


def empty_run(
    layers: int = LAYERS, experiment: Experiment = TINY, quantities: tuple[Quantity, ...] = QUANTITIES
) -> History:
    held_out = HeldOut(np.zeros((2, 64), np.float32), np.array([0, 1]), ("a", "b"), (8, 8))
    return History(
        Started.of_experiment(
            experiment.changed(depth=layers),
            quantities=quantities,
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )


def run_of(*gradients: Sequence[float]) -> History:
    """A run with these gradients, one a step."""
    history = empty_run(len(gradients[0]))
    for step, gradient in enumerate(gradients):
        history.append(frame(step, gradient))
    return history
