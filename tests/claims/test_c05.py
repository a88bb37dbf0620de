"""C5: the factor per layer, against plain ReLU layers of independent weights under autograd."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from gradviz.claims.claim import Outcome

LAYERS, WIDTH, NETWORKS = 30, 256, 8


def test_the_factor_is_one(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C5")
    assert result.holds
    assert result.numbers["factor"] == pytest.approx(1.0, abs=0.1)
    torch.manual_seed(0)
    logs = []
    for _ in range(NETWORKS):
        x = torch.randn(32, WIDTH, dtype=torch.float64, requires_grad=True)
        h = x
        for _ in range(LAYERS):
            h = torch.relu(h @ (torch.randn(WIDTH, WIDTH, dtype=torch.float64) * (2 / WIDTH) ** 0.5))
        cotangent = torch.randn_like(h)
        (grad,) = torch.autograd.grad(h, x, cotangent)
        logs.append((grad.square().mean() / cotangent.square().mean()).log() / LAYERS)
    assert result.numbers["factor"] == pytest.approx(float(torch.stack(logs).mean().exp()), abs=0.1)
    assert nn.init.calculate_gain("relu") ** 2 / 2 == pytest.approx(1.0)
