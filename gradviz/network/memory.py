"""How much memory a run takes, estimated before anything is allocated."""

from __future__ import annotations

from gradviz.experiment import Experiment

NUMBER_BYTES = {"float32": 4, "float64": 8}
OPTIMIZER_STATES = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2, "rmsprop": 1}
# states and their gradients, gradients at the affine maps, what enters the activations (not kept for all of them)
BATCH_BUFFERS = 4
# before the affine map there is nothing else to keep, and the gradients there are those of the states
PRE_ACTIVATION_BUFFERS = 3
# gates, their gradients, the gates' inputs gathered for one product
HIGHWAY_BUFFERS = 3


def estimated_bytes(experiment: Experiment) -> int:
    """Return about how many bytes weights, gradients, optimiser and buffers of `experiment` will take together."""
    weights = experiment.depth * experiment.width * (experiment.width + 1)
    if experiment.shortcut == "highway":
        weights += weights // experiment.shortcut_span
    # the weights, their gradients, their values before the update, and what the optimiser remembers of each
    copies = 3 + OPTIMIZER_STATES[experiment.optimizer]
    state = experiment.depth * experiment.batch_size * experiment.width
    return NUMBER_BYTES[experiment.precision] * (weights * copies + round(state * _buffers(experiment)))


def _buffers(experiment: Experiment) -> float:
    """Return how many numbers are kept per layer, sample and unit."""
    before = experiment.shortcut == "pre_activation"
    buffers = PRE_ACTIVATION_BUFFERS if before else BATCH_BUFFERS
    if experiment.normalization != "none":
        buffers += 1 if before else 2
        buffers += experiment.normalization == "rms"  # the normalised form without its gain
    branches = {"none": 0, "highway": 1 + HIGHWAY_BUFFERS}.get(experiment.shortcut, 1)
    return buffers + branches / experiment.shortcut_span
