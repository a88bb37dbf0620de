"""What the probes should say, found the slow way: an ordinary network under autograd, in float64, hooks and loops."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor, nn

from gradviz.experiment import Experiment
from gradviz.network.catalogue import build_network
from gradviz.network.stack.reference import ResidualBlock, copy_weights, hidden_layers, reference_network
from gradviz.network.stack.stack import Network
from gradviz.network.stack.trace import Trace

FEATURES, CLASSES = 6, 3


def experiment(**values: object) -> Experiment:
    base = {"depth": 6, "width": 5, "activation": "tanh", "initialization": "gaussian", "sigma_w": 1.5, "sigma_b": 0.3}
    return Experiment.parse(base | {"precision": "float64", "device": "cpu", "data": "digits"} | values)


def batch(size: int, seed: int = 2) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(size, FEATURES, generator=generator, dtype=torch.float64)
    return x, torch.randint(0, CLASSES, (size,), generator=generator)


def measured_network(e: Experiment, x: Tensor, y: Tensor) -> Network:
    """The fused network after one forward and backward pass, its trace ready to be measured."""
    network = build_network(e, (FEATURES,), CLASSES)
    backward(network, x.to(network.weights.dtype), y)
    return network


def backward(network: nn.Module, x: Tensor, y: Tensor) -> None:
    nn.functional.cross_entropy(network(x), y).backward()


def made_up_trace(**known: Tensor) -> Trace:
    """A trace of which only some tensors are known; a probe that reads another one fails."""
    return Trace(**({field.name: None for field in fields(Trace)} | known))


@dataclass
class Truth:
    """Per layer: weight gradients, outputs [batch, width], per-sample gradients at the outputs [batch, width]."""

    weight_grads: list[np.ndarray]
    outputs: list[np.ndarray]
    sample_grads: list[np.ndarray]


def truth(e: Experiment, network: Network, x: Tensor, y: Tensor) -> Truth:
    """Differentiate the mean loss once for the weights, and each sample's own loss alone for the outputs.

    One pass per sample: nothing of how a batch is averaged can slip in. (Spans of 1 only: a layer is a block.)
    """
    plain = reference_network(e.changed(precision="float64"), FEATURES, CLASSES)
    copy_weights(network, plain)
    backward(plain, x, y)
    linears, _ = hidden_layers(plain)
    weight_grads = [linear.weight.grad.numpy().copy() for linear in linears]
    outputs: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        output.retain_grad()
        outputs.append(output)

    for module in list(plain)[1:-1]:
        # a layer's output: of its block where there are shortcuts, of its activation where there are none
        if isinstance(module, ResidualBlock | nn.Tanh | nn.ReLU | nn.GELU):
            module.register_forward_hook(keep)
    values, grads = [], []
    for sample in range(len(x)):
        outputs.clear()
        backward(plain, x[sample : sample + 1], y[sample : sample + 1])
        values.append([output.detach().numpy()[0] for output in outputs])
        grads.append([output.grad.numpy()[0] for output in outputs])
    return Truth(weight_grads, list(np.array(values).swapaxes(0, 1)), list(np.array(grads).swapaxes(0, 1)))
