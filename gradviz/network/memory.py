"""How much memory a run takes, estimated before anything is allocated."""

from __future__ import annotations

from gradviz.experiment import Experiment

NUMBER_BYTES = {"float32": 4, "float64": 8}
OPTIMIZER_STATES = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2, "rmsprop": 1}
# states, their gradients, pre-activations or branches, gradients at the affine maps; one or two more with normalisation
BATCH_BUFFERS = 4
NORMALISED_BUFFERS = 2
HIGHWAY_BUFFERS = 2


def estimated_bytes(experiment: Experiment) -> int:
    """Return about how many bytes weights, gradients, optimiser and buffers of `experiment` will take together."""
    weights = experiment.depth * experiment.width * (experiment.width + 1)
    if experiment.shortcut == "highway":
        weights += weights // experiment.shortcut_span
    # the weights, their gradients, their values before the update, and what the optimiser remembers of each
    copies = 3 + OPTIMIZER_STATES[experiment.optimizer]
    state = experiment.depth * experiment.batch_size * experiment.width
    buffers = BATCH_BUFFERS
    buffers += NORMALISED_BUFFERS if experiment.normalization != "none" else 0
    buffers += HIGHWAY_BUFFERS if experiment.shortcut == "highway" else 0
    return NUMBER_BYTES[experiment.precision] * (weights * copies + state * buffers)
