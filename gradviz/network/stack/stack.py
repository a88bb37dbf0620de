"""The hidden layers as one fused module, and the network around them.

`Stack` is what an `nn.Sequential` of depth layers would be, with the layers as an axis of one tensor and a backward
pass written by hand. Input layer, head, loss and optimiser around it stay ordinary PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.autograd.function import once_differentiable

from gradviz.experiment import Mlp
from gradviz.network.activation_kernels import activation
from gradviz.network.architecture import Architecture, Plan, Trainable
from gradviz.network.cache import layers_per_chunk
from gradviz.network.stack.initialization import initialize_end, initialize_hidden, weight_rule
from gradviz.network.stack.layer_chunks import LayerChunk
from gradviz.network.stack.normalization import normalization
from gradviz.network.stack.passes import Passes
from gradviz.network.stack.prelu import PReluSlopes
from gradviz.network.stack.shortcuts import blocks_of, shortcut
from gradviz.network.stack.size import size
from gradviz.network.stack.trace import Trace


class StaleBackwardError(RuntimeError):
    """Backward of a forward pass whose buffers a later forward pass has overwritten."""


class _FusedStack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, passes: Passes, x: Tensor, *parameters: Tensor) -> Tensor:
        """Run the forward pass; `parameters` are named only so that autograd asks for their gradients."""
        result = passes.forward(x).clone()
        ctx.passes, ctx.generation = passes, passes.generation
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Run the backward pass of the latest forward pass."""
        if ctx.generation != ctx.passes.generation:
            raise StaleBackwardError("a later forward pass has overwritten the buffers; call backward before the next")
        return (None, *ctx.passes.backward(grad))


class Stack(nn.Module):
    """All hidden layers. `weights` [layers, out, in] and `biases` [layers, out], each one parameter.

    With dropout, `passes_made` counts the training passes: which activations each drops follows from it and `seed`.
    """

    def __init__(self, network: Mlp, generator: Generator, *, seed: int = 0, **factory: Any) -> None:
        super().__init__()
        layers, width = network.depth, network.width
        self.weights = nn.Parameter(torch.empty(layers, width, width, **factory))
        self.biases = nn.Parameter(torch.empty(layers, width, **factory))
        self.normalization = normalization(network, **factory)
        self.activation = activation(network.phi)
        self.prelu = PReluSlopes(layers, **factory) if network.activation == "prelu" else None
        self.blocks = blocks_of(network)
        self.pre_activation = network.shortcut == "pre_activation"
        initialize_hidden(self.weights, self.biases, network, generator)
        self.shortcut = shortcut(network, generator, **factory)
        if network.zero_init_branch and self.shortcut is not None:
            self._silence_branches()
        self.dropped = (network.dropout, seed) if network.dropout else None
        if self.dropped is not None:
            # asked for at each pass, so not on a GPU
            self.register_buffer("passes_made", torch.zeros((), dtype=torch.int64, device="cpu"))
        self._passes: Passes | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Put a training batch [batch, width] through all layers, remembering what the backward pass needs."""
        parts = (self.normalization, self.shortcut, self.prelu)
        own = [parameter for part in parts if part is not None for parameter in part.parameters()]
        apply: Any = _FusedStack.apply
        passes = self._passes_for(x.shape[0])
        self._drop(passes)
        result: Tensor = apply(passes, x, self.weights, self.biases, *own)
        return result

    @torch.no_grad()
    def infer(self, x: Tensor) -> Tensor:
        """Put any number of samples [samples, width] through all layers, as they are used after training."""
        for _, output in self._walk(x):
            x = output
        return x

    @torch.no_grad()
    def chunks(self, x: Tensor) -> Iterator[LayerChunk]:
        """Do what `infer` does and yield what happens on the way, a few layers at a time; the trace stays as it is."""
        height = layers_per_chunk(x.numel(), x.device)
        walk = self._walk(x)
        while part := list(islice(walk, height)):
            given, handed_on = zip(*part, strict=True)
            yield LayerChunk(given, handed_on, self.activation)

    def trace(self) -> Trace:
        """Return what the latest forward and backward pass left. Raises RuntimeError before there was one."""
        if self._passes is None or self.weights.grad is None:
            raise RuntimeError("there is no trace before a forward and a backward pass")
        return Trace(
            self._passes.states[1:],
            self._passes.grads[1:],
            self.weights.detach(),
            self.weights.grad,
            self.biases.detach(),
            self._passes.pre_activations,
            self._passes.exact_gradients,
            self._passes.split_grads,
        )

    def _walk(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield for each layer what its activation is given and what the layer hands on."""
        # divided once, which is quicker than to pick every layer's own
        weights, biases = self.weights.transpose(1, 2).unbind(), self.biases.unbind()
        for block in self.blocks:
            inside = x
            for layer in block.layers:
                pre_activation, inside = self._layer(layer, inside, weights[layer], biases[layer])
                if layer == block.last and self.shortcut is not None:
                    inside = self.shortcut.join(block, x, inside)
                yield pre_activation, inside
            x = inside

    def _layer(self, layer: int, x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the activation is given, and the layer's result before any shortcut joins it."""
        z = x if self.pre_activation else torch.addmm(bias, x, weight)
        if self.normalization is not None:
            z = self.normalization.infer(layer, z)
        a = (self.activation if self.prelu is None else self.prelu.at(layer)).function(z)
        return z, torch.addmm(bias, a, weight) if self.pre_activation else a

    def _passes_for(self, batch_size: int) -> Passes:
        passes = self._passes
        # a module moved or cast since has new storage, to which the prepared calls would not write
        if (
            passes is None
            or passes.states.shape[1] != batch_size
            or passes.weights.data_ptr() != self.weights.data_ptr()
        ):
            self._passes = passes = Passes(
                self.weights.detach(),
                self.biases.detach(),
                self.activation,
                self.normalization,
                self.shortcut,
                self.blocks,
                batch_size,
                self.pre_activation,
                self.dropped,
                self.prelu,
            )
        return passes

    @property
    def masks(self) -> Tensor | None:
        """What the latest training pass multiplied the activations with, [layers, batch, width]; None without it."""
        dropout = self._passes.dropout if self._passes is not None else None
        return dropout.masks if dropout is not None else None

    def _drop(self, passes: Passes) -> None:
        """Choose what the coming pass drops: nothing, where the network is not trained."""
        if passes.dropout is None:
            return
        if not self.training:
            passes.dropout.keep_all()
            return
        count = self.get_buffer("passes_made")
        passes.dropout.draw(int(count))
        count += 1

    @torch.no_grad()
    def _silence_branches(self) -> None:
        for block in self.blocks:
            self.weights[block.last].zero_()
            self.biases[block.last].zero_()


class Network(Trainable):
    """Input layer, hidden stack, head.

    The input layer and the head are affine maps from the features to the width and from the width to the classes; they
    are not counted as layers.
    """

    def __init__(self, network: Mlp, plan: Plan) -> None:
        super().__init__()
        factory: dict[str, Any] = {"dtype": plan.dtype, "device": plan.device}
        generator = torch.Generator().manual_seed(plan.seed)
        # made without torch's own initialisation, which would draw from the global generator
        skip_init: Any = nn.utils.skip_init
        self.input_layer: nn.Linear = skip_init(nn.Linear, plan.features, network.width, **factory)
        self.head: nn.Linear = skip_init(nn.Linear, network.width, plan.classes, **factory)
        ends = (self.input_layer, network.input_initialization), (self.head, network.head_initialization)
        for linear, name in ends:
            initialize_end(linear, generator, weight_rule(network, name), biases=name == "pytorch_default")
        self.stack = Stack(network, generator, seed=plan.seed, **factory)

    @property
    def weights(self) -> nn.Parameter:
        """The hidden layers' weights [layers, out, in]."""
        return self.stack.weights

    @property
    def trace(self) -> Trace:
        """What the latest forward and backward pass left behind."""
        return self.stack.trace()

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [batch, classes] of a training batch [batch, features]."""
        logits: Tensor = self.head(self.stack(self.input_layer(x)))
        return logits

    @torch.no_grad()
    def evaluate(self, x: Tensor) -> Tensor:
        """Return the logits [samples, classes] of any number of samples; the trace stays as it is."""
        logits: Tensor = self.head(self.stack.infer(self.input_layer(x)))
        return logits

    @torch.no_grad()
    def chunks(self, x: Tensor) -> Iterator[LayerChunk]:
        """Put samples through as `evaluate` does, and yield what happens in the hidden layers, a few at a time."""
        yield from self.stack.chunks(self.input_layer(x))


STACK = Architecture(build=Network, size=size)
