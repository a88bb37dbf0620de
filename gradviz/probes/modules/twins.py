"""Twins of modules: they compute what the original computes, and nothing that they do reaches the original.

A twin shares the numbers of the parameters but has leaves of its own for their gradients, copies of the buffers, and no
hooks. So a forward pass can be repeated without moving running statistics, without a gradient in anybody's `.grad`,
and without a call of anybody's hook.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import Parameter

_HOOKS = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
)


class Twins:
    """Makes twins. `leaves` holds, for each parameter of a twin, the leaf at which its gradient is found."""

    def __init__(self) -> None:
        self.leaves: dict[Parameter, Tensor] = {}

    def twin(self, module: nn.Module, on_output: Callable[[nn.Module, Any], None]) -> nn.Module:
        """Return a twin of `module` and of all modules in it.

        `on_output` is called with the original module and the output, for each module inside and the whole.
        """
        copy = module.__new__(type(module))
        copy.__dict__.update({name: _own(value) for name, value in module.__dict__.items()})
        copy.__dict__.update({name: OrderedDict() for name in _HOOKS})
        copy.__dict__["_is_full_backward_hook"] = None
        copy.__dict__["_parameters"] = {
            name: None if parameter is None else self._leaf(parameter) for name, parameter in module._parameters.items()
        }
        copy.__dict__["_buffers"] = {
            name: None if buffer is None else buffer.clone() for name, buffer in module._buffers.items()
        }
        copy.__dict__["_modules"] = {
            name: None if child is None else self.twin(child, on_output) for name, child in module._modules.items()
        }
        copy.register_forward_hook(lambda _twin, _args, output: on_output(module, output))
        return copy

    def _leaf(self, parameter: Parameter) -> Tensor:
        if parameter not in self.leaves:
            self.leaves[parameter] = parameter.detach().requires_grad_(parameter.requires_grad)
        return self.leaves[parameter]


def _own(value: Any) -> Any:
    """Return a copy of what a forward pass might change in place."""
    if type(value) is Tensor:
        return value.clone()
    return value.copy() if type(value) in (dict, list, set) else value


class RandomState:
    """Where torch's generators stand: that of the CPU, and that of the device of `x`."""

    def __init__(self, x: Tensor) -> None:
        self._cpu = torch.get_rng_state()
        self._device = x.device if x.device.type == "cuda" else None
        self._on_device = torch.cuda.get_rng_state(x.device) if self._device is not None else None

    def restore(self) -> None:
        """Bring the generators back to where they stood."""
        torch.set_rng_state(self._cpu)
        if self._device is not None and self._on_device is not None:
            torch.cuda.set_rng_state(self._on_device, self._device)


@contextmanager
def undisturbed(x: Tensor) -> Iterator[None]:
    """Bring all random number generators back after the block: torch's, numpy's and Python's."""
    of_torch, of_numpy, of_python = RandomState(x), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        of_torch.restore()
        np.random.set_state(of_numpy)
        random.setstate(of_python)


class Autocast:
    """The autocast mode of a device at this moment."""

    def __init__(self, device: torch.device) -> None:
        self._device = device.type
        self._enabled = torch.is_autocast_enabled(self._device)
        self._dtype = torch.get_autocast_dtype(self._device)

    def again(self) -> torch.autocast:
        """Return the same mode, to be entered."""
        return torch.autocast(self._device, self._dtype, self._enabled, cache_enabled=False)
