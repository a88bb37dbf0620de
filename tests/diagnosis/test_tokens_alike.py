"""Tokens that are all alike are named as the cause where nothing is learnt, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gradviz.diagnosis import Finding, Severity, diagnose
from gradviz.experiment import load_preset
from gradviz.probes.modules.tokens import TokenCosine
from gradviz.recording.frame import Frame, HeldOut, Started
from gradviz.recording.history import History

COSINE = TokenCosine.quantities[0]
STEPS = 30


def found(preset: str, cosines: Sequence[float], losses: Sequence[float]) -> Finding | None:
    experiment = load_preset(preset)
    held_out = HeldOut(np.zeros((2, 64), np.float32), np.array([0, 1]), tuple("0123456789"), (8, 8))
    history = History(
        Started.of_experiment(
            experiment, quantities=(COSINE,), held_out=held_out, parameters=1, device="cpu", threads=1,
            batch_size=64, training_samples=1000,
        )
    )  # fmt: skip
    rows = len(history.started.rows)
    of_rows = np.interp(np.linspace(0.0, 1.0, rows), np.linspace(0.0, 1.0, len(cosines)), cosines)
    for step, loss in enumerate(losses):
        history.append(Frame(step, loss, 0.1, 0.005, {COSINE.name: of_rows.astype(np.float32)}))
    return next((each for each in diagnose(history) if each.kind == "tokens_alike"), None)


CHANCE, FALLING = [2.3] * STEPS, np.linspace(2.3, 0.5, STEPS).tolist()


def test_tokens_that_become_alike_are_the_cause_of_a_network_that_stays_at_chance() -> None:
    finding = found("transformer-post-norm-24", [0.5, 0.8, 1.0], CHANCE)
    assert finding is not None
    assert finding.is_cause
    assert finding.severity >= Severity.WARNING
    assert finding.first_step == 0
    assert finding.number("cosine") == pytest.approx(1.0)
    assert min(finding.rows) > 1


@pytest.mark.parametrize(("cosines", "losses"), [([0.5, 0.8, 1.0], FALLING), ([1.0, 0.9, 0.95], CHANCE)])
def test_a_network_that_learns_or_whose_last_tokens_differ_is_not_blamed(
    cosines: list[float], losses: list[float]
) -> None:
    assert found("transformer-post-norm-24", cosines, losses) is None


@pytest.mark.parametrize(
    ("preset", "first"),
    [
        ("transformer-no-shortcut", {"shortcut": "identity"}), ("transformer-post-norm-12", {"norm": "before"}),
        ("transformer-post-norm-24", {"norm": "before"}),
    ],
)  # fmt: skip
def test_what_is_tried_first_is_what_the_preset_that_learns_has(preset: str, first: dict[str, object]) -> None:
    finding = found(preset, [1.0, 1.0], CHANCE)
    assert finding is not None
    assert dict(finding.remedies[0].changes) == first
    cured = finding.remedies[0].apply(load_preset(preset))
    known = load_preset("transformer-pre-norm-24")
    assert (cured.network.shortcut, cured.network.norm) == (known.network.shortcut, known.network.norm)  # type: ignore[union-attr]
