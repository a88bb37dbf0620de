"""C4: the gradient at layer 1 of a thousand, against the recursion in multi-precision arithmetic."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import torch
from torch import nn

from gradviz.claims.claim import Outcome
from gradviz.experiment import load_preset
from gradviz.network.stack.stack import Network
from gradviz.training.run import TrainingRun


def true_log10(network: Network, grad: np.ndarray) -> float:
    """Follow `grad` [samples, width] at the last output back to the first, each number with an exponent of its own.

    A thousand products of 32 x 32 matrices are too many for mpmath; the mean over samples is taken of single samples,
    each a vector, and the matrices are multiplied in blocks of a few layers, in which float64 cannot underflow.
    """
    outputs = network.trace.outputs.double().numpy()
    weights = network.weights.detach().double().numpy()
    square = mpmath.mpf(0)
    for sample in range(len(grad)):
        g, exponent = grad[sample].astype(np.float64), mpmath.mpf(1)
        for layer in range(len(weights) - 1, 0, -1):
            a = outputs[layer, sample]
            g = (g * a * (1 - a)) @ weights[layer]
            if layer % 50 == 0:
                length = np.linalg.norm(g)
                g, exponent = g / length, exponent * mpmath.mpf(float(length))
        square += sum(mpmath.mpf(float(v)) ** 2 for v in g) * exponent**2
    samples, width = grad.shape
    return float(mpmath.log10(samples * mpmath.sqrt(square / (samples * width))))


@pytest.mark.slow
def test_beyond_the_smallest_number(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C4")
    assert result.holds
    assert result.numbers["log10_exact"] < -600
    run = TrainingRun(load_preset("float-floor").changed(device="cpu"))
    order = torch.randperm(
        len(run.data.train_labels), generator=torch.Generator().manual_seed(run.experiment.training.seed)
    )
    chosen = order[: run.batch_size]
    inputs = torch.from_numpy(run.data.train_inputs).float()[chosen]
    labels = torch.from_numpy(run.data.train_labels)[chosen]
    nn.functional.cross_entropy(run.network(inputs), labels).backward()
    delivered = run.network.trace.output_grads.numpy()
    assert result.numbers["zero_layers"] == (delivered == 0).all((1, 2)).sum()
    assert result.numbers["log10_exact"] == pytest.approx(true_log10(run.network, delivered[-1]), abs=1e-3)
