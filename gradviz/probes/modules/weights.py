"""The weights of a watched network, and the share of them that each optimiser has."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from gradviz.probes.modules.layers import Layer
from gradviz.probes.modules.norms import NormsOf, norms
from gradviz.probes.modules.pending_frame import Draft
from gradviz.probes.modules.updates import Updates


class Weights:
    """All distinct weights of the rows. A weight that belongs to several rows is measured once and counts in each."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self.index: dict[Parameter, int] = {}
        self.uses = [
            [self.index.setdefault(weight, len(self.index)) for weight in layer.parameters()] for layer in layers
        ]
        self.sizes = np.array([weight.numel() for weight in self.index], np.float64)
        self._shares: WeakKeyDictionary[Optimizer, tuple[int, Share | None]] = WeakKeyDictionary()

    def share(self, optimizer: Optimizer) -> Share | None:
        """Return what `optimizer` holds of these weights; None if it holds none."""
        held = 0
        # asked several times a step, in which a generator would cost more than all else here
        for group in optimizer.param_groups:
            held += len(group["params"])
        known = self._shares.get(optimizer)
        if known is None or known[0] != held:
            known = self._shares[optimizer] = held, self._new_share(optimizer)
        return known[1]

    def replaced(self) -> list[str]:
        """Return the names of rows whose parameters are not the ones they were any more."""
        weights = list(self.index)
        return [
            layer.name
            for layer, use in zip(self._layers, self.uses, strict=True)
            if [id(weight) for weight in layer.parameters()] != [id(weights[index]) for index in use]
        ]

    def _new_share(self, optimizer: Optimizer) -> Share | None:
        held = {weight: None for group in optimizer.param_groups for weight in group["params"] if weight in self.index}
        by_device: dict[torch.device, list[Parameter]] = {}
        for weight in held:
            by_device.setdefault(weight.device, []).append(weight)
        for weights in by_device.values():
            # last to first, as backward made the gradients: what is read last, the optimiser finds in the cache
            weights.reverse()
        parts = [_Part(weights, [self.index[weight] for weight in weights]) for weights in by_device.values()]
        return Share(parts) if parts else None


class Share:
    """What one optimiser holds, device by device."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = parts
        self._smallest = min((weight for part in parts for weight in part.weights), key=Parameter.numel)

    @property
    def device(self) -> torch.device:
        """Where the first of the weights is."""
        return self._parts[0].device

    def refresh(self) -> None:
        """See anew which weights are trained at all."""
        for part in self._parts:
            part.refresh()

    def weight_with_gradient(self) -> Parameter | None:
        """Return one of the weights that have a gradient, a small one if possible; None if none has."""
        if self._smallest.grad is not None:
            return self._smallest
        return next((weight for part in self._parts for weight in part.weights if weight.grad is not None), None)

    def measure_gradients(self, draft: Draft, grad_scale: Tensor | None) -> None:
        """Measure gradients, which are `grad_scale` times what they should be, if it is given."""
        for part in self._parts:
            part.measure_gradients(draft, grad_scale)

    def measure_weights(self, draft: Draft) -> None:
        """Measure the weights that are trained."""
        for part in self._parts:
            part.measure_weights(draft)

    def remember(self) -> None:
        """Keep the weights as they are, before the step."""
        for part in self._parts:
            part.remember()

    def compare(self, draft: Draft) -> None:
        """Measure what the step did since, for the frame after it."""
        for part in self._parts:
            part.compare(draft)


class _Part:
    """The weights of one optimiser on one device; `indices` tell which of all weights they are."""

    def __init__(self, weights: Sequence[Parameter], indices: Sequence[int]) -> None:
        self.weights = weights
        self._indices = np.array(indices, np.int64)
        self._places: list[int] | None = None
        self._norms_of_gradients: NormsOf | None = None
        self._moved: Tensor | None = None
        self.refresh()

    @property
    def device(self) -> torch.device:
        return self.weights[0].device

    def refresh(self) -> None:
        trained = [place for place, weight in enumerate(self.weights) if weight.requires_grad]
        if trained == self._places:
            return
        self._places = trained
        self._trained = [self.weights[place] for place in trained]
        self._trained_indices = self._indices[trained]
        self._norms_of_weights = NormsOf(self._trained)
        self._updates = Updates()

    def measure_gradients(self, draft: Draft, grad_scale: Tensor | None) -> None:
        given = [gradient for weight in self.weights if (gradient := weight.grad) is not None]
        indices = self._indices
        if len(given) == len(self.weights):
            if self._norms_of_gradients is None:
                self._norms_of_gradients = NormsOf(given)
            lengths = self._norms_of_gradients(given)
        else:
            lengths = norms(given)
            indices = indices[[weight.grad is not None for weight in self.weights]]
        if grad_scale is not None:
            lengths = lengths / grad_scale.to(lengths.device, lengths.dtype)
        draft.add("gradient", lengths, indices)

    def measure_weights(self, draft: Draft) -> None:
        draft.add("weight", self._norms_of_weights(self._trained), self._trained_indices)

    def remember(self) -> None:
        self._updates.remember(self._trained)
        self._moved = self._norms_of_weights(self._trained)

    def compare(self, draft: Draft) -> None:
        compared = self._updates.compare(self._trained)
        if compared is None or self._moved is None:
            return
        step, same = compared
        draft.add("step", step, self._trained_indices)
        draft.add("same", same, self._trained_indices)
        draft.add("moved", self._moved, self._trained_indices)
