"""C1 and C2: how steep an activation can be, and what the chain rule makes of it."""

from __future__ import annotations

import math

import torch

from gradviz.claims.claim import Outcome, Progress
from gradviz.experiment import ActivationChoice, choices, load_preset
from gradviz.network.activation_kernels import activation
from gradviz.network.stack.stack import Network
from gradviz.probes.observer import Due
from gradviz.training.run import TrainingRun

# published or elementary maxima of |phi'|
CEILINGS = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "leaky_relu": 1.0, "silu": 1.0998, "gelu": 1.1289}
FOUR_DIGITS = 5e-5
REACH, POINTS = 20.0, 2_000_001


def steepest_slopes(progress: Progress) -> Outcome:
    """Find the largest |phi'| on a fine grid."""
    x = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
    found = {}
    names = [name for name in choices("activation") if name in CEILINGS]
    for number, name in enumerate(names, start=1):
        kind = activation(ActivationChoice(name))
        found[name] = float(kind.derivative(x).abs().max())
        progress(number / len(names))
    holds = all(abs(found[name] - ceiling) <= FOUR_DIGITS for name, ceiling in CEILINGS.items())
    return Outcome(", ".join(f"{name} {value:.4f}" for name, value in found.items()), holds, found)


def product_of_slopes(progress: Progress) -> Outcome:
    """Multiply, layer by layer, the steepest slope of any unit on any sample, in a network as initialised."""
    run = TrainingRun(load_preset("sigmoid-30").changed(device="cpu", precision="float64"))
    run.measure(0, Due(thorough=False))
    network = run.network
    assert isinstance(network, Network)
    trace = network.trace
    slopes = network.stack.activation.derivative(trace.pre_activations())
    product = float(slopes.abs().amax((1, 2)).log10().sum())
    bound = trace.layers * math.log10(network.stack.activation.supremum)
    progress(1.0)
    numbers = {"log10_bound": bound, "log10_product": product, "layers": float(trace.layers)}
    return Outcome(f"at most {10**product:.2e}, below the bound of {10**bound:.2e}", product <= bound, numbers)
