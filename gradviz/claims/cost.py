"""C6: what an exponential costs on this machine."""

from __future__ import annotations

from gradviz.claims.claim import Outcome, Progress
from gradviz.training.activation_cost import measure_costs

WITH_EXPONENTIALS = ("sigmoid", "tanh", "elu", "silu", "softplus", "mish")
IN_CACHE = 1 << 14
ROUNDS = 7


def exponentials(progress: Progress) -> Outcome:
    """Time each activation's forward pass on data in the cache, in turns, as a multiple of ReLU's."""
    costs = None
    for event in measure_costs("cpu", sizes=(IN_CACHE,), rounds=ROUNDS, names=("relu", *WITH_EXPONENTIALS)):
        progress(event.done / event.total)
        costs = event.costs
    assert costs is not None, "the last event has every round in it"
    ratios = {row.name: row.forward_ratio for row in costs.rows if row.name in WITH_EXPONENTIALS}
    words = ", ".join(f"{name} {ratio.median:.1f}×" for name, ratio in ratios.items())
    return Outcome(f"{words} of ReLU's time", None, {name: ratio.median for name, ratio in ratios.items()})
