"""The activation of the network that is shown: which curves, which inputs behind them, and how it is laid out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from driving import TINY, WAIT_MS, made_up, wait_until
from made_up_distributions import distributions
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QProgressBar, QTabBar
from pytestqt.qtbot import QtBot

from gradviz.app.panels.activation_panel import ActivationPanel
from gradviz.app.panels.panel import PanelContext
from gradviz.app.threads.preview_thread import PreviewThread
from gradviz.experiment import Experiment
from gradviz.plots.parts.style import DARK, LIGHT
from gradviz.recording.activations import ActivationCurve
from gradviz.recording.history import History

SIGMOID = TINY.changed(activation="sigmoid", depth=2)
X = np.arange(-3000, 3001) / 100
# |phi'| of a sigmoid is below a hundredth of its supremum where |x| > 5.98
MIDDLE, TAIL = ((-1.0, 0.0, 1.0), (4, 4)), ((0.0, 1.0, 8.0, 9.0), (10, 0, 30))


def curve(experiment: Experiment) -> ActivationCurve:
    """A sigmoid under the name of the experiment's activation; which one it is does not matter to the panel."""
    s = 1 / (1 + np.exp(-X))
    return ActivationCurve(experiment.network.activation, X, s, s * (1 - s), 0.25, (0.0, 0.0), True, "at x = 0")


def run_of(experiment: Experiment, *steps: int, not_finite: int = 0) -> History:
    """A run of two layers, the first of which keeps to the middle; of the second three quarters lie in the tail."""
    history = made_up([[-1.0, -2.0]], experiment)
    first = ((-1.0, 0.0, 0.5, 1.0), (4, 2, 2))
    for step in steps:
        history.append(distributions(step, 2, pre_activations=[first, TAIL], not_finite=not_finite))
    return history


@pytest.fixture
def panel(qtbot: QtBot, context: PanelContext) -> Iterator[ActivationPanel]:
    panel = ActivationPanel(context)
    qtbot.addWidget(panel)
    panel.apply_style(LIGHT)
    panel.resize(700, 800)
    panel.show()
    yield panel
    assert panel.stop()


@pytest.fixture
def wanted(context: PanelContext, monkeypatch: pytest.MonkeyPatch) -> list[Experiment]:
    wanted: list[Experiment] = []
    monkeypatch.setattr(context.preview, "request_curve", wanted.append)
    return wanted


@pytest.fixture
def answered(panel: ActivationPanel, context: PanelContext, monkeypatch: pytest.MonkeyPatch) -> ActivationPanel:
    """With curves that come at once."""

    def answer(experiment: Experiment) -> None:
        context.preview.curve_found.emit(experiment, curve(experiment))

    monkeypatch.setattr(context.preview, "request_curve", answer)
    return panel


def inputs(panel: ActivationPanel) -> str:
    return panel.plot.readout().labels.get("inputs", "")


def test_a_curve_is_asked_for_once_per_function(panel: ActivationPanel, wanted: list[Experiment]) -> None:
    leaky = TINY.changed(activation="leaky_relu")
    for experiment in (SIGMOID, SIGMOID.changed(depth=9, leaky_slope=0.5), leaky, leaky.changed(leaky_slope=0.5)):
        panel.show_experiment(experiment)
        panel.show_history(made_up([[-1.0] * experiment.network.depth], experiment))
    asked = [(experiment.network.activation, experiment.network.leaky_slope) for experiment in wanted]
    assert asked == [("sigmoid", 0.01), ("leaky_relu", 0.01), ("leaky_relu", 0.5)]


def test_of_answers_only_the_one_to_the_last_question_is_drawn(
    panel: ActivationPanel, wanted: list[Experiment]
) -> None:
    tanh = TINY.changed(activation="tanh")
    panel.show_experiment(SIGMOID)
    panel.show_experiment(tanh)
    panel.show_curve(SIGMOID, curve(SIGMOID))
    assert panel.plot.curve is None
    panel.show_curve(tanh, curve(tanh))
    assert panel.plot.curve is not None
    assert panel.plot.curve.name == "tanh"
    # back at it, and forth again, without the answer between
    panel.show_experiment(SIGMOID)
    panel.show_experiment(tanh)
    panel.show_curve(SIGMOID, curve(SIGMOID))
    assert panel.plot.curve.name == "tanh"


def test_the_pre_activations_of_the_layer_are_drawn_and_judged(answered: ActivationPanel) -> None:
    answered.show_history(run_of(SIGMOID, 0, 7))
    assert inputs(answered).startswith("0% of the pre-activations of layer 1 at step 7 have |φ′| below 1%")
    answered.show_row(2)
    assert inputs(answered).startswith("75% of the pre-activations of layer 2 at step 7 have |φ′| below 1%")


def test_numbers_that_are_not_finite_are_not_passed_over_in_silence(answered: ActivationPanel) -> None:
    answered.show_history(run_of(SIGMOID, 0, not_finite=3))
    assert "of the finite pre-activations of layer 1 at step 0" in inputs(answered)


def test_refreshing_pulls_what_is_new_and_draws_nothing_twice(
    answered: ActivationPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = run_of(SIGMOID, 0)
    answered.show_history(history)
    drawn: list[str] = []
    real = answered.plot.show_distribution
    monkeypatch.setattr(answered.plot, "show_distribution", lambda *args: (drawn.append(args[2]), real(*args)))
    answered.refresh()
    assert drawn == []
    history.append(distributions(40, 2, pre_activations=[MIDDLE, MIDDLE]))
    answered.refresh()
    answered.refresh()
    assert drawn == ["pre-activations of layer 1 at step 40"]


def test_inputs_of_another_function_are_taken_away_until_its_own_are_measured(answered: ActivationPanel) -> None:
    answered.show_history(run_of(SIGMOID, 7))
    tanh = SIGMOID.changed(activation="tanh")
    answered.show_experiment(tanh)
    assert answered.plot.curve is not None
    assert answered.plot.curve.name == "tanh"
    assert inputs(answered) == "There are no measured pre-activations of layer 1 to show."
    answered.show_history(run_of(tanh, 0))
    assert "layer 1 at step 0" in inputs(answered)
    answered.show_experiment(SIGMOID)
    answered.show_experiment(tanh.changed(learning_rate=0.5))
    assert "layer 1 at step 0" in inputs(answered)


def test_inputs_wait_for_the_curve_they_belong_to(panel: ActivationPanel) -> None:
    """Between a question and its answer the old curve is shown, and never the new inputs behind it."""
    panel.show_experiment(SIGMOID)
    panel.show_curve(SIGMOID, curve(SIGMOID))
    tanh = SIGMOID.changed(activation="tanh")
    panel.show_history(run_of(tanh, 3))
    assert inputs(panel) == "There are no measured pre-activations of layer 1 to show."
    panel.show_curve(tanh, curve(tanh))
    assert "layer 1 at step 3" in inputs(panel)


@pytest.mark.parametrize("distributed", [True, False], ids=["with distributions", "without"])
def test_a_run_that_is_taken_away_takes_its_inputs_along(answered: ActivationPanel, distributed: bool) -> None:
    answered.show_history(run_of(SIGMOID, *([7] if distributed else [])))
    answered.show_history(None)
    assert inputs(answered) == "There are no measured pre-activations of layer 1 to show."
    assert answered.plot.curve is not None


def test_a_layer_chosen_here_is_announced_and_one_chosen_elsewhere_is_not(
    answered: ActivationPanel, context: PanelContext, qtbot: QtBot
) -> None:
    answered.show_history(run_of(SIGMOID, 0))
    picked: list[int] = []
    context.row_picked.connect(picked.append)
    answered.show_row(2)
    assert picked == []
    answered.show_row(1)
    qtbot.keyClick(answered.layer, Qt.Key.Key_Up)
    assert picked == [2]
    assert "layer 2" in inputs(answered)


def test_the_ordinary_range_comes_back_by_a_button(answered: ActivationPanel, qtbot: QtBot) -> None:
    answered.show_experiment(SIGMOID)
    view = answered.plot.views[0]
    ordinary = view.viewRange()[0]
    view.setXRange(1, 2, padding=0)
    view.sigRangeChangedManually.emit((True, False))
    qtbot.keyClick(answered.fit, Qt.Key.Key_Space)
    assert view.viewRange()[0] == ordinary


def test_a_low_panel_shows_one_plot_at_a_time_and_a_high_one_both(answered: ActivationPanel, qtbot: QtBot) -> None:
    curves, costs = answered.plot, answered.costs.plot
    assert (curves.isVisible(), costs.isVisible(), answered.tabs.isVisible()) == (True, True, False)
    answered.resize(460, 420)
    assert (curves.isVisible(), costs.isVisible(), answered.tabs.isVisible()) == (True, False, True)
    answered.tabs.setFocus()
    qtbot.keyClick(answered.tabs, Qt.Key.Key_Right)
    assert (curves.isVisible(), costs.isVisible()) == (False, True)
    answered.resize(460, 800)
    assert (curves.isVisible(), costs.isVisible()) == (True, True)


@pytest.mark.parametrize("size", [(460, 420), (700, 800)])
def test_both_plots_can_be_exported_whether_in_sight_or_not(
    qtbot: QtBot, context: PanelContext, size: tuple[int, int]
) -> None:
    panel = ActivationPanel(context)
    qtbot.addWidget(panel)
    panel.resize(*size)
    panel.show()
    plots = panel.plots()
    assert list(plots) == ["activation", "activation costs"]
    for plot in plots.values():
        assert plot.width() == size[0]
        assert plot.height() > 280


def test_both_plots_and_the_button_take_the_style(answered: ActivationPanel) -> None:
    corners: dict[str, list[Any]] = {}
    for style in (LIGHT, DARK):
        answered.apply_style(style)
        pictures = [plot.grab().toImage() for plot in answered.plots().values()]
        corners[style.name] = [picture.pixelColor(2, 2).name() for picture in pictures]
        assert corners[style.name] == [style.background] * 2
        icon = answered.fit.icon().pixmap(20, 20).toImage()
        opaque = {
            icon.pixelColor(x, y).name() for x in range(20) for y in range(20) if icon.pixelColor(x, y).alpha() > 250
        }
        assert opaque == {style.foreground}


def test_whatever_can_be_operated_has_a_name_a_tip_and_a_place_in_the_order_of_tab(panel: ActivationPanel) -> None:
    panel.resize(460, 420)
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QTabBar, QProgressBar)
    controls: list[Any] = [each for kind in kinds for each in panel.findChildren(kind)]
    # the arrows of the tab bar are Qt's own
    controls = [each for each in controls if not isinstance(each.parent(), QTabBar)]
    assert len(controls) == 7
    for control in controls:
        assert control.accessibleName() or control.text(), control
        assert control.toolTip() or isinstance(control, QTabBar), control
        if not isinstance(control, QProgressBar):
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control
    assert all(panel.tabs.tabToolTip(index) for index in range(2))
    for plot in panel.plots().values():
        assert plot.toolTip()
        assert plot.accessibleName()
    assert panel.plot.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_training_and_experiment_reach_the_costs(panel: ActivationPanel, context: PanelContext) -> None:
    panel.show_experiment(TINY.changed(device="cuda:3"))
    assert "on cuda:3" in panel.costs.measure.toolTip()
    panel.show_history(made_up([[-1.0]], TINY))
    assert "on the CPU" in panel.costs.measure.toolTip()
    context.training_changed.emit(True)
    assert not panel.costs.measure.isEnabled()


@pytest.fixture
def with_preview(panel: ActivationPanel, context: PanelContext) -> Iterator[PreviewThread]:
    """The thread that finds curves and profiles, connected as the window does it."""
    preview = context.preview
    preview.previewed.connect(panel.show_history)
    preview.start()
    yield preview
    preview.end()
    assert preview.wait(WAIT_MS)


@pytest.mark.slow
def test_a_change_of_the_form_shows_the_new_function_and_what_it_is_fed_without_a_run(
    panel: ActivationPanel, with_preview: PreviewThread, qtbot: QtBot
) -> None:
    for experiment in (TINY, TINY.changed(activation="relu", depth=3)):
        panel.show_experiment(experiment)
        with_preview.request(experiment)
        wait_until(qtbot, lambda: "pre-activations of layer 1 at step 0 have |φ′| below 1%" in inputs(panel))
        assert panel.plot.curve is not None
        assert panel.plot.curve.name == experiment.network.activation
        assert panel.layer.maximum() == experiment.network.depth
    assert np.array_equal(panel.plot.curve.phi, np.maximum(panel.plot.curve.x, 0))
