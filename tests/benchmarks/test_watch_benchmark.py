"""What watching costs, beside the bare loop in one run, in processor time of all threads."""

from __future__ import annotations

import pytest

from gradviz.watching.benchmark import BARE, EVERYTHING, GRADIENTS, compare
from gradviz.watching.benchmark_models import CASES, Case

ROUNDS = 12
SHORTEST_STEP_MS = 10.0
# the two networks whose step is long enough, and the perceptrons of many small layers
MOST_FOR_GRADIENTS = (1.05, 1.05, 1.1, 1.1)
MOST_FOR_EVERYTHING = (1.15, 1.15, 1.35, 1.35)


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("case", "gradients", "everything"), list(zip(CASES, MOST_FOR_GRADIENTS, MOST_FOR_EVERYTHING, strict=True))
)
def test_watching_costs_little(case: Case, gradients: float, everything: float) -> None:
    rows = {row.name: row for row in compare(case, ROUNDS, (GRADIENTS, EVERYTHING))}
    print(f"\n{case.name}, {rows[BARE].step_ms:.2f} ms a step; ratios on the clock and of processor time:")
    for row in rows.values():
        print(f"  {row.name:32} {row.ratio:6.3f} {row.processor_ratio:6.3f}")
    if gradients <= MOST_FOR_GRADIENTS[0]:
        assert rows[BARE].step_ms >= SHORTEST_STEP_MS
    assert rows[GRADIENTS].processor_ratio <= gradients
    assert rows[EVERYTHING].processor_ratio <= everything
