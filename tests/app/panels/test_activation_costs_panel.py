"""The measurement of costs in the window: its button, its progress, how it ends, and what is drawn."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterator

import pytest
from driving import TINY, WAIT_MS, wait_until
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gradviz.app.failure import Failure
from gradviz.app.panels import activation_costs_panel
from gradviz.app.panels.activation_costs_panel import ActivationCostsPanel
from gradviz.experiment import choices
from gradviz.recording.activations import ActivationCost, ActivationCosts, Spread
from gradviz.training import activation_cost
from gradviz.training.activation_cost import CostProgress

LEFT = Qt.MouseButton.LeftButton
SIZES = (1, 1000, 1_000_000)


def costs(rounds: int) -> ActivationCosts:
    """Of ReLU and sigmoid, 1 and 3 nanoseconds per element."""
    rows = [
        ActivationCost(name, size, *(Spread(ns, ns, ns) for ns in (ns, ns, ns, ns)))
        for size in SIZES
        for name, ns in (("relu", 1.0), ("sigmoid", 3.0))
    ]
    return ActivationCosts("cpu", 1, 1 << 20, rounds, tuple(rows))


class Steered:
    """A measurement that takes its turns when told: so many whole rounds of ten turns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._turns = threading.Semaphore(0)
        self.asked: list[tuple[str, float]] = []
        monkeypatch.setattr(activation_cost, "measure_costs", self._measure)
        # tell every turn
        monkeypatch.setattr("gradviz.app.threads.cost_thread.TELL_EVERY_S", 0.0)

    def take(self, turns: int) -> None:
        self._turns.release(turns)

    def _measure(self, device: str, *, leaky_slope: float, **_: object) -> Generator[CostProgress]:
        self.asked.append((device, leaky_slope))
        for done in range(31):
            yield CostProgress(done, 30, costs(done // 10) if done >= 10 else None)
            assert done == 30 or self._turns.acquire(timeout=WAIT_MS / 1000)


@pytest.fixture
def steered(monkeypatch: pytest.MonkeyPatch) -> Steered:
    return Steered(monkeypatch)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[ActivationCostsPanel]:
    panel = ActivationCostsPanel()
    qtbot.addWidget(panel)
    panel.resize(460, 420)
    panel.show()
    panel.show_experiment(TINY)
    yield panel
    assert panel.stop()


def press(panel: ActivationCostsPanel, qtbot: QtBot) -> None:
    assert panel.measure.isEnabled()
    qtbot.mouseClick(panel.measure, LEFT)


def begun(panel: ActivationCostsPanel, steered: Steered, qtbot: QtBot, turns: int) -> None:
    """Begin a measurement and let it take some turns."""
    press(panel, qtbot)
    steered.take(turns)
    wait_until(qtbot, lambda: panel.progress.value() == turns)


def test_before_a_measurement_there_is_nothing_to_choose(panel: ActivationCostsPanel) -> None:
    assert panel.measure.text() == "&Measure"
    assert not panel.elements.isEnabled()
    assert not panel.logarithmic.isEnabled()
    assert not panel.progress.isVisible()
    assert not panel.message.isVisible()
    assert "on the CPU" in panel.measure.toolTip()
    assert panel.plot.readout().notice.startswith("Not measured yet: press Measure")


def test_the_real_measurement_draws_every_activation(
    panel: ActivationCostsPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation_cost, "TURN_NS", 2_000)
    monkeypatch.setattr(activation_cost, "default_sizes", lambda _: (1, 64, 128))
    press(panel, qtbot)
    wait_until(qtbot, lambda: not panel.measuring)
    assert panel.plot.costs is not None
    assert panel.plot.costs.rounds == 21
    assert set(panel.plot.costs.at(panel.plot.size_shown)) == set(choices("activation"))
    offered = [panel.elements.itemData(index) for index in range(panel.elements.count())]
    assert offered == [1, 64, 128]
    assert not panel.message.isVisible()
    assert (panel.measure.text(), panel.measure.isEnabled()) == ("&Measure", True)


def test_the_button_stops_while_the_progress_goes_on(
    panel: ActivationCostsPanel, steered: Steered, qtbot: QtBot
) -> None:
    begun(panel, steered, qtbot, 3)
    assert (panel.measure.text(), panel.measure.isEnabled()) == ("&Stop", True)
    assert panel.progress.isVisible()
    assert panel.progress.maximum() == 30
    assert panel.plot.readout().notice == "The first round of all activations is under way."
    steered.take(27)
    wait_until(qtbot, lambda: not panel.measuring)
    assert not panel.progress.isVisible()
    assert panel.plot.costs is not None
    assert panel.plot.costs.rounds == 3


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        (4, "Stopped before the first round was whole."),
        (14, "Stopped after 1 whole round."),
        (25, "Stopped after 2 whole rounds."),
    ],
)
def test_a_stop_keeps_whole_rounds_and_says_how_many(
    panel: ActivationCostsPanel, steered: Steered, qtbot: QtBot, turns: int, words: str
) -> None:
    begun(panel, steered, qtbot, turns)
    press(panel, qtbot)
    assert not panel.measure.isEnabled()
    steered.take(1)
    wait_until(qtbot, lambda: not panel.measuring)
    assert panel.message.isVisible()
    assert panel.message.text() == words
    assert (panel.plot.costs.rounds if panel.plot.costs else 0) == turns // 10
    # and once more
    begun(panel, steered, qtbot, 30)
    wait_until(qtbot, lambda: not panel.measuring)
    assert not panel.message.isVisible()


def test_what_was_measured_before_stays_until_a_new_round_is_whole(
    panel: ActivationCostsPanel, steered: Steered, qtbot: QtBot
) -> None:
    begun(panel, steered, qtbot, 30)
    wait_until(qtbot, lambda: not panel.measuring)
    begun(panel, steered, qtbot, 4)
    assert panel.plot.costs is not None
    assert panel.plot.costs.rounds == 3
    steered.take(26)
    wait_until(qtbot, lambda: not panel.measuring)


def test_the_chosen_size_is_drawn_and_outlives_another_measurement(
    panel: ActivationCostsPanel, steered: Steered, qtbot: QtBot
) -> None:
    begun(panel, steered, qtbot, 10)
    assert panel.elements.currentText() == "1,000 elements"
    qtbot.keyClick(panel.elements, Qt.Key.Key_Down)
    assert panel.plot.size_shown == 1_000_000
    steered.take(20)
    wait_until(qtbot, lambda: not panel.measuring)
    begun(panel, steered, qtbot, 30)
    wait_until(qtbot, lambda: not panel.measuring)
    assert (panel.plot.size_shown, panel.elements.currentText()) == (1_000_000, "1,000,000 elements")


def forward_end(panel: ActivationCostsPanel) -> float:
    """Where the forward bar of the dearest activation ends, from where it begins."""
    bar = panel.plot.readout()["forward"]
    assert bar.x0 is not None
    return float((bar.x - bar.x0)[-1])


def test_equal_ratios_are_equally_long_on_a_logarithmic_axis(
    panel: ActivationCostsPanel, steered: Steered, qtbot: QtBot
) -> None:
    begun(panel, steered, qtbot, 30)
    wait_until(qtbot, lambda: not panel.measuring)
    panel.logarithmic.click()
    # log10 of 3
    assert forward_end(panel) == pytest.approx(0.4771, abs=1e-4)
    panel.logarithmic.click()
    assert forward_end(panel) == 3.0


def test_no_measurement_beside_a_training(panel: ActivationCostsPanel, steered: Steered, qtbot: QtBot) -> None:
    panel.show_training(True)
    assert not panel.measure.isEnabled()
    assert panel.measure.toolTip().startswith("Not while a network trains")
    panel.show_training(False)
    begun(panel, steered, qtbot, 12)
    panel.show_training(True)
    steered.take(1)
    wait_until(qtbot, lambda: not panel.measuring)
    assert panel.message.text() == "Stopped because training began after 1 whole round."
    assert not panel.measure.isEnabled()
    panel.show_training(False)
    assert panel.measure.isEnabled()


def test_the_device_and_the_slope_of_the_experiment_are_measured(
    panel: ActivationCostsPanel, steered: Steered, qtbot: QtBot
) -> None:
    panel.show_experiment(TINY.changed(device="auto", activation="leaky_relu", leaky_slope=0.25))
    begun(panel, steered, qtbot, 30)
    wait_until(qtbot, lambda: not panel.measuring)
    assert steered.asked == [("auto", 0.25)]
    assert not panel.message.isVisible()
    panel.show_experiment(TINY.changed(device="cuda:1"))
    assert panel.message.text() == "Measured on cpu; the experiment is set to cuda:1."
    assert "on cuda:1" in panel.measure.toolTip()


def test_a_device_that_is_not_there_is_said_on_the_panel(panel: ActivationCostsPanel, qtbot: QtBot) -> None:
    told: list[Failure] = []
    panel.failed.connect(told.append)
    panel.show_experiment(TINY.changed(device="cuda:99"))
    press(panel, qtbot)
    wait_until(qtbot, lambda: not panel.measuring)
    assert re.match(r"cuda:99 is not there: this machine has .*; choose auto or cpu$", panel.message.text())
    assert panel.message.isVisible()
    assert told == []


def test_a_defect_is_passed_on_with_its_traceback(
    panel: ActivationCostsPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Generator[CostProgress]:
        yield CostProgress(0, 10, None)
        raise IndexError("off by one")

    monkeypatch.setattr(activation_cost, "measure_costs", broken)
    with qtbot.waitSignal(panel.failed, timeout=WAIT_MS) as failed:
        press(panel, qtbot)
    assert "in broken" in failed.args[0].details
    wait_until(qtbot, lambda: not panel.measuring)
    assert "off by one" in panel.message.text()


def test_closing_waits_for_the_turn_under_way_and_says_if_it_takes_too_long(
    panel: ActivationCostsPanel, steered: Steered, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert panel.stop()
    begun(panel, steered, qtbot, 2)
    with monkeypatch.context() as patch:
        patch.setattr(activation_costs_panel, "LONGEST_TURN_MS", 1)
        assert not panel.stop()
    assert panel.measuring
    steered.take(1)
    assert panel.stop()
    assert not panel.measuring
    assert panel.measure.text() == "&Measure"
