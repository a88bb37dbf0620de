"""Which numbers of which layer the histogram shows, and when it pulls new ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from driving import TINY, made_up, wait_until
from made_up_distributions import distributions
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.panels.distribution_panel import DistributionPanel
from gradviz.app.panels.panel import PanelContext
from gradviz.plots.histogram import NONE_YET
from gradviz.plots.parts.notice import NO_RUN
from gradviz.plots.parts.style import DARK, LIGHT
from gradviz.recording.frame import KINDS
from gradviz.recording.history import History

LAYERS = 4
# of each layer another count in its first bin
WEIGHTS = [((-1.0, 0.0, 1.0), (10 + layer, 10)) for layer in range(1, LAYERS + 1)]


def run_of(*steps: int, layers: int = LAYERS) -> History:
    history = made_up([[-1.0] * layers], TINY.changed(depth=layers))
    for step in steps:
        history.append(distributions(step, layers, weights=WEIGHTS[:layers]))
    return history


@pytest.fixture
def panel(qtbot: QtBot, context: PanelContext) -> Iterator[DistributionPanel]:
    panel = DistributionPanel(context)
    qtbot.addWidget(panel)
    panel.apply_style(LIGHT)
    panel.resize(460, 420)
    panel.show()
    yield panel
    panel.plot.close()


def choose(panel: DistributionPanel, kind: str) -> None:
    panel.kind.setCurrentIndex(panel.kind.findData(kind))


def first_bin(panel: DistributionPanel) -> int:
    assert panel.plot.now is not None
    return int(panel.plot.now.counts[0])


def test_all_kinds_are_offered_with_what_they_mean(panel: DistributionPanel) -> None:
    count = range(panel.kind.count())
    assert [panel.kind.itemData(number) for number in count] == [kind.name for kind in KINDS]
    assert {panel.kind.itemData(number) for number in count} == {
        "activations",
        "pre_activations",
        "gradients",
        "weights",
    }
    tips = [panel.kind.itemData(number, Qt.ItemDataRole.ToolTipRole) for number in count]
    assert tips == [kind.description for kind in KINDS]
    assert panel.kind.currentData() == "gradients"


def test_the_chosen_numbers_of_the_chosen_layer_are_drawn(panel: DistributionPanel, qtbot: QtBot) -> None:
    panel.show_history(run_of(0, 40))
    assert panel.plot.readout().title == "Gradients of layer 1 at step 40"
    choose(panel, "weights")
    qtbot.keyClick(panel.layer, Qt.Key.Key_Up)
    qtbot.keyClick(panel.layer, Qt.Key.Key_Up)
    assert panel.plot.readout().title == "Weights of layer 3 at step 40"
    assert first_bin(panel) == 13


def test_a_layer_picked_elsewhere_is_followed_and_one_picked_here_announced(
    panel: DistributionPanel, context: PanelContext, qtbot: QtBot
) -> None:
    picked: list[int] = []
    context.row_picked.connect(picked.append)
    panel.show_history(run_of(0))
    choose(panel, "weights")
    panel.show_row(4)
    assert (panel.layer.value(), first_bin(panel), picked) == (4, 14, [])
    qtbot.keyClick(panel.layer, Qt.Key.Key_Down)
    assert (first_bin(panel), picked) == (13, [3])


def test_a_layer_that_a_network_does_not_have_is_its_last_and_comes_back_with_a_deeper_one(
    panel: DistributionPanel,
) -> None:
    choose(panel, "weights")
    panel.show_history(run_of(0))
    panel.show_row(3)
    panel.show_history(run_of(0, layers=2))
    assert (panel.layer.text(), first_bin(panel)) == ("2 of 2", 12)
    panel.show_row(9)
    assert (panel.layer.text(), first_bin(panel)) == ("2 of 2", 12)
    panel.show_row(3)
    panel.show_history(run_of(0))
    assert (panel.layer.text(), first_bin(panel)) == ("3 of 4", 13)


def test_refreshing_pulls_what_is_new_and_draws_nothing_twice(
    panel: DistributionPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = run_of(0)
    panel.show_history(history)
    drawn: list[int] = []
    real = panel.plot.show_distributions

    def counted(now: Any, *others: Any, **more: Any) -> None:
        drawn.append(now.step)
        real(now, *others, **more)

    monkeypatch.setattr(panel.plot, "show_distributions", counted)
    panel.refresh()
    assert drawn == []
    history.append(distributions(10, LAYERS))
    panel.refresh()
    panel.refresh()
    assert drawn == [10]
    assert panel.plot.readout().words == ("step 10", "step 0, as it began")


def test_nothing_to_show_is_said_in_the_words_of_the_case(panel: DistributionPanel) -> None:
    assert panel.plot.readout().notice == NO_RUN
    panel.show_history(run_of())
    assert panel.plot.readout().notice == NONE_YET
    panel.show_history(run_of(0))
    assert panel.plot.readout().notice == ""
    panel.show_history(None)
    assert panel.plot.readout().notice == NO_RUN
    assert panel.plot.readout().title == ""


def test_the_layers_of_the_form_are_offered_until_something_is_measured(panel: DistributionPanel) -> None:
    panel.show_experiment(TINY.changed(depth=77))
    assert panel.layer.maximum() == 77
    panel.show_history(run_of(0))
    panel.show_experiment(TINY.changed(depth=77))
    assert panel.layer.maximum() == LAYERS


def test_densities_over_powers_of_ten(panel: DistributionPanel, qtbot: QtBot) -> None:
    choose(panel, "weights")
    panel.show_history(run_of(0))
    qtbot.keyClick(panel.logarithmic, Qt.Key.Key_Space)
    # 11 and 10 numbers in bins of one width
    assert np.allclose(panel.plot.readout()["now"].y, [0.0, np.log10(10 / 11)])
    qtbot.keyClick(panel.logarithmic, Qt.Key.Key_Space)
    assert np.allclose(panel.plot.readout()["now"].y, [1.0, 10 / 11])


def test_the_whole_range_comes_back_by_a_button(panel: DistributionPanel, qtbot: QtBot) -> None:
    choose(panel, "weights")
    panel.show_history(run_of(0))
    view = panel.plot.view
    everything = view.viewRange()[0]
    view.setXRange(0.2, 0.4, padding=0)
    view.sigRangeChangedManually.emit((True, False))
    qtbot.keyClick(panel.fit, Qt.Key.Key_Space)
    assert view.viewRange()[0] == everything == [-1.0, 1.0]


def test_plot_and_button_take_the_style(panel: DistributionPanel) -> None:
    for style in (LIGHT, DARK):
        panel.apply_style(style)
        assert panel.plot.grab().toImage().pixelColor(2, 2).name() == style.background
        icon = panel.fit.icon().pixmap(20, 20).toImage()
        pixels = [icon.pixelColor(x, y) for x in range(20) for y in range(20)]
        assert {pixel.name() for pixel in pixels if pixel.alpha() > 250} == {style.foreground}


def test_whatever_can_be_operated_has_a_name_a_tip_and_a_place_in_the_order_of_tab(panel: DistributionPanel) -> None:
    controls: list[Any] = [
        each for kind in (QAbstractButton, QAbstractSpinBox, QComboBox) for each in panel.findChildren(kind)
    ]
    assert len(controls) == 4
    for control in controls:
        assert control.accessibleName() or control.text(), control
        assert control.toolTip(), control
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control
    (plot,) = panel.plots().values()
    assert plot is panel.plot
    assert plot.toolTip()
    assert plot.accessibleName()


def test_what_is_under_the_mouse_is_passed_on_and_nothing_runs(panel: DistributionPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.plot.hovered) as heard:
        panel.plot.hovered.emit("a bin")
    assert heard.args == ["a bin"]
    assert panel.stop()


@pytest.mark.slow
def test_while_it_is_looked_at_the_newest_numbers_are_shown(window: MainWindow, qtbot: QtBot) -> None:
    """With a schedule that would never come, they move all the same once the panel is in front, and only then."""
    window.session.set(TINY.changed(steps=0, probe_every=10_000))
    window.session.start()
    wait_until(qtbot, lambda: window.session.run.history is not None and window.session.run.history.frames > 50)
    history = window.session.run.history
    assert history is not None
    assert history.latest_distributions.step == 0
    window.docks["distributions"].raise_()
    wait_until(qtbot, lambda: history.latest_distributions.step > 50)
    window.session.run.stop()
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
