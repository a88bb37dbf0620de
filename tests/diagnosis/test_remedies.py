"""Remedies that were tried: the first two make a run learn, none makes it diverge, and none contradicts another."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from covering import pairwise
from trained_runs import STACKS, trained

from gradviz.diagnosis import Finding, Severity, diagnose, words
from gradviz.diagnosis.guesses import guess_of
from gradviz.experiment import Experiment, inapplicable, load_preset, preset_names
from gradviz.recording.history import History

pytestmark = pytest.mark.usefixtures("one_thread")

RELU = {"activation": "relu", "initialization": "he_normal", "depth": 5}
STEPS = 120
# what goes wrong, small enough to be trained with each remedy
CASES: dict[str, dict[str, object]] = {
    "clipped": {**RELU, "gradient_clip": 0.001},
    "clipped and vanishing": {"gradient_clip": 0.001, "depth": 20},
    "decay": {**RELU, "weight_decay": 0.5},
    "small batch": {"normalization": "batch", "batch_size": 2, "depth": 10},
    "narrow": {"width": 3, "depth": 5, "activation": "relu"},
    "straight": {"data": "spirals", "activation": "linear", "depth": 5, "steps": 250},
    "zero": {"initialization": "gaussian", "sigma_w": 0.0, "depth": 10},
    "too high": {**RELU, "learning_rate": 3.0},
    "too high for Adam": {**RELU, "width": 64, "optimizer": "adam", "learning_rate": 0.1},
    "too low": {**RELU, "learning_rate": 1e-5},
    "sigmoid": {"depth": 10},
    "tanh": {"depth": 50, "activation": "tanh"},
}
HARMFUL = {"decay beyond one": {
    "data": "spirals", "depth": 6, "width": 8, "activation": "sigmoid", "learning_rate": 30.0, "weight_decay": 1.0,
    "batch_size": 10}}  # fmt: skip

FACTORS: dict[str, tuple[object, ...]] = {
    "activation": ("sigmoid", "relu", "tanh", "linear", "leaky_relu"),
    "shortcut": ("none", "identity", "scaled", "rezero"),
    "normalization": ("none", "layer", "batch"),
    "initialization": ("glorot_normal", "he_normal", "gaussian"),
    "optimizer": ("sgd", "momentum", "adam", "adamw"),
    "learning_rate": (1e-6, 0.01, 30.0),
    "weight_decay": (0.0, 0.5, 1.0),
    "gradient_clip": (0.0, 0.001),
    "batch_size": (2, 32),
    "zero_init_branch": (False, True),
}


def run(settings: dict[str, object]) -> History:
    return trained(Experiment().changed(**{"steps": STEPS, **settings}))


def learns(history: History) -> bool:
    """Whether the mean loss of the latest steps is below 0.9 of a guess's, and validation is better than a guess."""
    guess, evaluation = guess_of(history.started), history.latest_evaluation
    assert guess is not None
    assert evaluation is not None
    loss = float(history.losses()[1][-20:].mean())
    better = guess.accuracy + 0.15 * (1.0 - guess.accuracy)
    return history.diverged is None and loss < 0.9 * guess.loss and evaluation.accuracy > better


def ways(findings: list[Finding], experiment: Experiment) -> dict[str, set[object]]:
    """Which ways each field is changed by the remedies of a verdict: up or down, or to which other value."""
    found: dict[str, set[object]] = defaultdict(set)
    for finding in findings:
        for remedy in finding.remedies:
            for name, new in remedy.changes:
                old = experiment.value(name)
                if isinstance(new, (int, float)) and not isinstance(new, bool):
                    found[name] |= {math.copysign(1.0, new - old)} if new != old else set()
                elif new != old:
                    found[name].add(new)
    return found


def check_verdict(history: History, step: int) -> None:
    experiment = history.started.experiment
    assert experiment is not None
    findings = diagnose(history, step)
    for name, there in ways(findings, experiment).items():
        assert len(there) <= 1, (name, there, [(each.kind, each.remedies) for each in findings])
    found = {finding.kind for finding in findings}
    for remedy in (each for finding in findings for each in finding.remedies):
        changed = remedy.apply(experiment)
        assert changed != experiment
        # what has no effect in what comes out is no remedy
        dead = inapplicable(changed)
        assert any(name not in dead for name, _ in remedy.changes)
        assert words.remedy(remedy)
        new = dict(remedy.changes)
        # none suggests what another one calls the cause
        assert not (new.get("normalization") == "batch" and "small_batch" in found)
        assert not (new.get("activation") == "linear" and "straight" in found)
        assert not ("clipped" in found and 0.0 < new.get("gradient_clip", 0.0) < 0.01)
        if "too_much" in found:
            assert new.get("learning_rate", 0.0) <= experiment.training.learning_rate


# one step of 1202 convolutions takes as long as all the others together
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.benchmark if name == "resnet-1202" else pytest.mark.slow)
        for name in preset_names()
    ],
)
def test_no_remedy_of_a_preset_contradicts_another(name: str) -> None:
    preset = load_preset(name)
    # whole runs of stacks are trained for other tests anyway; a step of any other network takes as long as dozens
    history = trained(preset if name in STACKS else preset.changed(steps=1 if len(preset.network.rows()) > 200 else 2))
    for step in {0, 1, 5, 20, 60, 120, history.frames - 1}:
        if step < history.frames:
            check_verdict(history, step)


@pytest.mark.parametrize("name", [*CASES, *HARMFUL])
def test_no_remedy_of_what_goes_wrong_contradicts_another(name: str) -> None:
    history = run((CASES | HARMFUL)[name])
    for step in range(0, history.frames, 7):
        check_verdict(history, step)
    check_verdict(history, history.frames - 1)


@pytest.mark.slow
@pytest.mark.parametrize("values", pairwise(*FACTORS.values()))
def test_no_remedy_of_any_recipe_contradicts_another(values: tuple[object, ...]) -> None:
    settings = dict(zip(FACTORS, values, strict=True))
    history = run({"data": "moons", "samples": 200, "depth": 4, "width": 4, "steps": 25} | settings)
    for step in (0, 1, 3, 7, history.frames - 1):
        if step < history.frames:
            check_verdict(history, step)


def test_where_there_is_no_gradient_no_learning_rate_is_raised() -> None:
    for name in ("too high for Adam", "narrow", "zero"):
        history = run(CASES[name])
        raised = {
            name
            for finding in diagnose(history)
            for remedy in finding.remedies
            for name, new in remedy.changes
            if name == "learning_rate" and new > history.started.experiment.training.learning_rate
        }
        assert raised == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_one_of_the_first_two_remedies_makes_it_learn_and_none_makes_it_diverge(name: str) -> None:
    history = run(CASES[name])
    assert not learns(history)
    experiment = history.started.experiment
    assert experiment is not None
    tried = [
        trained(remedy.apply(experiment))
        for finding in diagnose(history)
        if finding.severity >= Severity.WARNING
        for remedy in finding.remedies
    ]
    assert any(learns(each) for each in tried[:2])
    assert [each.diverged for each in tried] == [None] * len(tried)


def test_causes_that_need_each_other_are_changed_together() -> None:
    history = run(CASES["clipped and vanishing"])
    lead = diagnose(history)[0]
    together = lead.remedies[1]
    assert (lead.kind, together.kind) == ("clipped", "together")
    assert dict(together.changes) == {"gradient_clip": 0.0, "shortcut": "scaled", "shortcut_scale": 0.0}
    experiment = history.started.experiment
    assert experiment is not None
    # neither alone is enough
    for fields in ({"gradient_clip": 0.0}, {"shortcut": "scaled"}):
        assert not learns(trained(experiment.changed(**fields)))
    assert learns(trained(together.apply(experiment)))
    assert np.isfinite(history.losses()[1]).all()
