"""How the plots and panels follow the session, and how what is clicked in them gets there."""

from __future__ import annotations

from functools import partial

from gradviz.app.board import Board
from gradviz.app.docks import Docks
from gradviz.app.panels.table import PANELS
from gradviz.app.session.phase import Phase
from gradviz.app.session.session import Session
from gradviz.app.session.shown import Shown
from gradviz.diagnosis import Remedy, words
from gradviz.experiment import Experiment
from gradviz.experiment.presets import PresetView


def connect(session: Session, board: Board, docks: Docks) -> None:
    """Let the board and its panels follow the session, and what is picked and found in them lead to it."""
    context = board.context

    def follow_phase(phase: Phase) -> None:
        board.live(phase.busy)
        context.training_changed.emit(phase.busy)

    def ask_theory(shown: Shown) -> None:
        if shown.history is not None:
            session.theory.ask(shown.history.started)

    def follow_form(experiment: Experiment) -> None:
        # beside a run, or its preview, the panels are about what is shown
        if session.shown.kind == "nothing" and not session.run.phase.busy:
            context.experiment_changed.emit(experiment)

    def look_at(row: int) -> None:
        first, *others = [entry for entry in PANELS if entry.of_row]
        docks.bring(first.name)
        session.said.emit(f"Layer {row} is shown under {' and '.join(each.title for each in (first, *others))}")

    session.display.changed.connect(board.show)
    session.display.changed.connect(ask_theory)
    session.display.step_picked.connect(board.show_step)
    session.display.row_picked.connect(board.show_row)
    session.run.phase_changed.connect(follow_phase)
    session.experiment_changed.connect(follow_form)
    session.theory.found.connect(context.theory_found)
    context.step_wanted.connect(session.display.pick_step)
    context.row_wanted.connect(session.display.pick_row)
    context.row_wanted.connect(look_at)
    context.closer_look_wanted.connect(session.run.look_closer)
    context.remedy_wanted.connect(partial(_try_remedy, session))


def show_view(board: Board, docks: Docks, view: PresetView) -> None:
    """Show what a preset talks about: a quantity, and the panel in which it is seen."""
    if view.quantity:
        board.context.quantity_wanted.emit(view.quantity)
    if view.panel:
        docks.bring(view.panel)


def _try_remedy(session: Session, remedy: Remedy) -> None:
    def change() -> None:
        # a changed recipe is no longer the preset it came from
        session.set(remedy.apply(session.experiment).changed(title="", notes=""))
        session.said.emit(f"{words.remedy(remedy)} Press Start to see; Ctrl+Z undoes it")

    session.attempt(change)
