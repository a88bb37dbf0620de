"""How the plots and panels follow the session, and how what is clicked in them gets there."""

from __future__ import annotations

from functools import partial

from gradviz.app.board import Board
from gradviz.app.docks import Docks
from gradviz.app.panels.side_panels import SidePanels
from gradviz.app.session.phase import Phase
from gradviz.app.session.session import Session
from gradviz.app.session.shown import Shown
from gradviz.diagnosis import Remedy, words
from gradviz.experiment import Experiment


def connect_board(session: Session, board: Board) -> None:
    """Let the board show what the session shows, and pick steps for it."""

    def live(phase: Phase) -> None:
        board.live(phase.busy)

    def ask_theory(shown: Shown) -> None:
        if shown.history is not None:
            session.theory.ask(shown.history.started)

    session.display.changed.connect(board.show)
    session.display.changed.connect(ask_theory)
    session.display.step_picked.connect(board.show_step)
    session.run.phase_changed.connect(live)
    session.theory.found.connect(board.show_theory)
    board.step_wanted.connect(session.display.pick_step)


def connect_panels(session: Session, board: Board, panels: SidePanels, docks: Docks) -> None:
    """Let the panels follow the session, and their findings lead to board and form."""

    def show(shown: Shown) -> None:
        panels.show_history(shown.history)

    def follow_form(experiment: Experiment) -> None:
        # beside a run, or its preview, the panels are about what is shown
        if session.shown.kind == "nothing" and not session.run.phase.busy:
            panels.show_experiment(experiment)

    def show_training(phase: Phase) -> None:
        panels.show_training(phase.busy)

    def look_at(row: int) -> None:
        docks.bring("distributions")
        session.said.emit(f"Layer {row} is shown under Distributions and Activation")

    session.display.changed.connect(show)
    session.display.step_picked.connect(panels.show_step)
    session.display.row_picked.connect(panels.show_layer)
    session.experiment_changed.connect(follow_form)
    session.run.phase_changed.connect(show_training)
    panels.hovered.connect(board.heatmap.say)
    panels.closer_look_wanted.connect(session.run.look_closer)
    panels.verdict.suggested.connect(partial(_try_remedy, session))
    panels.verdict.quantity_wanted.connect(board.heatmap.choose)
    panels.verdict.layer_wanted.connect(session.display.pick_row)
    panels.verdict.layer_wanted.connect(look_at)
    board.text_due.connect(panels.refresh)


def _try_remedy(session: Session, remedy: Remedy) -> None:
    def change() -> None:
        # a changed recipe is no longer the preset it came from
        session.set(remedy.apply(session.experiment).changed(title="", notes=""))
        session.said.emit(f"{words.remedy(remedy)} Press Start to see; Ctrl+Z undoes it")

    session.attempt(change)
