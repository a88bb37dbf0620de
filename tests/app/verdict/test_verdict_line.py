"""The verdict at the foot of the window."""

from __future__ import annotations

from driving import WAIT_MS, verdict_of, wait_until
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.panels.activation_panel import ActivationPanel
from gradviz.app.panels.distribution_panel import DistributionPanel
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.verdict.verdict_line import VerdictLine
from gradviz.diagnosis import Remedy, diagnose, words
from gradviz.experiment import Experiment

LONG = "Vanishing gradient: falls by 0.62 decades per layer, layers 30 to 1 · Not updating: layers 1 to 25"


def test_a_long_verdict_is_cut_and_kept_whole_in_the_tooltip(qtbot: QtBot) -> None:
    line = VerdictLine()
    qtbot.addWidget(line)
    line.resize(200, 30)
    line.show()
    line.say(LONG)
    assert line.text().endswith("…")
    assert line.fontMetrics().horizontalAdvance(line.text()) <= 200
    assert LONG in line.toolTip()
    assert line.words == LONG
    line.resize(2000, 30)
    assert line.text() == LONG
    assert line.sizeHint().width() == 0


def test_it_says_what_the_diagnosis_says_and_a_click_opens_the_panel(window: MainWindow, qtbot: QtBot) -> None:
    window.session.start()
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
    history = window.session.run.history
    assert history is not None
    assert window.verdict_line.words == words.verdict(diagnose(history), words.Names.of(history.started))
    window.docks["verdict"].hide()
    qtbot.mouseClick(window.verdict_line, Qt.MouseButton.LeftButton)
    assert window.docks["verdict"].isVisible()


def test_a_remedy_goes_to_the_form_and_can_be_taken_back(window: MainWindow) -> None:
    before = window.form.experiment().changed(title="a preset", notes="with notes")
    window.session.set(before)
    verdict_of(window.board).suggested.emit(Remedy("shortcut", (("shortcut", "scaled"), ("shortcut_scale", 0.0))))
    assert window.form.experiment() == before.changed(shortcut="scaled", title="", notes="")
    window.session.edits.undo()
    assert window.form.experiment() == before


def test_jumps_show_the_layer_and_the_quantity(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(Experiment(depth=9, width=4, steps=3, batch_size=16, device="cpu"))
    window.session.start()
    with qtbot.waitSignal(window.session.run.began, timeout=WAIT_MS):
        pass
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
    verdict_of(window.board).layer_wanted.emit(7)
    verdict_of(window.board).quantity_wanted.emit("update_ratio")
    assert window.board.panel(DistributionPanel).layer.value() == window.board.panel(ActivationPanel).layer.value() == 7
    assert window.board.panel(HeatmapPanel).quantity.currentData() == "update_ratio"
