"""C9: an identity hands on exactly what it receives, against autograd with silent branches."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from gradviz.claims.claim import Outcome
from gradviz.claims.signal import RESIDUAL
from gradviz.experiment import load_preset
from gradviz.network.stack.reference import ResidualBlock, reference_network


@pytest.mark.slow
def test_the_identity_changes_no_bit(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C9")
    assert result.holds
    assert result.numbers["differing"] == 0
    blocks = 0
    for name in RESIDUAL:
        e = load_preset(name).changed(device="cpu", zero_init_branch=True)
        network = reference_network(e, 64, 10)
        residual = [module for module in network if isinstance(module, ResidualBlock)]
        blocks += len(residual)
        for block in residual:
            for linear in [module for module in block.branch if isinstance(module, nn.Linear)][-1:]:
                nn.init.zeros_(linear.weight)
                nn.init.zeros_(linear.bias)
        x = torch.randn(8, e.network.width, requires_grad=True)
        h = x
        for block in residual:
            h = block(h)
        cotangent = torch.randn_like(h)
        (grad,) = torch.autograd.grad(h, x, cotangent)
        assert torch.equal(grad, cotangent), name
    assert result.numbers["compared"] == blocks
