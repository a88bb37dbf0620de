"""What is measured on a watched network: the quantities of the probes, as far as they are known of any network."""

from __future__ import annotations

from dataclasses import replace

from gradviz.probes.fused.gradients import ActivationGradRms, WeightGradNorm
from gradviz.probes.fused.units import ActivationMoments
from gradviz.probes.fused.updates import Weights
from gradviz.recording.frame import Quantity

_DESCRIPTIONS = {
    "weight_grad_norm": "Length of the gradient with respect to all weights of a module, as the optimiser was given "
    "it: accumulated, unscaled, after clipping. Biases do not count, except where a module has nothing else",
    "weight_norm": "Length of all weights of a module that are trained",
    "activation_mean": "Mean of a module's output over samples and units, all calls of the step together",
    "activation_std": "Standard deviation of a module's output over samples and units, all calls of the step together; "
    "0 means that all are the same number",
    "activation_grad_rms": "How much one sample's loss would change if the output of a module changed: root mean "
    "square over samples and units, times the number of samples that the model was given in the step (going by the "
    "first dimension of its input), because the loss is taken to be their mean. A loss that is a sum, or a mean over "
    "the tokens of each sample as well, puts all layers off by one and the same factor",
}
# what costs so little that it is measured more often than all else
OFTEN = ("weight_grad_norm",)
UPDATES = ("update_ratio", "unchanged_fraction")
ACTIVATIONS = ("activation_grad_rms", "activation_mean", "activation_std")


def watched_quantities(*, every: int, activations: bool) -> tuple[Quantity, ...]:
    """Return what is measured; `every` above 1 means that nothing is measured at every step."""
    known = {
        quantity.name: quantity
        for probe in (WeightGradNorm, ActivationGradRms, Weights, ActivationMoments)
        for quantity in probe.quantities
    }
    wanted = ("weight_grad_norm", *(ACTIVATIONS if activations else ()), "weight_norm", *UPDATES)
    return tuple(
        replace(
            known[name],
            description=_DESCRIPTIONS.get(name, known[name].description),
            scheduled=every > 1 or name not in OFTEN,
            # nothing is measured twice, once as delivered and once exactly
            beside="",
        )
        for name in wanted
    )
