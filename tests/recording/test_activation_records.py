"""Spreads against the standard library, and sizes in words."""

import statistics

import numpy as np
import pytest

from gradviz.experiment import in_words
from gradviz.recording.activations import ActivationCosts, Spread, elements_in_words, memory_in_words


def test_a_spread_is_median_and_quartiles() -> None:
    values = np.random.default_rng(3).lognormal(size=41)
    low, median, high = statistics.quantiles(values.tolist(), n=4, method="inclusive")
    spread = Spread.of(values)
    assert (spread.low, spread.median, spread.high) == pytest.approx((low, median, high), rel=1e-12)


def test_whether_the_arrays_fit_the_cache_is_said_only_where_it_is_known() -> None:
    known = ActivationCosts("cpu", 1, 32 << 20, 1, ())
    # three arrays of four bytes an element
    assert known.fit_in_words(1 << 14) == "192 KiB fit the cache of 32 MiB"
    assert known.fit_in_words(1 << 22) == "48 MiB do not fit the cache of 32 MiB"
    assert ActivationCosts("cpu", 1, None, 1, ()).fit_in_words(1 << 14) == "192 KiB"


@pytest.mark.parametrize(
    ("amount", "words"), [(12, "12 B"), (1024, "1 KiB"), (1 << 20, "1 MiB"), (3 << 29, "1.5 GiB"), (50 << 20, "50 MiB")]
)
def test_memory_is_said_in_the_largest_unit_that_fits(amount: int, words: str) -> None:
    assert memory_in_words(amount) == words


def test_names_and_sizes_are_those_a_person_uses() -> None:
    assert [in_words(name) for name in ("leaky_relu", "tanh", "silu")] == ["leaky ReLU", "tanh", "SiLU"]
    assert elements_in_words(1 << 22) == "4,194,304 elements"
    assert "the call itself" in elements_in_words(1)
