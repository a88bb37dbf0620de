"""Whether any parameter has a gradient that is not zero when an optimiser makes its step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from gradviz.probes.modules.weights import OptimizerParams
from gradviz.probes.observer import Values
from gradviz.recording.frame import Frame
from gradviz.watching.facts.said import Said

LARGEST = "largest gradient"


class MissingGradients:
    """Knows at once where all gradients are None, and in thorough steps where all that there are are exactly zero."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self._parameters: tuple[Tensor, ...] = ()
        self._had: dict[int, bool] = {}

    def watch(self, parameters: Iterable[Tensor]) -> None:
        """Look at these."""
        self._parameters = tuple(parameters)

    def before_step(self, step: int, params: OptimizerParams, *, thorough: bool) -> Tensor | None:
        """Look at the gradients; return the magnitude of the largest, [1] on its device, if all are looked at."""
        there = params.weight_with_gradient() is not None
        if not (thorough or not there):
            self._had[step] = True
            return None
        gradients = [one.grad for one in self._parameters if one.grad is not None]
        self._had[step] = self._had.get(step, False) or bool(gradients)
        plain = [numbers for one in gradients if (numbers := _numbers(one)) is not None]
        if not thorough or not plain or len(plain) < len(gradients):
            return None
        largest = list(torch._foreach_norm(plain, math.inf))
        if len({(one.device, one.dtype) for one in largest}) > 1:
            largest = [one.to(largest[0].device, largest[0].dtype) for one in largest]
        return torch.stack(largest).max().reshape(1)

    def arrived(self, step: int, facts: Mapping[str, Values], frame: Frame) -> None:
        """Say what it came to."""
        had = self._had.pop(step, None)
        largest = [value for name, found in facts.items() if name.startswith(LARGEST) for value in found]
        lengths = frame.rows.get("weight_grad_norm")
        if had is None:
            return
        if not had or (largest and max(largest) == 0):
            if self._said.holds("no_gradient") is None:
                self._said.say(step, "no_gradient", numbers=(("steps", 1.0),))
        elif largest or (lengths is not None and bool((lengths > -math.inf).any())):
            self._said.end(step, "no_gradient")


def _numbers(gradient: Tensor) -> Tensor | None:
    """Return what is stored of a gradient; None of one that is spread over processes."""
    if gradient.layout is not torch.strided:
        return gradient._values() if gradient.layout is torch.sparse_coo and gradient._values().numel() else None
    return gradient.detach() if type(gradient) is Tensor and gradient.numel() else None
