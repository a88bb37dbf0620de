"""A step that measures every layer, all probes on their schedule, costs at most 0.6 of one that measures nothing."""

from __future__ import annotations

import pytest

from gradviz.training.benchmark import CASES, Case, compare

# more of the short ones, which a busy machine disturbs the most
LAYERS_TIMES_ROUNDS = 9000
LARGEST_SHARE = 0.6


@pytest.mark.benchmark
@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.width == 32 and case.depth >= 100 and case.shortcut == "identity"],
    ids=lambda case: f"{case.depth}x{case.width}",
)
def test_a_measured_step_costs_little_more_than_half_of_an_ordinary_one(case: Case) -> None:
    row = compare(case, LAYERS_TIMES_ROUNDS // case.depth)
    print(f"\n{case}: ordinary {row.reference_ms:.2f} ms, gradviz {row.gradviz_ms:.2f} ms, ratio {row.ratio:.2f}")
    assert row.ratio <= LARGEST_SHARE
