"""The optimiser of an experiment, and gradient clipping that does not underflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from gradviz.experiment import Experiment
from gradviz.probes.norms import norms

FUSED_ON = ("cpu", "cuda")


def optimizer(experiment: Experiment, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """Return torch's optimiser for `parameters`, with the experiment's learning rate and weight decay.

    Where torch has a fused form of it, one pass over memory for the whole rule, that is taken: the stacked weights are
    few and large, and the plain form would go over them up to ten times.
    """
    parameters = list(parameters)
    fused = all(parameter.device.type in FUSED_ON for parameter in parameters)
    common: dict[str, Any] = {"lr": experiment.training.learning_rate, "weight_decay": experiment.training.weight_decay}
    match experiment.training.optimizer:
        case "sgd":
            return SGD(parameters, **common, fused=fused)
        case "momentum":
            return SGD(parameters, **common, momentum=experiment.training.momentum, fused=fused)
        case "adam":
            return Adam(parameters, **common, fused=fused)
        case "adamw":
            return AdamW(parameters, **common, fused=fused)
        case "rmsprop":
            return RMSprop(parameters, **common)


def set_rate(rule: Optimizer, rate: float) -> None:
    """Let the next steps of `rule` be of this learning rate."""
    for group in rule.param_groups:
        group["lr"] = rate


@torch.no_grad()
def gradient_norm(parameters: Iterable[nn.Parameter]) -> Tensor:
    """Return the L2 norm of the whole gradient, a tensor []."""
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    total: Tensor = torch.linalg.vector_norm(norms(grads))
    return total


@torch.no_grad()
def clip_gradients(parameters: Iterable[nn.Parameter], longest: float, total: Tensor | None = None) -> Tensor:
    """Shorten the whole gradient to the L2 norm `longest` if it is longer; return its norm before, a tensor.

    It is `total`, if that is known.
    """
    parameters = list(parameters)
    total = gradient_norm(parameters) if total is None else total
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    torch._foreach_mul_(grads, (longest / total).clamp_max(1.0).to(grads[0].dtype))
    return total


def optimizer_state(rule: Optimizer, names: Mapping[nn.Parameter, str]) -> dict[str, Tensor]:
    """Return what `rule` remembers of each parameter, the tensors themselves, by name."""
    return {
        f"{name}/{key}": value
        for parameter, name in names.items()
        for key, value in rule.state[parameter].items()
        if isinstance(value, Tensor)
    }


def prepare_state(experiment: Experiment, rule: Optimizer) -> None:
    """Give a fresh `rule` what it remembers after its first step, all of it zero, to be filled in.

    A small parameter that makes such a step shows what that is, in the words of the torch at hand.
    """
    parameters = [parameter for group in rule.param_groups for parameter in group["params"]]
    small = nn.Parameter(parameters[0].new_zeros(2, 3))
    small.grad = torch.zeros_like(small)
    example = optimizer(experiment, [small])
    example.step()
    for parameter in parameters:
        rule.state[parameter] = {
            key: torch.zeros_like(parameter.detach() if value.shape == small.shape else value)
            for key, value in example.state[small].items()
            if isinstance(value, Tensor)
        }


def warm_up() -> None:
    """Pay now what the first optimiser of a process costs: seconds of imports inside torch."""
    parameter = nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    SGD([parameter], lr=0.1).step()
