"""Numerical differentiation of the whole stack in float64, for every activation, shortcut, span and normalisation.

`gradcheck` in its fast mode compares along random directions instead of entry by entry: a wrong entry still shows.
(test_stack.py differentiates a selection entry by entry.)
"""

from typing import Any, get_args

import pytest
import torch
from stack_variants import variants_with
from torch import Tensor

from gradviz.experiment import Experiment
from gradviz.experiment.activations import Activation
from gradviz.network.stack.shortcuts import blocks_of
from gradviz.network.stack.stack import Stack

# depth 5 gives every span a whole block and, but for span 1, a shorter last one
DEPTH, WIDTH, BATCH = 5, 3, 4


class Fresh(torch.autograd.Function):
    """A stack of its own for each call, with the given parameters; `gradcheck` calls forward again before backward."""

    @staticmethod
    def forward(ctx: Any, experiment: Experiment, x: Tensor, *parameters: Tensor) -> Tensor:
        stack = Stack(experiment.network, torch.Generator().manual_seed(1), dtype=torch.float64)
        for own, value in zip(stack.parameters(), parameters, strict=True):
            own.copy_(value)
        with torch.enable_grad():
            ctx.leaves = [x.detach().clone().requires_grad_(), *stack.parameters()]
            ctx.result = stack(ctx.leaves[0])
        return ctx.result.detach().clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        return None, *torch.autograd.grad(ctx.result, ctx.leaves, grad, retain_graph=True)


def combinations(activation: str) -> list[Experiment]:
    base = {"depth": DEPTH, "width": WIDTH, "leaky_slope": 0.2, "initialization": "gaussian", "sigma_w": 1.4}
    return [Experiment.parse(base | {"sigma_b": 0.3} | variant) for variant in variants_with(activation)]


def inputs_for(experiment: Experiment) -> list[Tensor]:
    """A batch and parameters, moved away from what they start with: gains 1 or rezero factors 0 would prove nothing."""
    generator = torch.Generator().manual_seed(6)
    template = Stack(experiment.network, generator, dtype=torch.float64)
    values = [torch.randn(BATCH, WIDTH, generator=generator, dtype=torch.float64)]
    for parameter in template.parameters():
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        values.append(parameter.detach() + 0.3 * noise)
    return [value.requires_grad_() for value in values]


@pytest.mark.slow
@pytest.mark.parametrize("activation", get_args(Activation))
def test_numerical_differentiation_agrees(activation: str) -> None:
    for experiment in combinations(activation):
        assert torch.autograd.gradcheck(
            lambda x, *p, e=experiment: Fresh.apply(e, x, *p),
            inputs_for(experiment),
            eps=1e-6,
            atol=1e-7,
            rtol=1e-5,
            fast_mode=True,
        ), experiment


@pytest.mark.parametrize("span", [1, 2, 3, 4])
def test_blocks_cover_every_layer_once_and_only_the_last_may_be_shorter(span: int) -> None:
    for depth in (1, 4, 5, 12):
        blocks = blocks_of(Experiment.parse({"depth": depth, "shortcut": "identity", "shortcut_span": span}).network)
        assert [layer for block in blocks for layer in block.layers] == list(range(depth))
        assert [block.index for block in blocks] == list(range(len(blocks)))
        assert [len(block.layers) for block in blocks[:-1]] == [span] * (len(blocks) - 1)
        assert 1 <= len(blocks[-1].layers) <= span


def test_without_a_shortcut_the_span_means_nothing() -> None:
    assert len(blocks_of(Experiment.parse({"depth": 7, "shortcut": "none", "shortcut_span": 3}).network)) == 7
