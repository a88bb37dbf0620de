"""Which commands apply in which state of the session, as data."""

from __future__ import annotations

from operator import attrgetter

import pytest
from driving import TINY

from gradviz.app.commands import COMMANDS, enabled, texts
from gradviz.app.session.phase import Phase
from gradviz.app.session.session import Session
from gradviz.app.session.state import SessionState
from gradviz.resources import resource_path

# apply whatever happens
ALWAYS = {
    "open", "open_data", "save", "export", "export_animation", "copy_board", "quit", "defaults", "copy_code",
    "paste_code",
    "compare", "log_loss", "fit", "latest", "first_bottom", "first_top", "theme_system", "theme_light", "theme_dark",
    "runs", "layout", "guide", "shortcuts", "glossary", "news", "about",
}  # fmt: skip
# apply as soon as the plots are there
READY = {"open_run", "follow", "open_model", "race", "lessons"}
STEERED = {"start", "pause", "step", "stop"}


@pytest.mark.parametrize(
    ("state", "possible"),
    [
        (SessionState(), {"start", "step"}),
        (SessionState(Phase.STARTING), STEERED),
        (SessionState(Phase.RUNNING), STEERED),
        (SessionState(Phase.PAUSED), STEERED),
        (SessionState(Phase.STOPPING), set()),
        (SessionState(Phase.STOPPING, "run", has_run=True, has_previous=True), {"play", "report"}),
        (SessionState(Phase.WAITING), {"start", "stop"}),
        (SessionState(Phase.FOLLOWING, "run", has_run=True), {"start", "stop", "reset", "play", "report"}),
        (SessionState(Phase.RUNNING, "run", has_run=True, has_previous=True), {*STEERED, "reset", "play", "report"}),
        (SessionState(Phase.FINISHED, "run", has_run=True), {"start", "step", "reset", "play", "report", "preview"}),
        (SessionState(Phase.STOPPED, "run", has_run=True), {"start", "step", "reset", "play", "report", "preview"}),
        (SessionState(Phase.DIVERGED, "run", has_run=True), {"start", "step", "reset", "play", "report", "preview"}),
        (SessionState(Phase.FAILED), {"start", "step", "reset"}),
        (SessionState(Phase.LEFT, "run", has_run=True), {"start", "step", "reset", "play", "report", "preview"}),
        (SessionState(Phase.FINISHED, "preview", has_run=True), {"start", "step", "reset", "preview"}),
        (SessionState(shown="preview"), {"start", "step"}),
        (SessionState(shown="preview", has_previous=True), {"start", "step", "swap"}),
        (SessionState(shown="preview", shown_has_recipe=True), {"start", "step"}),
        (
            SessionState(Phase.FINISHED, "run", shown_has_recipe=True, shown_has_file=True, has_run=True),
            {"start", "step", "reset", "play", "report", "preview", "adopt", "save_run"},
        ),
        (
            SessionState(Phase.RUNNING, "run", shown_has_recipe=True, shown_has_file=True, has_run=True),
            {*STEERED, "reset", "play", "report", "adopt", "save_run"},
        ),
        (SessionState(can_undo=True), {"start", "step", "undo"}),
        (SessionState(can_redo=True), {"start", "step", "redo"}),
    ],
    ids=lambda value: f"{value.phase.name}-{value.shown}" if isinstance(value, SessionState) else "",
)
def test_a_command_applies_exactly_where_it_means_something(state: SessionState, possible: set[str]) -> None:
    assert enabled(state) == ALWAYS | READY | possible


def test_without_plots_no_run_can_be_shown() -> None:
    assert enabled(SessionState(ready=False)) == ALWAYS | {"start", "step"}


@pytest.mark.parametrize(
    ("state", "name", "text"),
    [
        (SessionState(), "start", "&Start"),
        (SessionState(Phase.RUNNING), "start", "Re&start"),
        (SessionState(Phase.FOLLOWING), "start", "&Start"),
        (SessionState(Phase.RUNNING), "pause", "&Pause"),
        (SessionState(Phase.PAUSED), "pause", "Resu&me"),
        (SessionState(Phase.RUNNING), "stop", "S&top"),
        (SessionState(Phase.WAITING), "stop", "S&top following"),
        (SessionState(), "undo", "&Undo"),
        (SessionState(undo_text="Depth 3 → 4"), "undo", "&Undo Depth 3 → 4"),
        (SessionState(redo_text="Depth 3 → 4"), "redo", "&Redo Depth 3 → 4"),
        (SessionState(shown="run", has_run=True), "preview", "Pre&view the form"),
        (SessionState(shown="preview", has_run=True), "preview", "Back to the r&un"),
    ],
)
def test_a_command_is_called_what_it_does_now(state: SessionState, name: str, text: str) -> None:
    assert texts(state)[name] == text


def test_every_verb_is_one_of_the_session_and_every_icon_is_there(qapp: object) -> None:
    session = Session(TINY)
    for command in COMMANDS:
        assert not command.verb or callable(attrgetter(command.verb)(session))
        assert not command.icon or resource_path(f"icons/{command.icon}.svg").exists()
