"""No preset, and no race that is offered, ends in a verdict that contradicts what its text says."""

from __future__ import annotations

import pytest
from trained_runs import trained

from gradviz.diagnosis import Severity, diagnose
from gradviz.diagnosis.verdict import Verdict
from gradviz.experiment import Experiment, load_preset, preset_names
from gradviz.experiment.variants import VARIANT_SETS, variant
from gradviz.recording.history import History

# what the text of a preset says is wrong; all others say that they learn
SAID: dict[str, set[str]] = {
    "batch-norm-100": {"exploding"},
    "diverging": {"diverged", "too_much"},
    "dying-relu": {"dead"},
    "exploding": {"exploding", "diverged"},
    "float-floor": {"vanishing"},
    "relu-100": {"vanishing", "not_learning"},
    "relu-1000": {"vanishing", "not_learning"},
    "sigmoid-10": {"vanishing", "not_learning"},
    "sigmoid-20": {"vanishing", "not_learning"},
    "sigmoid-30": {"vanishing", "not_updating", "not_learning"},
    "tanh-1000": {"vanishing"},
    "conv-sigmoid-20": {"vanishing", "not_learning"},
    "plain-conv-110": {"exploding"},
    # it learns a little, and its text says no more than that
    "plain-conv-56": set(),
    "transformer-no-shortcut": {"tokens_alike", "not_learning"},
    "transformer-post-norm-12": {"tokens_alike", "not_learning"},
    "transformer-post-norm-24": {"tokens_alike", "not_learning"},
}
# what trains for minutes is left to the benchmarks
QUICK = [name for name in preset_names() if load_preset(name).network.architecture == "mlp"]
# kinds that say that a network does not learn
FAILURES = {"not_learning", "not_updating", "diverged", "dead"}
LEARNS, CHANCE = 0.7, 0.2
# of each race that is offered, on the form as it is at first: which of its variants learn
RACES = {
    "Sigmoid, ReLU, sigmoid with shortcuts": (False, True, True),
    "Without and with shortcuts": (False, True, True),
    "Activations": (False, False, False, False),
    "Normalisations": (False, False, True),
    "Initialisations": (False, False, False),
    "Learning rates": (False, False, False),
    "Depths": (False, False, False),
    "Seeds": (False, False, False),
}


def accuracy(history: History) -> float:
    assert history.latest_evaluation is not None
    return history.latest_evaluation.accuracy


def contradictions(history: History, *, learns: bool) -> set[str]:
    """What the verdict says of a network that learns, or does not say of one that does not."""
    found = diagnose(history)
    kinds = {each.kind for each in found}
    if learns:
        return kinds & FAILURES | {each.kind for each in found if each.severity is Severity.CRITICAL}
    return set() if kinds & FAILURES else {"nothing is said to be wrong"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.benchmark) for name in preset_names()]
)
def test_the_verdict_at_the_end_of_a_preset_says_what_its_text_says(name: str) -> None:
    history = trained(load_preset(name))
    if name in SAID:
        assert {each.kind for each in diagnose(history)} >= SAID[name], Verdict.of(history).line
        assert accuracy(history) < 0.4
    else:
        assert accuracy(history) > (0.8 if name in QUICK else LEARNS)
        assert contradictions(history, learns=True) == set(), Verdict.of(history).line


def race(name: str) -> list[Experiment]:
    (chosen,) = [each for each in VARIANT_SETS if each.name == name]
    return [variant(Experiment(), changes) for changes in chosen.changes(Experiment())]


def test_every_race_that_is_offered_is_judged_here() -> None:
    assert [each.name for each in VARIANT_SETS] == list(RACES)


@pytest.mark.slow
def test_the_first_race_is_won_by_shortcuts_then_relu_and_sigmoid_stays_at_chance() -> None:
    sigmoid, relu, shortcut = (accuracy(trained(each)) for each in race(VARIANT_SETS[0].name))
    assert sigmoid < 0.15
    assert sigmoid < LEARNS < relu < shortcut


@pytest.mark.benchmark
@pytest.mark.parametrize("name", RACES)
def test_no_variant_of_a_race_ends_in_a_verdict_that_contradicts_it(name: str) -> None:
    for experiment, learns in zip(race(name), RACES[name], strict=True):
        history = trained(experiment)
        assert (accuracy(history) > LEARNS) == learns, experiment.title
        assert history.diverged is None, experiment.title
        assert learns or accuracy(history) < CHANCE, experiment.title
        assert contradictions(history, learns=learns) == set(), (experiment.title, Verdict.of(history).line)
