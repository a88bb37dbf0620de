"""What is found in convolutional networks that go wrong, and that the first remedy mends it."""

from __future__ import annotations

import pytest
from trained_runs import trained

from gradviz.diagnosis import diagnose, words
from gradviz.diagnosis.finding import Severity
from gradviz.experiment import Experiment, inapplicable, load_preset
from gradviz.recording.history import History
from gradviz.training.loop import first_frame

pytestmark = pytest.mark.usefixtures("one_thread")

BASE = {
    "architecture": "resnet", "depth": 56, "optimizer": "momentum", "learning_rate": 0.05, "batch_size": 64,
    "device": "cpu", "steps": 120,
}  # fmt: skip
# recipe, what is found at step 0, and the remedies that are tried
CASES: dict[str, tuple[dict[str, object], str, list[str]]] = {
    "sigmoid": (
        {"depth": 20, "shortcut": "none", "activation": "sigmoid", "normalization": "none",
         "initialization": "glorot_uniform"},
        "vanishing", ["batch_norm"],
    ),
    "plain": ({"shortcut": "none"}, "exploding", ["block_shortcuts"]),
    "without normalisation": ({"normalization": "none"}, "poor_initialisation", ["batch_norm", "zero_factors"]),
}  # fmt: skip


def experiment(name: str) -> Experiment:
    return Experiment.parse(BASE | CASES[name][0])


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_found_before_the_first_step(name: str) -> None:
    started, frame = first_frame(experiment(name))
    history = History.of([started, frame])
    found = {finding.kind: finding for finding in diagnose(history, 0)}
    _, kind, remedies = CASES[name]
    assert found[kind].severity >= Severity.WARNING
    assert [remedy.kind for remedy in found[kind].remedies][: len(remedies)] == remedies
    for remedy in (each for finding in found.values() for each in finding.remedies):
        changed = remedy.apply(experiment(name))
        assert changed != experiment(name)
        assert {field for field, _ in remedy.changes}.isdisjoint(inapplicable(changed))
        assert words.remedy(remedy)


@pytest.mark.benchmark
@pytest.mark.parametrize("name", CASES)
def test_the_first_remedies_make_it_learn(name: str) -> None:
    ill = trained(experiment(name))
    assert ill.diverged is not None or ill.accuracies()[1][-1] < 0.35
    _, kind, tried = CASES[name]
    [finding] = [finding for finding in diagnose(ill, 0) if finding.kind == kind]
    for remedy in finding.remedies[: len(tried)]:
        mended = trained(remedy.apply(experiment(name)))
        assert mended.diverged is None
        assert mended.accuracies()[1].max() > 0.4


def test_a_healthy_resnet_raises_no_alarm() -> None:
    started, frame = first_frame(load_preset("resnet-56").changed(device="cpu"))
    assert {finding.kind for finding in diagnose(History.of([started, frame]), 0)} <= {"healthy", "not_measured"}
