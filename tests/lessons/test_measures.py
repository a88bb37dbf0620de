"""Numbers in lessons against histories whose numbers are known."""

import math

import numpy as np
import pytest

from gradviz.errors import LessonError
from gradviz.experiment.rows import Row
from gradviz.lessons.measure import Amount, Condition, Measure, Spot
from gradviz.probes.quantities import ACTIVATION_GRAD_RMS, UNCHANGED_FRACTION
from gradviz.recording.frame import Evaluation, Frame, Started
from gradviz.recording.history import History

LAYERS = 5


@pytest.fixture
def history() -> History:
    """Five layers; the gradient falls by one decade per layer at step 0 and by two at step 1."""
    rows = tuple(Row() for _ in range(LAYERS))
    started = Started("", rows, (ACTIVATION_GRAD_RMS, UNCHANGED_FRACTION), "float32", 1, "cpu", 1)
    history = History(started)
    for step in range(2):
        gradient = -(step + 1.0) * np.arange(LAYERS)[::-1].astype(np.float32)
        same = np.linspace(1, 0, LAYERS, dtype=np.float32)
        history.append(Evaluation(step, 1.0, 0.25 * (step + 1), np.zeros(0, np.int64), np.zeros(0, np.float32)))
        history.append(
            Frame(step, 2.0 - step, 0.5, 0.1, {ACTIVATION_GRAD_RMS.name: gradient, UNCHANGED_FRACTION.name: same})
        )
    return history


def test_a_ratio_is_between_two_places(history: History) -> None:
    fall = Measure("activation_grad_rms", Spot("first", "first"), Spot("last", "first"), say="factor")
    amount = fall.amount({1: history}, 1)
    assert amount is not None
    assert amount.value == pytest.approx(-4)
    assert amount.words("factor") == "10,000"
    assert amount.words("power") == "10⁻⁴"
    later = Measure("activation_grad_rms", Spot("first"), Spot("last"), per_layer=True).amount({1: history}, 1)
    assert later is not None
    assert later.words("number") == "0.01"


@pytest.mark.parametrize(
    ("row", "share"), [("first", 1), ("last", 0), (2, 0.75), ("mean", 0.5), ("smallest", 0), ("largest", 1)]
)
def test_a_share_is_of_a_row_or_of_all(history: History, row: int | str, share: float) -> None:
    amount = Measure("unchanged_fraction", Spot(row)).amount({1: history}, 1)  # type: ignore[arg-type]
    assert amount == Amount(pytest.approx(share), False)


def test_curves_are_of_a_step(history: History) -> None:
    runs = {1: history}
    assert Measure("validation_accuracy").amount(runs, 1) == Amount(0.5, False)
    assert Measure("validation_accuracy", Spot(step="first")).amount(runs, 1) == Amount(0.25, False)
    assert Measure("loss").amount(runs, 1) == Amount(1.0, False)


def test_what_is_not_measured_is_none(history: History) -> None:
    runs = {2: history}
    assert Measure("loss", Spot(run=1)).amount(runs, 2) is None
    assert Measure("loss", Spot(step=7)).amount(runs, 2) is None
    assert Measure("update_ratio").amount(runs, 2) is None
    assert Measure("unchanged_fraction", Spot(row=9)).amount(runs, 2) is None
    assert Measure("loss").amount(runs, 1) is None


def test_conditions_compare_far_below_the_smallest_float() -> None:
    tiny = Amount(-700.0, True)
    assert Condition.parse("fall < 1e-600").holds(tiny)
    assert not Condition.parse("fall < 1e-800").holds(tiny)
    assert Condition.parse("1e-701 < fall <= 1e-700").holds(tiny)
    assert Condition.parse("fall <= 0").holds(Amount(-math.inf, True))
    assert not Condition.parse("fall > 0").holds(Amount(-math.inf, True))
    assert not Condition.parse("kept >= 0").holds(Amount(math.nan, False))


@pytest.mark.parametrize("text", ["kept", "kept = 1", "> 1", "kept > ", "kept > 1 and loss < 2", "0.1 < kept > 1"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(LessonError, match=r"condition|range"):
        Condition.parse(text)
