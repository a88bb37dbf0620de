"""C6: a ratio measured now is reported, not judged; the clock of another program has to agree on the order."""

import timeit
from collections.abc import Callable

import pytest
import torch

from gradviz.claims.claim import Outcome
from gradviz.claims.cost import IN_CACHE, WITH_EXPONENTIALS


@pytest.mark.slow
def test_what_was_measured_is_shown_as_it_is(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C6")
    assert result.holds is None
    assert result.verdict == "measured"
    assert set(result.numbers) == set(WITH_EXPONENTIALS)
    for name, ratio in result.numbers.items():
        assert f"{name} {ratio:.1f}×" in result.measured
    x, out = torch.randn(IN_CACHE), torch.empty(IN_CACHE)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        sigmoid, relu = (
            min(timeit.repeat(each, number=50, repeat=9))
            for each in (lambda: torch.sigmoid(x, out=out), lambda: torch.clamp_min(x, 0.0, out=out))
        )
    finally:
        torch.set_num_threads(threads)
    # on a shared machine two clocks agree on the order of magnitude
    assert sigmoid / relu / 4 < result.numbers["sigmoid"] < sigmoid / relu * 4
