"""The same network as one would write it by hand: a module per layer, autograd for the rest.

It shares nothing with the fused engine but the experiment, so that it can be its oracle in tests and its baseline in
the benchmark. A network without shortcuts is a plain `nn.Sequential`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gradviz.experiment import Experiment, Mlp
from gradviz.network.architecture import DTYPES
from gradviz.network.stack.stack import Network


def _activation(network: Mlp) -> nn.Module:
    modules: dict[str, nn.Module] = {
        "linear": nn.Identity(),
        "sigmoid": nn.Sigmoid(),
        "tanh": nn.Tanh(),
        "relu": nn.ReLU(),
        "leaky_relu": nn.LeakyReLU(network.leaky_slope),
        "prelu": nn.PReLU(),
        "elu": nn.ELU(),
        "selu": nn.SELU(),
        "silu": nn.SiLU(),
        "gelu": nn.GELU(),
        "softplus": nn.Softplus(),
        "mish": nn.Mish(),
    }
    return modules[network.activation]


def _normalization(network: Mlp) -> list[nn.Module]:
    width = network.width
    match network.normalization:
        case "layer":
            return [nn.LayerNorm(width)]
        case "rms":
            return [nn.RMSNorm(width, eps=1e-5)]
        case "batch":
            return [nn.BatchNorm1d(width)]
        case _:
            return []


def _layer(network: Mlp) -> list[nn.Module]:
    linear = nn.Linear(network.width, network.width)
    inner = [*_normalization(network), _activation(network)]
    return [*inner, linear] if network.shortcut == "pre_activation" else [linear, *inner]


class ResidualBlock(nn.Module):
    """One shortcut over a branch of a few layers."""

    def __init__(self, network: Mlp, layers: int) -> None:
        super().__init__()
        self.kind = network.shortcut
        self.branch = nn.Sequential(*(module for _ in range(layers) for module in _layer(network)))
        self.scale = network.branch_scale
        if self.kind == "rezero":
            self.factor = nn.Parameter(torch.zeros(()))
        if self.kind == "highway":
            self.gate = nn.Linear(network.width, network.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        branch: Tensor = self.branch(x)
        match self.kind:
            case "scaled":
                return x + self.scale * branch
            case "rezero":
                return x + self.factor * branch
            case "highway":
                open_ = torch.sigmoid(self.gate(x))
                return open_ * branch + (1 - open_) * x
            case _:
                return x + branch


def reference_network(experiment: Experiment, features: int, classes: int) -> nn.Sequential:
    """Build the eager network: input layer, `depth` layers (in blocks where there are shortcuts), head."""
    network = experiment.network
    assert isinstance(network, Mlp)
    width, depth, span = network.width, network.depth, network.shortcut_span
    hidden: list[nn.Module] = []
    if network.shortcut == "none":
        hidden = [module for _ in range(depth) for module in _layer(network)]
    else:
        hidden = [ResidualBlock(network, min(span, depth - first)) for first in range(0, depth, span)]
    built = nn.Sequential(nn.Linear(features, width), *hidden, nn.Linear(width, classes))
    return built.to(DTYPES[experiment.training.precision])


@torch.no_grad()
def copy_weights(source: Network, target: nn.Sequential) -> None:
    """Give the reference network the parameters of `source`."""
    target[0].load_state_dict(source.input_layer.state_dict())
    target[-1].load_state_dict(source.head.state_dict())
    linears, norms = hidden_layers(target)
    stack = source.stack
    for layer, linear in enumerate(linears):
        linear.weight.copy_(stack.weights[layer])
        linear.bias.copy_(stack.biases[layer])
    for layer, norm in enumerate(norms):
        parameters = dict(stack.normalization.named_parameters()) if stack.normalization is not None else {}
        norm.get_parameter("weight").copy_(parameters["gain"][layer])
        if "offset" in parameters:
            norm.get_parameter("bias").copy_(parameters["offset"][layer])
    if stack.prelu is not None:
        slopes = [module for module in target.modules() if isinstance(module, nn.PReLU)]
        for layer, module in enumerate(slopes):
            module.weight.copy_(stack.prelu.slopes[layer : layer + 1])
    own = dict(stack.shortcut.named_parameters()) if stack.shortcut is not None else {}
    blocks = [module for module in target if isinstance(module, ResidualBlock)]
    for index, block in enumerate(blocks):
        if "factors" in own:
            block.factor.copy_(own["factors"][index])
        if "gate_weights" in own:
            block.gate.weight.copy_(own["gate_weights"][index])
            block.gate.bias.copy_(own["gate_biases"][index])


def hidden_layers(network: nn.Sequential) -> tuple[list[nn.Linear], list[nn.Module]]:
    """Return the hidden layers' affine maps and normalisations, in order; input layer, head and gates left out."""
    gates = {id(module.gate) for module in network if isinstance(module, ResidualBlock) and module.kind == "highway"}
    hidden = [module for part in list(network)[1:-1] for module in part.modules()]
    linears = [module for module in hidden if isinstance(module, nn.Linear) and id(module) not in gates]
    norms: list[nn.Module] = [
        module for module in hidden if isinstance(module, nn.LayerNorm | nn.RMSNorm | nn.BatchNorm1d)
    ]
    return linears, norms
