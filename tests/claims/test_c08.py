"""C8: plain ReLU networks, the shallow and a deep one trained again by autograd."""

from collections.abc import Callable

import pytest
from judge import right_answers

from gradviz.claims.claim import Outcome


@pytest.mark.slow
@pytest.mark.usefixtures("shared_presets")
def test_relu_alone_carries_twenty_layers_only(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C8")
    assert result.holds
    assert result.numbers["relu-20"] > 0.95
    assert result.numbers["relu-100"] == pytest.approx(0.1, abs=0.05)
    assert result.numbers["relu-1000"] == pytest.approx(0.1, abs=0.05)
    # the same training but for rounding, which a few hundred steps let grow
    assert result.numbers["relu-20"] == pytest.approx(right_answers("relu-20"), abs=0.03)
