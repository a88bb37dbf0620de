"""C11: sigmoid networks of growing depth, trained again by autograd."""

from collections.abc import Callable

import pytest
from judge import right_answers

from gradviz.claims.claim import Outcome


@pytest.mark.slow
@pytest.mark.usefixtures("shared_presets")
def test_more_layers_make_it_worse(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C11")
    assert result.holds
    shallow, ten, twenty = (result.numbers[f"sigmoid-{depth}"] for depth in (3, 10, 20))
    assert shallow > 0.9
    assert ten < shallow - 0.1
    assert twenty < shallow - 0.1
    assert shallow == pytest.approx(right_answers("sigmoid-3"), abs=0.03)
    assert twenty == pytest.approx(right_answers("sigmoid-20"), abs=0.05)
