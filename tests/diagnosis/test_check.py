"""A recorded run passes or fails: by its findings, and beside a base run."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_up_findings import gradient, level, run_of

import gradviz
from gradviz.diagnosis import Severity, diagnose
from gradviz.diagnosis.verdict import Verdict
from gradviz.errors import CheckError, RecordingError
from gradviz.recording.frame import Evaluation, Frame, HeldOut, Row, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter

VANISHING = gradient(np.linspace(-9.0, 0.0, 10))
GUIDE = Path(__file__).parents[2] / "resources" / "help" / "guide.md"


def well(losses: list[float] | None = None) -> History:
    return run_of(10, losses=losses or list(np.linspace(2.0, 0.1, 31)), steps=len(losses or range(31)) - 1)


def vanishing() -> History:
    return run_of(10, at_start=VANISHING, later=VANISHING, steps=30, losses=list(np.linspace(2.0, 0.1, 31)))


def watched(losses: list[float], **scalars: list[float]) -> History:
    history = History(Started("mine", (Row("a"), Row("b")), (), "float32", 8, "cpu", 1))
    for step, loss in enumerate(losses):
        told = {name: values[step] for name, values in scalars.items()}
        history.append(Frame(step, loss, math.nan, 0.1, {}, scalars=told))
    return history


def recorded(history: History, path: Path) -> Path:
    writer = StoreWriter(path, history, environment={}, on_trouble=pytest.fail)
    writer.close("finished")
    return path


def test_the_verdict_is_the_diagnosis_worst_first_with_words_and_data() -> None:
    history = vanishing()
    findings = diagnose(history)
    verdict = Verdict.of(history)
    assert [each.data for each in verdict] == findings
    assert verdict.severity is Severity.CRITICAL
    first = verdict[0]
    assert (first.kind, first.severity, first.step) == ("vanishing", "critical", 30)
    assert "layer 10" in first.evidence
    assert len(first.remedies) == len(findings[0].remedies) >= 2
    # printed, it says the evidence and what to try first, and no more of it
    assert first.evidence in str(verdict)
    assert first.remedies[0] in str(verdict)
    data = json.loads(json.dumps(verdict.as_data(), allow_nan=False))
    assert data[0]["kind"] == "vanishing"
    assert data[0]["rows"] == list(findings[0].rows)
    assert data[0]["facts"][0]["numbers"]["decades"] == pytest.approx(9.0)
    assert [each["words"] for each in data[0]["remedies"]] == list(first.remedies)


@pytest.mark.parametrize(
    ("fail_on", "fails"),
    [("warning", True), ("critical", True), ("vanishing", True), ("exploding", False), (["dead", "vanishing"], True)],
)
def test_a_run_fails_on_what_was_named(fail_on: str | list[str], fails: bool) -> None:
    assert bool(gradviz.check(vanishing(), fail_on=fail_on)) is fails
    assert not gradviz.check(well(), fail_on=fail_on)


def test_a_name_that_no_finding_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(CheckError, match="vanishing"):
        gradviz.check(well(), fail_on=["warning", "vanish"])


def test_a_run_without_a_step_is_not_healthy(tmp_path: Path) -> None:
    with pytest.raises(CheckError):
        gradviz.check(recorded(History(well().started), tmp_path / "run.gradviz"))
    with pytest.raises(RecordingError):
        gradviz.check(tmp_path / "none.gradviz")


def test_beside_a_base_run_only_what_is_new_fails(tmp_path: Path) -> None:
    good, bad = recorded(well(), tmp_path / "good.gradviz"), recorded(vanishing(), tmp_path / "bad.gradviz")
    assert gradviz.check(bad, against=good)[0].kind == "vanishing"
    assert not gradviz.check(bad, against=bad)
    assert not gradviz.check(good, against=bad)


# the median of the latest 20 of a flat loss is that loss, and its spread is 0: 10% is what counts
@pytest.mark.parametrize(("loss", "fails"), [(1.09, False), (1.11, True), (0.5, False)])
def test_a_loss_a_tenth_higher_is_worse(loss: float, fails: bool) -> None:
    found = gradviz.check(watched([loss] * 40), fail_on="worse_loss", against=watched([1.0] * 40))
    assert [each.kind for each in found] == ["worse_loss"] * fails
    if fails:
        assert found[0].data.number("base_loss") == 1.0
        assert found[0].data.number("loss") == loss


@pytest.mark.parametrize(("higher", "fails"), [(0.5, False), (1.5, True)])
def test_noisy_losses_have_to_differ_by_more_than_their_noise(higher: float, fails: bool) -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.2, 400)
    spread = 1.4826 * np.median(np.abs(noise[-20:] - np.median(noise[-20:])))
    base = watched((2.0 + noise).tolist())
    other = watched((2.0 + noise + higher * 3.0 * spread).tolist())
    # more than the tenth that would do without noise
    assert higher * 3.0 * spread > 0.2
    assert bool(gradviz.check(other, fail_on="worse_loss", against=base)) is fails


def evaluated(accuracy: float, samples: int, loss: float = 1.0) -> History:
    history = History(replace(well().started, held_out=None))
    labels = np.zeros(samples, np.int64)
    history.started = replace(history.started, held_out=HeldOut(np.zeros((samples, 2), np.float32), labels, ("a", "b")))
    for step in range(3):
        confidence = np.ones(samples, np.float32)
        history.append(Evaluation(step, loss, accuracy, labels, confidence))
        history.append(Frame(step, 1.0, 0.5, 0.1, {k: v.astype(np.float32) for k, v in level(10).items()}))
    return history


# three standard errors of the difference of two shares near 0.8 of 400 samples are 0.085; of 40,000, 0.0085
@pytest.mark.parametrize(
    ("samples", "accuracy", "fails"),
    [(400, 0.73, False), (400, 0.70, True), (40_000, 0.785, False), (40_000, 0.77, True)],
)
def test_an_accuracy_has_to_be_lower_by_more_than_its_error_and_two_points(
    samples: int, accuracy: float, fails: bool
) -> None:
    found = gradviz.check(evaluated(accuracy, samples), fail_on="worse_validation", against=evaluated(0.8, samples))
    assert bool(found) is fails


def test_what_a_script_logged_of_its_validation_is_compared_too() -> None:
    nothing = math.nan
    base = watched([1.0] * 5, validation_loss=[nothing, 0.5, nothing, 0.4, nothing])
    worse = watched([1.0] * 5, validation_loss=[nothing, 0.3, nothing, 0.45, nothing])
    same = watched([1.0] * 5, validation_loss=[nothing, 0.3, nothing, 0.43, nothing])
    (found,) = gradviz.check(worse, fail_on="worse_validation", against=base)
    assert (found.data.number("loss"), found.data.number("base_loss")) == (0.45, 0.4)
    assert found.data.evidence[0].step == 3
    assert not gradviz.check(same, fail_on="worse_validation", against=base)


@pytest.mark.slow
def test_the_example_in_the_guide_works(tmp_path: Path) -> None:
    """It passes beside a good run, and beside a bad one its failure tells what is wrong."""
    (example,) = [
        block
        for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
        if "gradviz.check(" in block
    ]
    for name, history in (("good", well()), ("bad", vanishing())):
        (tmp_path / name).mkdir()
        recorded(history, tmp_path / name / "run.gradviz")
        (tmp_path / name / "test_training.py").write_text(example, encoding="utf-8")
    done = {
        name: subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_training.py"],
            cwd=tmp_path / name, capture_output=True, text=True, check=False,
        )
        for name in ("good", "bad")
    }  # fmt: skip
    assert done["good"].returncode == 0, done["good"].stdout
    assert done["bad"].returncode == 1
    assert Verdict.of(vanishing())[0].headline in done["bad"].stdout
