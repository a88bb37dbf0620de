"""Shortcuts: how a block's input x and its residual branch F(x) become the block's output.

A shortcut spans a block of one to four layers. Each kind says how to join forwards, how the gradient at the output
divides into one for the branch and one that skips it, and what its own parameters receive. Identity shortcuts: He et
al. 2016 (1603.05027); ReZero: Bachlechner et al. 2020 (2003.04887); highway: Srivastava et al. 2015 (1505.00387).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn

from gradviz.experiment import Mlp
from gradviz.network.activation_kernels import Op
from gradviz.network.stack.initialization import lecun_normal

aten = torch.ops.aten

# a closed gate lets the input pass at first; Srivastava et al. 2015, section 2.2, advise a negative bias
GATE_BIAS = -2.0


@dataclass(frozen=True, slots=True)
class Block:
    """Layers `first` to `last` (from 0, both included) under one shortcut; `index` counts the blocks from 0."""

    index: int
    first: int
    last: int

    @property
    def layers(self) -> range:
        """The block's layers, in forward order."""
        return range(self.first, self.last + 1)


def blocks_of(network: Mlp) -> list[Block]:
    """Divide the layers into blocks; the last block is shorter where the depth is no multiple of the span."""
    span = network.shortcut_span if network.shortcut != "none" else 1
    firsts = range(0, network.depth, span)
    return [Block(index, first, min(first + span, network.depth) - 1) for index, first in enumerate(firsts)]


class Shortcut(nn.Module):
    """The identity: x + F(x), where a gradient passes both ways unchanged."""

    def bind(self, states: Tensor, grads: Tensor, branches: Tensor, blocks: list[Block]) -> None:
        """Learn where the pass will leave its numbers, and allocate what the joins need.

        `states` and `grads` [layers + 1, batch, width] hold every layer's input and output and the gradients there,
        `branches` [blocks, batch, width] the results of the residual branches.
        """
        self.states, self.grads, self.branches = states, grads, branches
        self.inputs_at = torch.tensor([block.first for block in blocks], device=states.device)
        self.outputs_at = torch.tensor([block.last + 1 for block in blocks], device=states.device)
        # used up by the block's last layer before the next block needs it
        self.branch_grad = torch.empty_like(grads[0])

    def join(self, block: Block, x: Tensor, branch: Tensor) -> Tensor:
        """Return the block's output, for inference."""
        return x + branch

    def forward_ops(self, block: Block, x: Tensor, branch: Tensor, out: Tensor) -> list[Op]:
        """Prepare the block's output -> out."""
        return [partial(torch.add, x, branch, out=out)]

    def backward_ops(self, block: Block, grad: Tensor, x: Tensor, branch: Tensor) -> tuple[list[Op], Tensor, Tensor]:
        """Prepare the split of `grad` at the output; return (ops, gradient at the branch, gradient that skips it)."""
        return [], grad, grad

    def passed_by(self, at_outputs: Tensor) -> Tensor:
        """Return what of the gradients at the blocks' outputs [blocks, batch, width] skips the branches."""
        return at_outputs

    def parameter_grads(self) -> list[Tensor]:
        """Return the gradients of the shortcut's own parameters, in the order of `parameters()`."""
        return []


class ScaledShortcut(Shortcut):
    """x + s F(x) with a fixed factor s."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def join(self, block: Block, x: Tensor, branch: Tensor) -> Tensor:
        """Return x + s F(x)."""
        return torch.add(x, branch, alpha=self.scale)

    def forward_ops(self, block: Block, x: Tensor, branch: Tensor, out: Tensor) -> list[Op]:
        """Prepare x + s F(x) -> out."""
        return [partial(torch.add, x, branch, alpha=self.scale, out=out)]

    def backward_ops(self, block: Block, grad: Tensor, x: Tensor, branch: Tensor) -> tuple[list[Op], Tensor, Tensor]:
        """Prepare s * grad for the branch."""
        return [partial(torch.mul, grad, self.scale, out=self.branch_grad)], self.branch_grad, grad


class RezeroShortcut(Shortcut):
    """x + a F(x) with a learnt factor a per block, 0 at first."""

    def __init__(self, blocks: int, **factory: Any) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.zeros(blocks, **factory))

    def join(self, block: Block, x: Tensor, branch: Tensor) -> Tensor:
        """Return x + a F(x)."""
        return torch.addcmul(x, branch, self.factors[block.index])

    def forward_ops(self, block: Block, x: Tensor, branch: Tensor, out: Tensor) -> list[Op]:
        """Prepare x + a F(x) -> out."""
        return [partial(torch.addcmul, x, branch, self.factors.detach()[block.index], out=out)]

    def backward_ops(self, block: Block, grad: Tensor, x: Tensor, branch: Tensor) -> tuple[list[Op], Tensor, Tensor]:
        """Prepare a * grad for the branch."""
        factor = self.factors.detach()[block.index]
        return [partial(torch.mul, grad, factor, out=self.branch_grad)], self.branch_grad, grad

    def parameter_grads(self) -> list[Tensor]:
        """Return the gradient of the factors [blocks]."""
        return [(self.grads.index_select(0, self.outputs_at) * self.branches).sum((1, 2))]


class HighwayShortcut(Shortcut):
    """T F(x) + (1 - T) x with a learnt gate T = sigmoid(W x + b) per block and unit."""

    def __init__(self, blocks: int, width: int, generator: Generator, **factory: Any) -> None:
        super().__init__()
        self.gate_weights = nn.Parameter(torch.empty(blocks, width, width, **factory))
        self.gate_biases = nn.Parameter(torch.full((blocks, width), GATE_BIAS, **factory))
        weight = torch.empty(width, width, dtype=torch.float64)
        with torch.no_grad():
            for block in range(blocks):
                lecun_normal(weight, generator)
                self.gate_weights[block].copy_(weight)

    def bind(self, states: Tensor, grads: Tensor, branches: Tensor, blocks: list[Block]) -> None:
        """Allocate the gates and their gradients as well."""
        super().bind(states, grads, branches, blocks)
        self.skip = torch.empty_like(grads[0])
        self.gates = torch.empty_like(branches)
        self.gate_grads = torch.empty_like(branches)

    def join(self, block: Block, x: Tensor, branch: Tensor) -> Tensor:
        """Return T F(x) + (1 - T) x."""
        gate = torch.sigmoid(torch.addmm(self.gate_biases[block.index], x, self.gate_weights[block.index].t()))
        return torch.lerp(x, branch, gate)

    def forward_ops(self, block: Block, x: Tensor, branch: Tensor, out: Tensor) -> list[Op]:
        """Prepare T F(x) + (1 - T) x -> out."""
        weight, bias = self.gate_weights.detach()[block.index], self.gate_biases.detach()[block.index]
        gate = self.gates[block.index]
        return [
            partial(torch.addmm, bias, x, weight.t(), out=gate),
            partial(torch.sigmoid, gate, out=gate),
            partial(torch.lerp, x, branch, gate, out=out),
        ]

    def backward_ops(self, block: Block, grad: Tensor, x: Tensor, branch: Tensor) -> tuple[list[Op], Tensor, Tensor]:
        """Prepare T * grad for the branch, and for the skipping path (1 - T) * grad and what the gate passes on."""
        weight = self.gate_weights.detach()[block.index]
        gate, gate_grad = self.gates[block.index], self.gate_grads[block.index]
        branch_grad, skip = self.branch_grad, self.skip
        ops: list[Op] = [
            partial(torch.sub, branch, x, out=gate_grad),
            partial(torch.mul, gate_grad, grad, out=gate_grad),
            partial(aten.sigmoid_backward.grad_input, gate_grad, gate, grad_input=gate_grad),
            partial(torch.mul, grad, gate, out=branch_grad),
            partial(torch.sub, grad, branch_grad, out=skip),
            partial(torch.addmm, skip, gate_grad, weight, out=skip),
        ]
        return ops, branch_grad, skip

    def passed_by(self, at_outputs: Tensor) -> Tensor:
        """Return (1 - T) times the gradients."""
        return at_outputs * (1 - self.gates)

    def parameter_grads(self) -> list[Tensor]:
        """Return the gradients of the gates' weights [blocks, width, width] and biases [blocks, width]."""
        inputs = self.states.index_select(0, self.inputs_at)
        return [torch.bmm(self.gate_grads.transpose(1, 2), inputs), self.gate_grads.sum(1)]


def shortcut(network: Mlp, generator: Generator, **factory: Any) -> Shortcut | None:
    """Return the shortcut of `network`; None if there is none."""
    blocks = len(blocks_of(network))
    match network.shortcut:
        case "none":
            return None
        case "identity" | "pre_activation":
            return Shortcut()
        case "scaled":
            return ScaledShortcut(network.branch_scale)
        case "rezero":
            return RezeroShortcut(blocks, **factory)
        case "highway":
            return HighwayShortcut(blocks, network.width, generator, **factory)
