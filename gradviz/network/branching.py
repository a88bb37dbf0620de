"""Where a signal forks into a shortcut and a branch: a module for each way, so that a probe can tell them apart."""

from __future__ import annotations

from torch import Tensor, nn


class Way(nn.Module):
    """The beginning of one of two ways: what it hands on is a tensor of its own, with a gradient of its own.

    At a fork the gradients of both ways add up in one tensor. Behind a `Way` there is that of this way alone.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return a view of `x`."""
        return x.view_as(x)


class Fork(nn.Module):
    """A module whose input goes two ways, to a shortcut and to a branch, which are joined in what it hands on.

    `forward` of a subclass takes its input for each through `to_shortcut` and `to_branch`; where it is not `joined`
    there is no shortcut.
    """

    def __init__(self, *, joined: bool = True) -> None:
        super().__init__()
        self.joined = joined
        self.to_shortcut, self.to_branch = Way(), Way()
