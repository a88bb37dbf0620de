"""C3: weights that stand still, against a copy of the weights before and after, compared as whole numbers."""

from collections.abc import Callable

import numpy as np
import pytest

from gradviz.claims.claim import Outcome
from gradviz.claims.precision import STEPS
from gradviz.experiment import load_preset
from gradviz.probes.observer import Due
from gradviz.training.run import TrainingRun


@pytest.mark.slow
def test_the_first_layers_stand_still(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C3")
    assert result.holds
    assert result.numbers["first"] == 1.0
    assert result.numbers["last"] <= 0.05
    run = TrainingRun(load_preset("sigmoid-30").changed(device="cpu", steps=STEPS))
    before = after = np.empty(0)
    for step in range(STEPS):
        run.measure(step, Due(thorough=False))
        before = run.network.weights.detach().numpy().copy()
        run.update()
        after = run.network.weights.detach().numpy().copy()
    same = (before.view(np.uint32) == after.view(np.uint32)).mean((1, 2))
    assert result.numbers["first"] == same[0]
    assert result.numbers["last"] == pytest.approx(same[-1], abs=1e-6)
    assert result.numbers["still_layers"] == (same == 1.0).sum()
