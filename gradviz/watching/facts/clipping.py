"""How long the gradient was before a script clipped it, as `torch.nn.utils` is asked to.

`clip_grad_norm_` leaves the scaling to a function beside it, which is looked up at each call and so can be replaced,
however the script has imported the first one. A torch without such a function, and `clip_grad_value_`, are replaced in
every module that has imported them under their own name by the time of `watch`; under another they are not heard.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor
from torch.nn.utils import clip_grad

from gradviz.probes.norms import norms

Original = Callable[..., Any]


class Clipping:
    """Hears of every clipping while it is `installed`; `own` are the parameters that count, `wanted` says if now."""

    def __init__(self, guard: Callable[..., Any], wanted: Callable[[], bool]) -> None:
        self._guard, self._wanted = guard, wanted
        self._own: set[Tensor] = set()
        self._norms: dict[int, Tensor | float] = {}
        self.max_norm: float | None = None
        _listeners.add(self)
        _stand_in()

    def watch(self, own: Iterable[Tensor]) -> None:
        """Listen to what is said of these parameters."""
        self._own = set(own)

    def heard(self, parameters: Iterable[Tensor], max_norm: Any, total: Any) -> None:
        """Take the norm of gradients that are about to be scaled."""
        first = next((one for one in parameters if one in self._own), None)
        # of a sharded one the whole norm is known to no single process
        if first is None or type(total) is not Tensor or total.numel() != 1:
            return
        self.max_norm = float(max_norm) if isinstance(max_norm, (int, float)) else None
        total = total.detach()
        self._norms[id(first)] = total.item() if total.device.type == "cpu" else total.reshape(()).clone()

    def heard_values(self, parameters: Iterable[Tensor]) -> None:
        """Measure gradients that are about to be clipped number by number."""
        parameters = list(parameters)
        grads = [one.grad for one in parameters if one in self._own and one.grad is not None]
        if grads and self._wanted():
            self._norms[id(parameters[0])] = torch.linalg.vector_norm(norms(grads))

    def take(self) -> float | Tensor | None:
        """Return the norm of everything that was clipped since the last time; None if nothing was."""
        found, self._norms = list(self._norms.values()), {}
        if not found:
            return None
        if len(found) == 1:
            return found[0]
        if all(isinstance(one, float) for one in found):
            return math.hypot(*(float(one) for one in found))
        device = next(one.device for one in found if isinstance(one, Tensor))
        joint: Tensor = torch.linalg.vector_norm(
            torch.stack([torch.as_tensor(one).to(device).float() for one in found])
        )
        return joint

    def remove(self) -> None:
        """Listen no more; the last one to do so leaves torch as it was."""
        _listeners.discard(self)
        if not _listeners:
            _put_back()

    def tell(self, action: Callable[..., None], *arguments: Any) -> None:
        """Run `action` so that no error comes out of it."""
        self._guard(action, *arguments)


_listeners: WeakSet[Clipping] = WeakSet()
_stood_in: list[tuple[Any, str, Original, Original]] = []


def _stand_in() -> None:
    if _stood_in:
        return
    scale: Original | None = getattr(clip_grad, "_clip_grads_with_norm_", None)
    if scale is not None:
        _replace(clip_grad, "_clip_grads_with_norm_", _with_scaling_heard(scale))
        if hasattr(torch.nn.utils, "clip_grads_with_norm_"):
            _replace(torch.nn.utils, "clip_grads_with_norm_", _with_scaling_heard(torch.nn.utils.clip_grads_with_norm_))
    else:
        norm = _with_norm_heard(clip_grad.clip_grad_norm_)
        _replace_everywhere("clip_grad_norm_", norm)
    _replace_everywhere("clip_grad_value_", _with_values_heard(clip_grad.clip_grad_value_))


def _replace_everywhere(name: str, stand_in: Original) -> None:
    """Let `stand_in` stand for a function of `clip_grad` wherever that was imported under its name."""
    original = getattr(clip_grad, name)
    for module in tuple(sys.modules.values()):
        # by its dictionary: some modules import what they are asked for
        if getattr(module, "__dict__", {}).get(name) is original:
            _replace(module, name, stand_in)


def _replace(where: Any, name: str, stand_in: Original) -> None:
    _stood_in.append((where, name, getattr(where, name), stand_in))
    setattr(where, name, stand_in)


def _put_back() -> None:
    for where, name, original, stand_in in _stood_in:
        # somebody else may stand in for it by now, and calls ours, which hears nothing any more
        if getattr(where, name, None) is stand_in:
            setattr(where, name, original)
    _stood_in.clear()


def _with_scaling_heard(original: Original) -> Original:
    def scale(parameters: Any, max_norm: Any, total_norm: Any, *args: Any, **kwargs: Any) -> Any:
        parameters = _once(parameters)
        for listener in tuple(_listeners):
            listener.tell(listener.heard, _many(parameters), max_norm, total_norm)
        return original(parameters, max_norm, total_norm, *args, **kwargs)

    return _like(scale, original)


def _with_norm_heard(original: Original) -> Original:
    def clip(parameters: Any, max_norm: Any, *args: Any, **kwargs: Any) -> Any:
        parameters = _once(parameters)
        total = original(parameters, max_norm, *args, **kwargs)
        for listener in tuple(_listeners):
            listener.tell(listener.heard, _many(parameters), max_norm, total)
        return total

    return _like(clip, original)


def _with_values_heard(original: Original) -> Original:
    def clip(parameters: Any, *args: Any, **kwargs: Any) -> Any:
        parameters = _once(parameters)
        for listener in tuple(_listeners):
            listener.tell(listener.heard_values, _many(parameters))
        return original(parameters, *args, **kwargs)

    return _like(clip, original)


def _like(stand_in: Original, original: Original) -> Original:
    stand_in.__name__, stand_in.__doc__ = getattr(original, "__name__", "clip"), original.__doc__
    return stand_in


def _once(parameters: Any) -> Any:
    """Return `parameters` so that they can be gone through twice."""
    return list(parameters) if isinstance(parameters, Iterator) else parameters


def _many(parameters: Any) -> Iterable[Tensor]:
    return (parameters,) if isinstance(parameters, Tensor) else parameters
