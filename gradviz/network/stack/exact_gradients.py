"""The backward pass in numbers that cannot underflow or overflow: every state's gradient beside its own power of two.

A gradient that fades by 10^-600 fits no float. The backward recursion is linear in the gradient, so it may be
multiplied by any factor on the way; a power of two changes no digit of it. After each block the gradient is brought
back to magnitudes near 1 and the exponent is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# beyond these a float32 power of two is infinite or subnormal itself; what is left comes off at the next block
LARGEST_EXPONENT = 126


@dataclass(frozen=True, slots=True)
class ExactGradients:
    """The true gradients of layer l are these times 2 ** exponents[l].

    `output_grads` [layers, batch, width], a view of the engine's buffers; `weight_grads` [layers, out, in];
    `exponents` int64 [layers].
    """

    output_grads: Tensor
    weight_grads: Tensor
    exponents: Tensor


class Rescaling:
    """Brings one gradient after another to magnitudes near 1; `exponents()` says by how much, without a word between.

    Nothing is asked of the device on the way: on a GPU the whole pass is queued without waiting.
    """

    def __init__(self, like: Tensor, count: int) -> None:
        self._magnitudes = torch.empty_like(like)
        self._largest = like.new_empty(())
        self._mantissa = like.new_empty(())
        self._one = like.new_ones(())
        self._exponents = torch.zeros(count, dtype=torch.int32, device=like.device)

    def rescale(self, number: int, grad: Tensor) -> None:
        """Divide `grad` in place by the power of two next to its largest magnitude; zero and infinity stay."""
        exponent = self._exponents[number]
        torch.abs(grad, out=self._magnitudes)
        torch.amax(self._magnitudes, (0, 1), out=self._largest)
        torch.frexp(self._largest, out=(self._mantissa, exponent))
        exponent.clamp_(-LARGEST_EXPONENT, LARGEST_EXPONENT)
        grad.mul_(torch.ldexp(self._one, exponent.neg()))

    def exponents(self) -> Tensor:
        """Return the exponents that have come off up to and with each rescaling, int64 [count]."""
        return torch.cumsum(self._exponents, 0)
