"""The heatmap's controls: quantity, limits of the colours, readout."""

from __future__ import annotations

import pytest
from driving import GRADIENT, SHARE, made_up, place_of, point
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication, QSizePolicy
from pytestqt.qtbot import QtBot

from gradviz.app.panels.heatmap_panel import KEYS, PROMPT, HeatmapPanel
from gradviz.app.panels.panel import PanelContext
from gradviz.app.panels.scale_chooser import BY_HAND, LimitBox
from gradviz.recording.frame import Frame

ROWS = [[-1.5, -2.5, -3.5], [-1.6, -2.6, -7.6], [-1.7, -2.7, -3.7]]


@pytest.fixture
def panel(qtbot: QtBot, context: PanelContext) -> HeatmapPanel:
    panel = HeatmapPanel(context)
    # the board connects the plots of all panels
    panel.plot.hovered.connect(context.hovered)
    qtbot.addWidget(panel)
    panel.resize(640, 480)
    panel.show()
    panel.show_history(made_up(ROWS))
    panel.scale.choose("these")
    panel.plot.grab()
    return panel


def write(box: LimitBox, text: str, qtbot: QtBot) -> None:
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def test_the_chooser_offers_what_the_run_measures(panel: HeatmapPanel) -> None:
    box = panel.quantity
    assert [box.itemData(index) for index in range(box.count())] == [GRADIENT.name, SHARE.name]
    assert [box.itemText(index) for index in range(box.count())] == [GRADIENT.label, SHARE.label]
    assert box.itemData(1, Qt.ItemDataRole.ToolTipRole) == SHARE.description


def test_a_chosen_quantity_is_announced_and_stays_for_the_next_run(
    panel: HeatmapPanel, context: PanelContext, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(context.quantity_shown) as chosen:
        panel.quantity.setCurrentIndex(1)
    assert chosen.args == [SHARE.name]
    panel.show_history(made_up(ROWS))
    assert panel.quantity.currentData() == SHARE.name
    assert panel.plot.quantity == SHARE


def test_what_stands_for_several_steps_is_chosen(panel: HeatmapPanel, qtbot: QtBot) -> None:
    panel.show_history(made_up([[-3.0, -2.0], [-5.0, -2.0]] * 2000))
    assert "maximum of" in panel.plot.readout().axes["bottom"]
    panel.summary.setFocus()
    qtbot.keyClick(panel.summary, Qt.Key.Key_Down)
    assert "geometric mean of" in panel.plot.readout().axes["bottom"]
    panel.choose(SHARE.name)
    assert "column: mean of" in panel.plot.readout().axes["bottom"]


def test_the_scale_is_the_same_for_all_runs_until_it_is_chosen_for_one(panel: HeatmapPanel) -> None:
    assert panel.plot.limits == (-8.0, -1.0)
    panel.scale.choose("all")
    seen = []
    for rows in (ROWS, [[-30.0, 5.0]], [[-1.0, -1.0]]):
        panel.show_history(made_up(rows))
        seen.append(panel.plot.limits)
    assert len(set(seen)) == 1


def test_the_ends_are_offered_only_where_they_are_set_by_hand(panel: HeatmapPanel) -> None:
    assert not panel.scale.low.isVisible()
    panel.scale.choose(BY_HAND)
    assert panel.scale.low.isVisible()
    assert (panel.scale.low.text(), panel.scale.high.text()) == ("10^-8", "10^-1")


def test_a_scale_for_one_run_follows_it(panel: HeatmapPanel) -> None:
    history = made_up([[-1.5, -2.5]])
    panel.show_history(history)
    assert panel.scale.low.text() == "10^-3"
    history.append(Frame(1, 1.0, 0.0, 0.1, {GRADIENT.name: history.row(GRADIENT.name, 0) * 4}))  # type: ignore[operator]
    panel.refresh()
    assert panel.scale.low.text() == "10^-10"


def test_limits_are_fixed_by_hand_and_set_free_again(panel: HeatmapPanel, qtbot: QtBot) -> None:
    panel.scale.choose(BY_HAND)
    assert panel.plot.limits == (-8.0, -1.0)
    write(panel.scale.low, "-20", qtbot)
    write(panel.scale.high, "2.5", qtbot)
    assert panel.plot.limits == (-20.0, 2.5)
    panel.show_history(made_up(ROWS))
    assert panel.plot.limits == (-20.0, 2.5)
    panel.scale.choose("these")
    assert panel.plot.limits == (-8.0, -1.0)
    assert panel.scale.low.text() == "10^-8"


@pytest.mark.parametrize(
    ("end", "typed", "limits"),
    [
        ("low", "-1", (-1.0, 0.0)),
        ("low", "5", (5.0, 6.0)),
        ("high", "-8", (-9.0, -8.0)),
        ("low", "9999", (9999, 10000)),
    ],
)
def test_the_other_end_gives_way_to_the_one_that_is_moved(
    panel: HeatmapPanel, qtbot: QtBot, end: str, typed: str, limits: tuple[float, float]
) -> None:
    panel.scale.choose(BY_HAND)
    write(getattr(panel.scale, end), typed, qtbot)
    assert panel.plot.limits == limits
    assert (panel.scale.low.value(), panel.scale.high.value()) == limits


def test_a_quantity_that_is_no_logarithm_has_plain_limits_of_its_own(panel: HeatmapPanel, qtbot: QtBot) -> None:
    panel.scale.choose(BY_HAND)
    write(panel.scale.low, "-30", qtbot)
    panel.quantity.setCurrentIndex(1)
    # limits set by hand for one quantity mean nothing for another
    assert not panel.scale.by_hand
    assert panel.plot.limits == (0.0, 0.5)
    panel.quantity.setCurrentIndex(0)
    assert panel.plot.limits == (-14.0, 2.0)


def test_the_readout_says_what_is_under_the_mouse_and_how_to_ask_where_nothing_is(panel: HeatmapPanel) -> None:
    assert panel.readout.text() == PROMPT
    point(panel.plot, place_of(panel.plot, panel.plot.panes[0].view, 1, 3))
    # 10 ** -7.6
    assert panel.readout.text() == "step 1 · layer 3 · 2.51e-08 |g| (gradient norm)"
    QApplication.sendEvent(panel.plot, QEvent(QEvent.Type.Leave))
    assert panel.readout.text() == PROMPT


def test_the_heatmap_says_which_keys_it_takes_while_it_has_the_focus(panel: HeatmapPanel) -> None:
    QApplication.sendEvent(panel.plot, QFocusEvent(QEvent.Type.FocusIn))
    assert panel.readout.text() == KEYS
    QApplication.sendEvent(panel.plot, QFocusEvent(QEvent.Type.FocusOut))
    assert panel.readout.text() == PROMPT


def test_a_run_that_is_taken_away_leaves_the_controls_usable(panel: HeatmapPanel) -> None:
    panel.show_history(None)
    panel.quantity.setCurrentIndex(1)
    panel.scale.choose(BY_HAND)
    panel.refresh()
    assert panel.plot.history is None


def test_a_long_readout_does_not_widen_the_window(panel: HeatmapPanel) -> None:
    panel.say("step 123456 · layer 2000 · " + "9" * 300)
    assert panel.readout.sizePolicy().horizontalPolicy() is QSizePolicy.Policy.Ignored
