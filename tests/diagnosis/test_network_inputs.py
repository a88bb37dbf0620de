"""Inputs out of scale and weights of zero, found in runs that were trained with them, and what undoes them."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_findings import kinds, the
from trained_runs import trained

from gradviz.diagnosis import Severity, diagnose
from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.training.data import load_data

pytestmark = pytest.mark.usefixtures("one_thread")

PLAIN = {"depth": 3, "width": 16, "activation": "relu", "initialization": "he_normal", "data": "moons", "device": "cpu",
         "steps": 120, "optimizer": "adam", "learning_rate": 0.01}  # fmt: skip


def run(**settings: object) -> History:
    return trained(Experiment.parse(PLAIN | settings))


@pytest.mark.parametrize(("factor", "named"), [(1.0, False), (5.0, False), (300.0, True), (0.001, True)])
def test_inputs_are_named_that_are_far_larger_or_smaller_than_standardised_ones(factor: float, named: bool) -> None:
    history = run(input_factor=factor)
    findings = diagnose(history)
    assert ("input_scale" in kinds(findings)) == named
    if named:
        found = the("input_scale", findings)
        inputs = load_data(Experiment.parse(PLAIN | {"input_factor": factor})).train_inputs
        assert found.number("rms") == pytest.approx(np.sqrt(np.square(inputs).mean()))
        assert found.is_cause
        changes = dict(found.remedies[0].changes)
        assert changes == {"input_scaling": "standardised", "input_factor": 1.0}
        better = Experiment.parse(PLAIN | {"input_factor": factor}).changed(**changes)
        assert "input_scale" not in kinds(diagnose(trained(better)))


def test_an_input_layer_of_zeros_is_named_where_nothing_is_learnt_behind_it() -> None:
    history = run(input_initialization="zeros")
    assert history.accuracies()[1][-1] < 0.7
    found = the("blind_input", diagnose(history))
    assert found.severity >= Severity.WARNING
    assert found.is_cause
    better = Experiment.parse(PLAIN | {"input_initialization": "zeros"}).changed(**dict(found.remedies[0].changes))
    assert trained(better).accuracies()[1][-1] > 0.9


def test_tanh_learns_in_spite_of_it_and_nothing_is_said() -> None:
    history = run(input_initialization="zeros", activation="tanh", initialization="glorot_normal")
    assert history.accuracies()[1][-1] > 0.85
    assert "blind_input" not in kinds(diagnose(history))


def test_hidden_layers_of_zeros_are_named_as_the_cause() -> None:
    history = run(initialization="zeros")
    found = the("poor_initialisation", diagnose(history))
    assert found.fact("no_weights") is not None
    assert found.is_cause
    assert dict(found.remedies[0].changes)["initialization"] != "zeros"
