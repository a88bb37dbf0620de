"""C7: dead units, against a count over every held-out digit in an ordinary network after the same training."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from gradviz.claims.claim import Outcome
from gradviz.experiment import load_preset
from gradviz.network.stack.reference import copy_weights, reference_network
from gradviz.probes.observer import Due
from gradviz.training.run import TrainingRun
from gradviz.training.thread_settings import thread_settings


def share_never_active(preset: str) -> float:
    """Train, then count the units whose input is not positive for any held-out sample of the probe batch."""
    run = TrainingRun(load_preset(preset).changed(device="cpu"))
    # with as many threads as the loop has: sums rounded otherwise end in another network at so high a learning rate
    with thread_settings(run.experiment, run.device):
        for step in range(run.experiment.training.steps):
            run.measure(step, Due(thorough=False))
            run.update()
    plain = reference_network(run.experiment, run.data.features, run.data.classes)
    copy_weights(run.network, plain)
    state, dead = plain[0](torch.from_numpy(run.data.test_inputs).float()[:256]), []
    for module in list(plain)[1:-1]:
        if isinstance(module, nn.ReLU | nn.LeakyReLU):
            z = state.detach().requires_grad_()
            (slope,) = torch.autograd.grad(module(z).sum(), z)
            dead.append((slope == 0).all(0).double().mean())
        state = module(state)
    return float(torch.stack(dead).mean())


@pytest.mark.slow
def test_relu_units_die_and_leaky_ones_do_not(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C7")
    assert result.holds
    assert result.numbers["leaky_relu"] == 0.0
    assert result.numbers["relu"] == pytest.approx(share_never_active("dying-relu"), abs=1e-6)
    assert result.numbers["relu"] >= 0.5
