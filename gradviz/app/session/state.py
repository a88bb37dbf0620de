"""The state of a session as plain data, from which follows what can be done now."""

from __future__ import annotations

from dataclasses import dataclass

from gradviz.app.session.phase import Phase
from gradviz.app.session.shown import Kind


@dataclass(frozen=True, slots=True)
class SessionState:
    """What a command needs to know.

    `has_run` and `has_previous`: there is a current run, and one before it. `shown_has_recipe` and `shown_has_file`:
    what is shown comes from an experiment, and is kept in a file. `form_differs`: what is set up is not the experiment
    that is shown. `ready`: there are plots to show something on.
    """

    phase: Phase = Phase.IDLE
    shown: Kind = "nothing"
    shown_has_recipe: bool = False
    shown_has_file: bool = False
    form_differs: bool = False
    has_run: bool = False
    has_previous: bool = False
    can_undo: bool = False
    can_redo: bool = False
    undo_text: str = ""
    redo_text: str = ""
    ready: bool = True
