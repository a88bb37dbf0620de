"""C2: the product of slopes, against an ordinary network whose slopes autograd gives."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from gradviz.claims.claim import Outcome
from gradviz.experiment import load_preset
from gradviz.network.stack.reference import copy_weights, reference_network
from gradviz.training.run import TrainingRun


def test_thirty_layers_pass_at_most_the_ceiling(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C2")
    assert result.holds
    assert 10 ** result.numbers["log10_bound"] == pytest.approx(0.25**30, rel=1e-9)
    assert 10 ** result.numbers["log10_bound"] == pytest.approx(8.67e-19, rel=1e-3)
    run = TrainingRun(load_preset("sigmoid-30").changed(device="cpu", precision="float64"))
    plain = reference_network(run.experiment, run.data.features, run.data.classes)
    copy_weights(run.network, plain)
    # the claim looks at the first batch of the run, which the seed decides
    order = torch.randperm(
        len(run.data.train_labels), generator=torch.Generator().manual_seed(run.experiment.training.seed)
    )
    state = plain[0](torch.from_numpy(run.data.train_inputs)[order[: run.batch_size]])
    logarithm = 0.0
    for module in list(plain)[1:-1]:
        if isinstance(module, nn.Sigmoid):
            z = state.detach().requires_grad_()
            (slope,) = torch.autograd.grad(module(z).sum(), z)
            logarithm += math.log10(float(slope.max()))
        state = module(state)
    assert result.numbers["log10_product"] == pytest.approx(logarithm, abs=1e-9)
