from __future__ import annotations

import decimal
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.plots.parts.readout import in_sentence, scientific, value_in_words, with_unit
from gradviz.recording.frame import Quantity

NORM = Quantity("norm", "Gradient norm", "|g|", "")
MEAN = Quantity("mean", "Mean", "", "", scale="linear", signed=True)


@given(st.floats(-5000, 300))
def test_a_logarithm_is_read_as_the_number_however_small(log10: float) -> None:
    with decimal.localcontext(prec=40):
        exact = decimal.Decimal(10) ** decimal.Decimal(log10)
        written = decimal.Decimal(scientific(log10))
        # half a unit of the third digit
        assert abs(written / exact - 1) <= decimal.Decimal("0.0050001")


@pytest.mark.parametrize(
    ("log10", "words"),
    [
        (math.log10(3.2e-8), "3.20e-08"),
        (-600 + math.log10(3.21), "3.21e-600"),
        (0.0, "1.00e+00"),
        (-1e-9, "1.00e+00"),
        (2.5, "3.16e+02"),
        (-45.0, "1.00e-45"),
    ],
)
def test_numbers_in_words(log10: float, words: str) -> None:
    assert scientific(log10) == words


def test_what_is_no_number_says_what_it_is() -> None:
    assert value_in_words(NORM, None) == "not measured at this step"
    assert value_in_words(NORM, math.nan) == "not a number"
    assert value_in_words(NORM, math.inf) == "infinite: overflowed"
    assert value_in_words(NORM, -math.inf) == "exactly zero: underflowed or dead"
    assert value_in_words(MEAN, -math.inf) == "infinite: overflowed"


def test_values_carry_their_unit() -> None:
    assert value_in_words(NORM, -3.0) == "1.00e-03 |g|"
    assert value_in_words(MEAN, -0.012345) == "-0.01235"


def test_labels() -> None:
    assert with_unit(NORM) == "Gradient norm (|g|)"
    assert with_unit(MEAN) == "Mean"
    assert in_sentence("Gradient norm") == "gradient norm"
    assert in_sentence("RMS") == "RMS"
