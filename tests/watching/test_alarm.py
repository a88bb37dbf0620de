"""What a watched script is told of the diagnosis: while it trains, when it is to stop, and at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from warm_interpreter import WarmInterpreter

import gradviz
from gradviz.diagnosis.verdict import WordedFinding
from gradviz.errors import CheckError
from gradviz.recording.store import read_info

STEPS = 80


def deep(activation: type[nn.Module] = nn.Sigmoid) -> nn.Module:
    """The gradient vanishes in it: the slope of a sigmoid is 1/4 at most."""
    torch.manual_seed(0)
    return nn.Sequential(*(part for _ in range(14) for part in (nn.Linear(8, 8), activation())), nn.Linear(8, 3))


def shallow() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))


def train(model: nn.Module, log: Callable[..., None] | None, steps: int = STEPS) -> int:
    """Train; return how many steps were made."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    inputs = torch.randn(32, 8)
    labels = (inputs[:, 0] > 0).long()
    made = 0
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if log is not None:
            log(loss=loss.item())
        made += 1
    return made


@pytest.fixture
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look however long it takes."""
    monkeypatch.setattr("gradviz.watching.alarm.SHARE_OF_TIME", 1e9)


@pytest.mark.usefixtures("at_every_step")
def test_each_kind_of_finding_is_told_once_while_training_goes_on() -> None:
    model, told = deep(), []
    with gradviz.watch(model, None, on_finding=lambda finding: told.append((finding, recorder.steps))) as recorder:
        train(model, recorder.log)
        before_the_end = len(told)
    kinds = [finding.kind for finding, _ in told]
    assert "vanishing" in kinds
    assert len(kinds) == len(set(kinds))
    assert before_the_end == len(told) >= 1
    finding, steps = told[kinds.index("vanishing")]
    assert finding.step < steps < STEPS
    assert finding.headline
    assert finding.evidence
    assert finding.remedies


def test_a_healthy_training_has_nothing_to_tell(capsys: pytest.CaptureFixture[str]) -> None:
    model, told = shallow(), []
    with gradviz.watch(model, None, on_finding=told.append) as recorder:
        train(model, recorder.log)
    assert [finding for finding in told if finding.severity in ("warning", "critical")] == []
    assert capsys.readouterr().err == ""
    assert recorder.verdict()[0].severity == "fine"


def test_what_was_not_told_by_then_is_told_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    # after the first look there is no time for another one
    monkeypatch.setattr("gradviz.watching.alarm.SHARE_OF_TIME", 1e-12)
    model, told = deep(), []
    with gradviz.watch(model, None, on_finding=told.append) as recorder:
        train(model, recorder.log)
        assert {each.kind for each in recorder.verdict().at_least(2)} - {each.kind for each in told}
    assert {each.kind for each in recorder.verdict().at_least(2)} <= {each.kind for each in told}


@pytest.mark.usefixtures("at_every_step")
def test_an_error_of_the_function_is_a_warning_and_training_goes_on() -> None:
    model = deep()

    def fail(_finding: WordedFinding) -> None:
        raise KeyError("no such channel")

    with (
        pytest.warns(RuntimeWarning, match="no such channel"),
        gradviz.watch(model, None, on_finding=fail) as recorder,
    ):
        assert train(model, recorder.log) == STEPS
    assert recorder.steps == STEPS


@pytest.mark.usefixtures("at_every_step")
@pytest.mark.parametrize("logs", [True, False])
@pytest.mark.parametrize("stop_on", ["critical", "vanishing", ["diverged", "vanishing"]])
def test_training_stops_where_it_is_asked_to(tmp_path: Path, stop_on: str | list[str], logs: bool) -> None:
    model = deep()
    with (
        pytest.raises(gradviz.TrainingStopped) as stopped,
        gradviz.watch(model, tmp_path / "run.gradviz", stop_on=stop_on) as recorder,
    ):
        train(model, recorder.log if logs else None)
    assert stopped.value.finding.kind in ("vanishing", "not_updating")
    assert 0 < recorder.steps < STEPS
    info = read_info(tmp_path / "run.gradviz")
    assert (info.ending, info.frames) == ("stopped", recorder.steps)
    assert stopped.value.finding.headline in info.why


@pytest.mark.usefixtures("at_every_step")
def test_without_a_reason_it_does_not_stop() -> None:
    model = deep()
    with gradviz.watch(model, None, stop_on=["diverged", "exploding"]) as recorder:
        assert train(model, recorder.log) == STEPS
    healthy = shallow()
    with gradviz.watch(healthy, None, stop_on="warning") as recorder:
        assert train(healthy, recorder.log) == STEPS


def test_a_name_that_no_finding_has_is_refused() -> None:
    with pytest.raises(CheckError, match="vanishing"):
        gradviz.watch(shallow(), None, stop_on="catastrophic")


def test_the_verdict_can_be_asked_for_at_any_time() -> None:
    model = deep()
    with gradviz.watch(model, None) as recorder:
        assert recorder.verdict() == ()
        train(model, recorder.log)
        assert recorder.verdict().severity == 4
    assert recorder.verdict()[0].kind in ("vanishing", "not_updating")


SCRIPT = """
import torch, gradviz
from torch import nn
torch.set_num_threads(1)
torch.manual_seed(0)
layers = [part for _ in range(20) for part in (nn.Linear(8, 8), nn.Sigmoid())]
model = nn.Sequential(*layers, nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
recorder = gradviz.watch(model, None)
inputs = torch.randn(32, 8)
for step in range(30):
    loss = nn.functional.cross_entropy(model(inputs), (inputs[:, 0] > 0).long())
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    recorder.log(loss=loss)
"""


@pytest.mark.slow
def test_a_script_ends_with_one_line_on_standard_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, interpreter: WarmInterpreter
) -> None:
    done = interpreter.run(SCRIPT, tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("gradviz: ")
    model = deep()
    with gradviz.watch(model, None) as recorder:
        train(model, recorder.log)
    assert capsys.readouterr().err.splitlines() == [f"gradviz: {recorder.verdict().at_least(3).line}"]
