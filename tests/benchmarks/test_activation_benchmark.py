"""An exponential costs more than a comparison: how much more, here and now."""

from __future__ import annotations

import pytest

from gradviz.recording.activations import Spread, elements_in_words
from gradviz.training.activation_cost import measure_costs

# of these one direction needs an exponential, a hyperbolic tangent or an error function
EXPONENTIAL_FORWARD = ("sigmoid", "tanh", "elu", "selu", "silu", "gelu", "softplus", "mish")


def shown(spread: Spread) -> str:
    return f"{spread.median:8.3f} [{spread.low:.3f} to {spread.high:.3f}]"


@pytest.mark.benchmark
def test_an_exponential_costs_more_than_a_comparison() -> None:
    costs = list(measure_costs("cpu"))[-1].costs
    assert costs is not None
    for size in costs.sizes:
        print(f"\n{elements_in_words(size)}, {costs.fit_in_words(size)}: ns per element, and times ReLU")
        for name, row in costs.at(size).items():
            parts = (row.forward_ns, row.forward_ratio, row.backward_ns, row.backward_ratio)
            print(f"{name:12}" + " ".join(shown(part) for part in parts))
    call, small = costs.at(1), costs.at(costs.sizes[1])
    for name in EXPONENTIAL_FORWARD:
        without_call = [
            small[each].forward_ns.median - call[each].forward_ns.median / small[each].size for each in (name, "relu")
        ]
        print(f"{name}: {without_call[0] / without_call[1]:.2f} times ReLU forward without the cost of the call")
        # in three quarters of the rounds
        assert small[name].forward_ratio.low > 1
