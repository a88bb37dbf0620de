"""The forward and backward pass of the stack for one batch size, written out once as two flat lists of calls.

Every tensor is allocated when the passes are built: states and their gradients [layers + 1, batch, width], and what
the activations need. Each list then runs without allocating, layer by layer: an affine map, an activation, a join. The
weights' gradients come from one batched product per chunk of layers, while what it reads is still in the cache.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from gradviz.network.activation_kernels import Activation, Op
from gradviz.network.stack.dropout import Dropout
from gradviz.network.stack.exact_gradients import ExactGradients, Rescaling
from gradviz.network.stack.normalization import Normalization
from gradviz.network.stack.prelu import PReluSlopes
from gradviz.network.stack.shortcuts import Block, Shortcut
from gradviz.network.stack.split_grads import SplitGrads
from gradviz.network.stack.weight_grads import LAYERS_PER_CHUNK, WeightGrads


class Passes:
    """Buffers and calls for batches of one size. `forward(x)` then `backward(grad)`; parameters are read in place."""

    def __init__(
        self,
        weights: Tensor,
        biases: Tensor,
        activation: Activation,
        normalization: Normalization | None,
        shortcut: Shortcut | None,
        blocks: list[Block],
        batch_size: int,
        pre_activation: bool,
        dropped: tuple[float, int] | None = None,
        prelu: PReluSlopes | None = None,
    ) -> None:
        self.weights, self.biases = weights, biases
        self.activation, self.normalization, self.shortcut, self.blocks = activation, normalization, shortcut, blocks
        self.pre_activation = pre_activation
        self.prelu = prelu
        self.generation = 0
        self._allocate(batch_size)
        # share and seed; what the activations give before it is kept, because their derivatives may be read off it
        self.dropout = Dropout(*dropped, self.states[1:]) if dropped is not None else None
        self._undropped = torch.empty_like(self.states[1:]) if dropped is not None else self.states[:0]
        if shortcut is not None:
            shortcut.bind(self.states, self.grads, self.branches, blocks)
        self._forward: list[Op] = []
        self._backward: list[Op] = []
        for block in blocks:
            self._write_forward(block)
        # how many backward calls there are when the gradient at the input of each block, last block first, is done
        self._calls_until: list[int] = []
        for block in reversed(blocks):
            self._write_backward(block)
            self._calls_until.append(len(self._backward))

    def forward(self, x: Tensor) -> Tensor:
        """Put the batch `x` [batch, width] through all layers; return the last state, a view of the buffers."""
        self.generation += 1
        self.states[0].copy_(x)
        for op in self._forward:
            op()
        return self.states[-1]

    def backward(self, grad: Tensor) -> list[Tensor]:
        """Bring `grad` [batch, width] at the last state back to the front.

        Returns the gradients at the input, the weights, the biases, and then normalisation's and shortcut's own
        parameters; new tensors, safe to keep.
        """
        if self.normalization is not None:
            self.normalization.prepare()
        self.grads[-1].copy_(grad)
        self._weight_grads.begin()
        for op in self._backward:
            op()
        result = [self.grads[0].clone(), *self._weight_grads.take()]
        for part in (self.normalization, self.shortcut, self.prelu):
            if part is not None:
                result += part.parameter_grads()
        return result

    @torch.no_grad()
    def exact_gradients(self) -> ExactGradients:
        """Repeat the latest backward pass without underflow or overflow; the delivered gradients are overwritten."""
        if self.normalization is not None:
            self.normalization.prepare()
        self._weight_grads.begin()
        rescaling = Rescaling(self._scratch, len(self.blocks) + 1)
        rescaling.rescale(0, self.grads[-1])
        begin = 0
        for number, end in enumerate(self._calls_until, start=1):
            for op in self._backward[begin:end]:
                op()
            rescaling.rescale(number, self.grads[self.blocks[-number].first])
            begin = end
        # everything inside a block, weights included, is on the scale of the gradient that came into the block
        per_block = rescaling.exponents()[:-1].flip(0)
        weight_grads, _ = self._weight_grads.take()
        return ExactGradients(self.grads[1:], weight_grads, per_block.index_select(0, self._block_of_layer))

    def split_grads(self) -> SplitGrads:
        """Return the gradients at the blocks' inputs in two parts. Raises RuntimeError where there is no shortcut."""
        if self.shortcut is None:
            raise RuntimeError("there is no shortcut to split the gradient between")
        span, layers = len(self.blocks[0].layers), len(self.weights)
        if layers % span:
            at_inputs = self.grads.index_select(0, self.shortcut.inputs_at)
            at_outputs = self.grads.index_select(0, self.shortcut.outputs_at)
        else:
            # views, because copies of all gradients cost more than the split
            at_inputs, at_outputs = self.grads[:layers:span], self.grads[span::span]
        passed_by = self.shortcut.passed_by(at_outputs)
        return SplitGrads(passed_by, at_inputs - passed_by, self._block_of_layer)

    def pre_activations(self) -> Tensor:
        """Return what entered each activation [layers, batch, width]; computed again where it was not kept."""
        if not self.in_place:
            return self._inner
        return torch.baddbmm(self.biases[:, None], self.states[:-1], self.weights.transpose(1, 2))

    def _allocate(self, batch_size: int) -> None:
        layers, width = self.biases.shape
        empty = partial(torch.empty, dtype=self.weights.dtype, device=self.weights.device)
        whole = (layers, batch_size, width)
        self.states = empty(layers + 1, batch_size, width)
        self.grads = empty(layers + 1, batch_size, width)
        nothing = empty(0)
        normalised, joined = self.normalization is not None, self.shortcut is not None
        # without normalisation a pre-activation stack's activations read the states themselves; and an activation
        # whose derivative can be read off its output is applied in place, which spares a third of the memory traffic
        self.in_place = self.activation.from_output and not normalised and not self.pre_activation
        if self.pre_activation and not normalised:
            self._inner = self.states[:-1]
        else:
            self._inner = nothing if self.in_place else empty(whole)
        self.affine = empty(whole) if normalised and not self.pre_activation else nothing
        self.normalised_grads = empty(whole) if normalised and not self.pre_activation else nothing
        self.activated = empty(whole) if self.pre_activation else nothing
        self.branches = empty(len(self.blocks), batch_size, width) if joined else nothing
        if self.pre_activation:
            self._weight_grads = WeightGrads(self.activated, self.grads[1:])
        else:
            chunk = empty(min(LAYERS_PER_CHUNK, layers), batch_size, width)
            self._weight_grads = WeightGrads(self.states[:-1], chunk)
        self._scratch = empty(batch_size, width)
        numbers = [block.index for block in self.blocks for _ in block.layers]
        self._block_of_layer = torch.tensor(numbers, device=self.weights.device)

    def _write_forward(self, block: Block) -> None:
        for layer in block.layers:
            joins = self.shortcut is not None and layer == block.last
            out = self.branches[block.index] if joins else self.states[layer + 1]
            if self.pre_activation:
                self._write_normalization(layer, self.states[layer])
                self._write_activation(layer, self._inner[layer], self.activated[layer])
                self._write_affine(layer, self.activated[layer], out)
            else:
                inner = self._undropped_or(layer, out) if self.in_place else self._inner[layer]
                affine = inner if self.normalization is None else self.affine[layer]
                self._write_affine(layer, self.states[layer], affine)
                self._write_normalization(layer, affine)
                self._write_activation(layer, inner, out)
        if self.shortcut is not None:
            x, out = self.states[block.first], self.states[block.last + 1]
            self._forward += self.shortcut.forward_ops(block, x, self.branches[block.index], out)

    def _activation_of(self, layer: int) -> Activation:
        return self.activation if self.prelu is None else self.prelu.at(layer)

    def _write_activation(self, layer: int, inner: Tensor, out: Tensor) -> None:
        activated = self._undropped_or(layer, out)
        self._forward.append(self._activation_of(layer).forward(inner, activated))
        if self.dropout is not None:
            self._forward.append(partial(torch.mul, activated, self.dropout.masks[layer], out=out))

    def _undropped_or(self, layer: int, out: Tensor) -> Tensor:
        """Return where the activations of `layer` stand before dropout: in `out`, where there is none."""
        return out if self.dropout is None else self._undropped[layer]

    def _write_before_dropout(self, layer: int, grad: Tensor) -> Tensor:
        """Prepare the gradient at the activations from that behind dropout; return where it will stand."""
        if self.dropout is None:
            return grad
        self._backward.append(partial(torch.mul, grad, self.dropout.masks[layer], out=self._scratch))
        return self._scratch

    def _write_affine(self, layer: int, x: Tensor, out: Tensor) -> None:
        self._forward.append(partial(torch.addmm, self.biases[layer], x, self.weights[layer].t(), out=out))

    def _write_normalization(self, layer: int, x: Tensor) -> None:
        if self.normalization is not None:
            self._forward.append(self.normalization.forward_op(layer, x, self._inner[layer]))

    def _write_backward(self, block: Block) -> None:
        at_branch, skip = self.grads[block.last + 1], None
        if self.shortcut is not None:
            x = self.states[block.first]
            ops, at_branch, skip = self.shortcut.backward_ops(block, at_branch, x, self.branches[block.index])
            self._backward += ops
        write = self._write_pre_activation_backward if self.pre_activation else self._write_layer_backward
        for layer in reversed(block.layers):
            grad = at_branch if layer == block.last else self.grads[layer + 1]
            write(block, layer, grad, skip if layer == block.first else None)
            if layer % LAYERS_PER_CHUNK == 0:
                self._backward.append(partial(self._weight_grads.finish_chunk, layer))

    def _write_layer_backward(self, block: Block, layer: int, grad: Tensor, skip: Tensor | None) -> None:
        """act(norm(W x + b)): gradient through the activation, the normalisation, the weights."""
        joins = self.shortcut is not None and layer == block.last
        activated = self._undropped_or(layer, self.branches[block.index] if joins else self.states[layer + 1])
        grad = self._write_before_dropout(layer, grad)
        inner = activated if self.in_place else self._inner[layer]
        affine_grad, activation = self._weight_grads.at(layer), self._activation_of(layer)
        if self.normalization is None:
            self._backward.append(activation.backward(grad, inner, activated, affine_grad))
        else:
            normalised = self.normalised_grads[layer]
            self._backward.append(activation.backward(grad, inner, activated, normalised))
            self._backward.append(self.normalization.backward_op(layer, self.affine[layer], normalised, affine_grad))
        below, weight = self.grads[layer], self.weights[layer]
        if skip is None:
            self._backward.append(partial(torch.mm, affine_grad, weight, out=below))
        else:
            self._backward.append(partial(torch.addmm, skip, affine_grad, weight, out=below))

    def _write_pre_activation_backward(self, block: Block, layer: int, grad: Tensor, skip: Tensor | None) -> None:
        """W act(norm(x)) + b: gradient through the weights, the activation, the normalisation."""
        below = self.grads[layer] if skip is None else self._scratch
        inner, activated = self._inner[layer], self._undropped_or(layer, self.activated[layer])
        self._backward.append(partial(torch.mm, grad, self.weights[layer], out=self._scratch))
        self._write_before_dropout(layer, self._scratch)
        self._backward.append(self._activation_of(layer).backward(self._scratch, inner, activated, below))
        if self.normalization is not None:
            self._backward.append(self.normalization.backward_op(layer, self.states[layer], below, below))
        if skip is not None:
            self._backward.append(partial(torch.add, skip, below, out=self.grads[layer]))
