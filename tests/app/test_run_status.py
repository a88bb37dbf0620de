"""What the foot of the window says of a run."""

from __future__ import annotations

import math

import pytest
from driving import TINY, made_up
from pytestqt.qtbot import QtBot

from gradviz.app.run_status import RunStatus
from gradviz.app.session.phase import Phase
from gradviz.app.session.run_controller import RunController
from gradviz.recording.frame import Diverged

ROWS = [[-1.0, -2.0]] * 4


@pytest.fixture
def bar(qtbot: QtBot) -> RunStatus:
    bar = RunStatus()
    qtbot.addWidget(bar)
    return bar


@pytest.fixture
def run(qapp: object) -> RunController:
    return RunController()


def words(bar: RunStatus) -> list[str]:
    return [label.text() for label in (bar.state, bar.steps, bar.result, bar.rate, bar.device)]


def test_nothing_is_said_of_a_run_that_is_none(bar: RunStatus, run: RunController) -> None:
    bar.show_phase(Phase.IDLE, run)
    assert words(bar) == ["ready", "step –", "", "", ""]


def test_a_start_is_under_way(bar: RunStatus, run: RunController) -> None:
    run.phase = Phase.STARTING
    bar.show_phase(Phase.STARTING, run)
    assert bar.state.text() == "starting"


def test_step_loss_accuracy_and_device_are_said(bar: RunStatus, run: RunController) -> None:
    run.history = made_up(ROWS, losses=1.23456)
    run.phase = Phase.STOPPED
    bar.show_phase(Phase.STOPPED, run)
    assert words(bar) == ["stopped", "step 3 / 8", "loss 1.235 · validation 50.0%", "", "CPU, 1 thread"]


def test_a_run_without_an_end_shows_its_steps_alone(bar: RunStatus, run: RunController) -> None:
    run.history = made_up(ROWS, TINY.changed(steps=0))
    run.phase = Phase.RUNNING
    bar.show_phase(Phase.RUNNING, run)
    assert bar.steps.text() == "step 3"


def test_the_step_of_a_divergence_is_said(bar: RunStatus, run: RunController) -> None:
    run.history = made_up(ROWS)
    run.history.append(Diverged(3, math.nan))
    bar.show_phase(Phase.DIVERGED, run)
    assert bar.state.text() == "diverged at step 3"


def test_the_rate_is_said_while_it_is_known(
    bar: RunStatus, run: RunController, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.history = made_up(ROWS)
    monkeypatch.setattr(run, "steps_per_second", lambda: 1234.56)
    bar.refresh(run)
    assert bar.rate.text() == "1,234.6 steps/s"


@pytest.mark.parametrize("phase", list(Phase), ids=lambda phase: phase.value)
def test_every_phase_is_named(bar: RunStatus, run: RunController, phase: Phase) -> None:
    bar.show_phase(phase, run)
    assert bar.state.text() == phase.value


def test_beside_a_preview_nothing_is_said_of_the_run_before(bar: RunStatus, run: RunController) -> None:
    run.history = made_up(ROWS, losses=1.5)
    run.phase = Phase.STOPPED
    preview = made_up(ROWS[:1], TINY.changed(steps=500))
    bar.show_phase(Phase.STOPPED, run, preview)
    assert words(bar)[1:] == ["step 0 / 500", "", "", "CPU, 1 thread"]
    assert bar.state.text() != Phase.STOPPED.value
    bar.show_phase(Phase.STOPPED, run)
    assert words(bar)[:2] == ["stopped", "step 3 / 8"]
