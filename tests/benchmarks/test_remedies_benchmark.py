"""What the verdict on a preset suggests is tried: one of the first two makes it learn, and none makes it diverge."""

from __future__ import annotations

import numpy as np
import pytest

from gradviz.diagnosis import Severity, diagnose
from gradviz.diagnosis.guesses import guess_of
from gradviz.experiment import Experiment, load_preset, preset_names
from gradviz.recording.history import History
from gradviz.training.loop import train

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]

# what has learnt is a tenth below a guess's loss, and 15% of the way from a guess's accuracy to no mistake
LOSS_SHARE, ACCURACY_SHARE, LATEST = 0.9, 0.15, 20


def run(experiment: Experiment) -> History:
    return History.of(train(experiment.changed(device="cpu")))


def learns(history: History) -> bool:
    guess, evaluation = guess_of(history.started), history.latest_evaluation
    losses = history.losses()[1][-LATEST:]
    if history.diverged is not None or guess is None or evaluation is None or not np.isfinite(losses).all():
        return False
    better = evaluation.accuracy > guess.accuracy + ACCURACY_SHARE * (1.0 - guess.accuracy)
    return better and float(np.mean(losses)) < LOSS_SHARE * guess.loss


@pytest.mark.parametrize("name", preset_names())
def test_what_is_suggested_for_a_preset_helps_and_harms_nobody(name: str) -> None:
    preset = load_preset(name)
    history = run(preset)
    remedies = [r for each in diagnose(history) if each.severity >= Severity.WARNING for r in each.remedies]
    outcomes = [run(remedy.apply(preset)) for remedy in remedies]
    for remedy, outcome in zip(remedies, outcomes, strict=True):
        told = f"{name}: {remedy.kind} {dict(remedy.changes)}: loss {outcome.loss(outcome.frames - 1)}"
        print(f"\n{told}, {'learns' if learns(outcome) else 'does not learn'}", end="")
        assert outcome.diverged is None or (history.diverged is not None and remedy is not remedies[0]), told
    if remedies and not learns(history):
        assert any(map(learns, outcomes[:2]))
