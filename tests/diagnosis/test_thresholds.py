from __future__ import annotations

import math
import re
from dataclasses import fields

import pytest

from gradviz.diagnosis import ThresholdError, Thresholds, threshold_specs


def test_every_threshold_is_described_and_lies_within_its_limits() -> None:
    assert list(threshold_specs()) == [item.name for item in fields(Thresholds)]
    for name, spec in threshold_specs().items():
        assert spec.low <= getattr(Thresholds(), name) <= spec.high
        assert spec.label
        assert spec.unit
        assert spec.reason.endswith(".")
        if spec.logarithmic:
            assert spec.low > 0


@pytest.mark.parametrize("name", list(threshold_specs()))
def test_a_value_out_of_range_is_refused_by_name(name: str) -> None:
    spec = threshold_specs()[name]
    allowed = re.escape(f"allowed: {spec.low:g} to {spec.high:g}")
    for wrong in (spec.high * 1.01 + 1, math.nan, math.inf, -math.inf):
        with pytest.raises(ThresholdError, match=f"{name}: .* is not allowed; {allowed}"):
            Thresholds().changed(**{name: wrong})


def test_the_guide_line_lies_between_too_little_and_too_much() -> None:
    with pytest.raises(ThresholdError, match="update_low, update_guide and update_high"):
        Thresholds(update_low=1e-4, update_guide=1e-5)
    assert Thresholds().changed(update_guide=1e-4).update_guide == 1e-4


def test_there_are_no_other_thresholds() -> None:
    with pytest.raises(ThresholdError, match="speed: there is no such threshold"):
        Thresholds().changed(speed=1.0)
