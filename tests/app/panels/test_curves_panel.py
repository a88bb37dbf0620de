"""The curves beside the other panels: which of a script's further numbers is drawn is the person's choice."""

from __future__ import annotations

from driving import curves_of, made_up
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.panels.curves_panel import CurvesPanel
from gradviz.recording.frame import Frame
from gradviz.recording.history import History


def run_with(*names: str) -> History:
    history = made_up([[-1.0, -2.0]])
    rows = {quantity.name: history.row(quantity.name, 0) for quantity in history.quantities}
    known = {name: row for name, row in rows.items() if row is not None}
    history.append(Frame(1, 1.0, 0.5, 0.1, known, scalars=dict.fromkeys(names, 2.0)))
    return history


def test_there_is_a_choice_only_between_several(window: MainWindow, qtbot: QtBot) -> None:
    panel = window.board.panel(CurvesPanel)
    window.docks.bring("curves")
    for names in ((), ("a",), ("a", "b")):
        window.session.show(run_with(*names))
        assert panel.choice.isVisible() == (len(names) > 1)
        assert [panel.choice.itemData(place) for place in range(panel.choice.count())] == list(names)


def test_what_is_chosen_is_drawn_also_of_the_next_run(window: MainWindow, qtbot: QtBot) -> None:
    panel, plot = window.board.panel(CurvesPanel), curves_of(window.board)
    window.session.show(run_with("a", "b"))
    assert "a" in plot.readout()
    panel.choice.setCurrentIndex(1)
    assert "b" in plot.readout()
    window.session.show(run_with("c", "b"))
    assert "b" in plot.readout()
    assert panel.choice.currentData() == "b"


def test_the_box_says_what_is_drawn_whatever_comes_first(window: MainWindow) -> None:
    panel, plot = window.board.panel(CurvesPanel), curves_of(window.board)
    for names in (("a", "b"), ("c", "a")):
        window.session.show(run_with(*names))
        assert panel.choice.currentData() == names[0]
        assert names[0] in plot.readout()
