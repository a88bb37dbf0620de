"""The learning rate of the run under way: changed in the window, taken over by training, marked in the curves."""

from __future__ import annotations

from driving import ENDLESS, trigger, wait_for, wait_until
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.panels.curves_panel import CurvesPanel
from gradviz.app.session.phase import Phase


def test_a_rate_changed_in_the_window_holds_from_the_next_step_on_and_is_marked(
    qtbot: QtBot, window: MainWindow
) -> None:
    box, run = window.transport.rate, window.session.run
    assert box.isHidden()
    run.change_rate(0.5)
    window.session.set(ENDLESS.changed(learning_rate=0.02))
    trigger(window, "start")
    wait_for(qtbot, window, Phase.RUNNING)
    wait_until(qtbot, lambda: not box.isHidden())
    assert box.box.number() == 0.02
    box.box.setValue(0.004)
    wait_until(qtbot, lambda: run.history is not None and run.history.learning_rates()[1][-1] == 0.004)
    assert run.full_rate == 0.004
    assert run.history is not None
    (change,) = run.history.observations
    assert (change.number("before"), change.number("after")) == (0.02, 0.004)
    rates = run.history.learning_rates()[1]
    assert set(rates[: change.step]) == {0.02}
    assert set(rates[change.step :]) == {0.004}
    # the form is about the next run
    assert window.session.experiment.training.learning_rate == 0.02
    trigger(window, "stop")
    wait_until(qtbot, lambda: not run.phase.busy)
    assert box.isHidden()
    plot = window.board.panel(CurvesPanel).plot
    plot.refresh()
    assert plot.readout().lines["rate changed"] == (float(change.step),)
    assert plot.number == "learning_rate"


def test_a_run_without_a_change_has_no_mark(qtbot: QtBot, window: MainWindow) -> None:
    window.session.set(ENDLESS.changed(steps=3))
    trigger(window, "start")
    wait_for(qtbot, window, Phase.FINISHED)
    assert "rate changed" not in window.board.panel(CurvesPanel).plot.readout().lines
    assert window.session.run.full_rate is None
