"""How much memory a run takes, estimated before anything is allocated."""

from __future__ import annotations

from gradviz.experiment import Experiment
from gradviz.network.catalogue import USUAL_SAMPLE, size_of

NUMBER_BYTES = {"float32": 4, "float64": 8}
OPTIMIZER_STATES = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2, "rmsprop": 1}


def estimated_bytes(experiment: Experiment, sample_shape: tuple[int, ...] = USUAL_SAMPLE) -> int:
    """Return about how many bytes weights, gradients, optimiser and buffers of `experiment` will take together."""
    size, training = size_of(experiment, sample_shape), experiment.training
    # the weights, their gradients, their values before the update, and what the optimiser remembers of each
    copies = 3 + OPTIMIZER_STATES[training.optimizer]
    return NUMBER_BYTES[training.precision] * (size.parameters * copies + size.buffers)
