"""C10: residual networks, the shallower one trained again by autograd."""

from collections.abc import Callable

import pytest
from judge import right_answers

from gradviz.claims.claim import Outcome


@pytest.mark.slow
@pytest.mark.usefixtures("shared_presets")
def test_a_hundred_and_fifty_and_a_thousand_layers_learn(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C10")
    assert result.holds
    assert result.numbers["residual-152"] > 0.95
    assert result.numbers["residual-1000"] > 0.95
    assert result.numbers["residual-152"] == pytest.approx(right_answers("residual-152"), abs=0.03)
