"""Every panel shows the picked step, or what was measured last before it, and says which it is."""

from __future__ import annotations

import numpy as np
import pytest
from driving import TINY, made_up, samples_of, verdict_of
from made_up_distributions import distributions
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.panels.activation_panel import ActivationPanel
from gradviz.app.panels.distribution_panel import DistributionPanel
from gradviz.app.panels.judging_panel import JudgingPanel
from gradviz.recording.activations import ActivationCurve
from gradviz.recording.frame import Evaluation, Frame
from gradviz.recording.history import History

STEPS = 31
LAYERS = 4
EVALUATED = (0, 7, 20)
COUNTED = (2, 12, 20)
PICKED = (0, 1, 2, 6, 7, 11, 12, 19, 20, 30)


def run() -> History:
    """A run whose looks at samples and distributions tell of the step they were taken at."""
    whole = made_up([[-1.0] * LAYERS], TINY.changed(depth=LAYERS, probe_every=5))
    history = History(whole.started)
    row = np.full(LAYERS, -1.0, np.float32)
    for step in range(STEPS):
        if step in EVALUATED:
            share = step / 100
            history.append(Evaluation(step, 1.0, share, np.array([0, 0]), np.array([0.9, 0.8], np.float32), None))
        if step in COUNTED:
            bins = [((-1.0, 0.0, 1.0), (step, 1))] * LAYERS
            history.append(distributions(step, LAYERS, gradients=bins, pre_activations=bins))
        history.append(Frame(step, 1.0, 0.25, 0.1, {"gradient": row}))
    return history


def latest(measured: tuple[int, ...], step: int) -> int | None:
    """The naive search for what was measured last."""
    return max((each for each in measured if each <= step), default=None)


def when(measured: int, step: int) -> str:
    return f"at step {measured}" if measured == step else f"at step {measured}, the latest before {step}"


@pytest.fixture
def history(window: MainWindow) -> History:
    history = run()
    window.session.show(history)
    return history


def test_held_out_samples_are_those_of_the_step(window: MainWindow, history: History) -> None:
    for step in PICKED:
        window.session.display.pick_step(step)
        measured = latest(EVALUATED, step)
        assert measured is not None
        what = "Validation samples" if measured == step else "Validation"
        expected = f"{what} {when(measured, step)}: {measured:.1f}% right"
        assert samples_of(window.board).title.text == expected


@pytest.mark.slow
def test_distributions_are_those_of_the_step(window: MainWindow, history: History) -> None:
    for step in PICKED:
        window.session.display.pick_step(step)
        plot, measured = window.board.panel(DistributionPanel).plot, latest(COUNTED, step)
        if measured is None:
            assert plot.now is None
            assert plot.readout().notice == f"No distributions of this run were measured up to step {step}."
            continue
        assert plot.readout().title == f"Gradients of layer 1 {when(measured, step)}"
        assert plot.now is not None
        assert plot.now.counts[0] == measured


@pytest.mark.slow
def test_pre_activations_are_those_of_the_step(window: MainWindow, history: History) -> None:
    for step in PICKED:
        window.session.display.pick_step(step)
        panel, measured = window.board.panel(ActivationPanel), latest(COUNTED, step)
        x = np.linspace(-2.0, 2.0, 5)
        curve = ActivationCurve("tanh", x, np.tanh(x), 1 - np.tanh(x) ** 2, 1.0, (0.0, 0.0), True, "at x = 0")
        panel.show_curve(history.started.experiment, curve)
        if measured is None:
            assert panel.plot.state().counted[1].tolist() == [0.0]
            continue
        _edges, counts, label = panel.plot.state().counted
        assert counts.tolist() == [measured, 1]
        assert label == f"pre-activations of layer 1 {when(measured, step)}"


def test_the_latest_of_everything_is_back_with_live(window: MainWindow, history: History) -> None:
    window.session.display.pick_step(3)
    window.board.playback_bar.live.click()
    assert samples_of(window.board).title.text == "Validation samples at step 20: 20.0% right"
    assert window.board.panel(DistributionPanel).plot.readout().title == "Gradients of layer 1 at step 20"
    assert verdict_of(window.board).step is None


def test_the_verdict_follows_at_once_and_then_no_oftener_than_can_be_read(
    window: MainWindow, history: History, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int | None] = []
    show_step = verdict_of(window.board).show_step
    monkeypatch.setattr(verdict_of(window.board), "show_step", lambda step: (judged.append(step), show_step(step)))
    window.board.panel(JudgingPanel).pause.stop()
    for step in range(10):
        window.session.display.pick_step(step)
    assert judged == [0]
    qtbot.waitUntil(lambda: len(judged) > 1)
    assert judged == [0, 9]
    assert verdict_of(window.board).about.text() == "Step 9, as picked"


@pytest.mark.slow
def test_a_run_that_is_not_evaluated_yet_says_so(window: MainWindow) -> None:
    history = History(made_up([[-1.0] * LAYERS]).started)
    history.append(Frame(0, 1.0, 0.25, 0.1, {}))
    window.session.show(history)
    assert samples_of(window.board).message.text == "The validation samples have not been evaluated yet"
    window.session.display.pick_step(0)
    assert samples_of(window.board).message.text == "The validation samples have not been evaluated up to step 0"
