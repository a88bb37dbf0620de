"""All architectures by name. A new one is a file of its own and a line here."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from gradviz.errors import DataError
from gradviz.experiment import Experiment
from gradviz.network.architecture import DTYPES, Architecture, Plan, Size, Trainable
from gradviz.network.resnet.resnet import RESNET
from gradviz.network.stack.stack import STACK
from gradviz.network.transformer.network import TRANSFORMER

# of the digits; what is asked before the data are there is answered for them
USUAL_SAMPLE = (1, 8, 8)

ARCHITECTURES: Mapping[str, Architecture] = {"mlp": STACK, "resnet": RESNET, "transformer": TRANSFORMER}


def build_network(
    experiment: Experiment,
    sample_shape: tuple[int, ...],
    classes: int,
    device: torch.device | str = "cpu",
    kinds: int = 0,
) -> Trainable:
    """Return the network of `experiment` on `device`, in its precision, drawn from its seed.

    `kinds` is how many kinds of characters there are, where samples number them. Raises DataError where it cannot be
    built for such samples.
    """
    training, architecture = experiment.training, ARCHITECTURES[experiment.network.architecture]
    if kinds and not architecture.characters:
        able = " or ".join(name for name, each in ARCHITECTURES.items() if each.characters)
        raise DataError(
            "this network learns from quantities, and the samples of a text are characters; choose "
            f"architecture = {able}"
        )
    plan = Plan(sample_shape, classes, training.seed, DTYPES[training.precision], torch.device(device), kinds)
    return architecture.build(experiment.network, plan)


def size_of(experiment: Experiment, sample_shape: tuple[int, ...] = USUAL_SAMPLE) -> Size:
    """Return how large the network of `experiment` will be, for samples of that shape."""
    architecture = ARCHITECTURES[experiment.network.architecture]
    return architecture.size(experiment.network, experiment.training.batch_size, sample_shape)
