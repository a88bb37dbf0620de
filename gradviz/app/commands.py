"""Every command of the window, as data: what it is called, which keys it has, what it does and when it applies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradviz.app.session.phase import Phase
from gradviz.app.session.state import SessionState


def _always(_state: SessionState) -> bool:
    return True


def _never(_state: SessionState) -> bool:
    return False


def _ended(state: SessionState) -> bool:
    return not state.phase.busy


def _ready(state: SessionState) -> bool:
    return state.ready


def _can_start(state: SessionState) -> bool:
    return state.phase is not Phase.STOPPING


def _can_pause(state: SessionState) -> bool:
    return state.phase.steerable


def _can_step(state: SessionState) -> bool:
    return state.phase is not Phase.STOPPING and not state.phase.follows


def _can_stop(state: SessionState) -> bool:
    return state.phase.busy and state.phase is not Phase.STOPPING


def _can_reset(state: SessionState) -> bool:
    return (state.has_run or state.phase is Phase.FAILED) and state.phase is not Phase.STOPPING


def _can_swap(state: SessionState) -> bool:
    return _ended(state) and state.has_previous


def _can_preview(state: SessionState) -> bool:
    return _ended(state) and (state.shown == "run" or (state.shown == "preview" and state.has_run))


def _can_adopt(state: SessionState) -> bool:
    return state.shown == "run" and state.shown_has_recipe


def _run_shown(state: SessionState) -> bool:
    return state.shown == "run"


def _shown_in_file(state: SessionState) -> bool:
    return state.shown_has_file


def _can_undo(state: SessionState) -> bool:
    return state.can_undo


def _can_redo(state: SessionState) -> bool:
    return state.can_redo


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the person can do.

    `menu` is a path such as `View/Theme`; of one `choice` only one is ticked. `verb` names what the session does, as
    `part.method` or `method`; where it is empty, the window itself does it. The command can be given when `applies`,
    and takes over what is typed on the form first when `reads_form`.
    """

    name: str
    menu: str
    text: str
    tip: str
    shortcut: str = ""
    icon: str = ""
    verb: str = ""
    applies: Callable[[SessionState], bool] = _always
    reads_form: Callable[[SessionState], bool] = _never
    checkable: bool = False
    choice: str = ""
    separated: bool = False


COMMANDS: tuple[Command, ...] = (
    Command(
        "open",
        "&File",
        "&Open experiment…",
        "Read an experiment from its file, or from a picture or table that gradviz exported",
        "Ctrl+O",
    ),
    Command(
        "open_data",
        "&File",
        "Open &data…",
        "Look at a table, arrays or pictures of your own, and train on them; a file or folder may also be dropped "
        "anywhere on the window",
        "Ctrl+D",
    ),
    Command(
        "save",
        "&File",
        "&Save experiment…",
        "Write the experiment to a TOML or JSON file",
        "Ctrl+S",
        reads_form=_always,
    ),
    Command(
        "open_run",
        "&File",
        "Open &run…",
        "Show a recorded run from its file; the form stays as it is",
        "Ctrl+Shift+O",
        separated=True,
        applies=_ready,
    ),
    Command(
        "follow",
        "&File",
        "&Follow a run…",
        "Show the run that your script records while it trains; its file need not exist yet",
        "Ctrl+Shift+F",
        applies=_ready,
    ),
    Command(
        "open_model",
        "&File",
        "Open &model…",
        "Execute a Python file of your own that defines build_model(), and train its network as the form says",
        applies=_ready,
    ),
    Command(
        "save_run",
        "&File",
        "Save r&un as…",
        "Copy the run that is shown into a file of its own",
        "Ctrl+Shift+S",
        applies=_shown_in_file,
    ),
    Command(
        "export",
        "&File",
        "&Export…",
        "Save plots as PNG, SVG or PDF, or the data as CSV, NPZ or Parquet",
        "Ctrl+E",
        "export",
        separated=True,
    ),
    Command(
        "export_animation",
        "&File",
        "Export &animation…",
        "Save the playback of plots as an animated GIF or WebP",
        "Ctrl+Shift+E",
    ),
    Command(
        "report",
        "&File",
        "Repor&t…",
        "Write a page about the run that is shown and those it is compared with: verdict, pictures and numbers",
        "Ctrl+Shift+T",
        applies=_run_shown,
    ),
    Command(
        "copy_board",
        "&File",
        "Copy &picture",
        "Copy all plots as one picture to the clipboard",
        "Ctrl+Shift+P",
        "copy",
    ),
    Command("quit", "&File", "&Quit", "Stop training and close the window", "Ctrl+Q", separated=True),
    Command(
        "undo",
        "&Edit",
        "&Undo",
        "Undo the last change of the experiment",
        "Ctrl+Z",
        "undo",
        verb="edits.undo",
        applies=_can_undo,
    ),
    Command(
        "redo",
        "&Edit",
        "&Redo",
        "Redo the last change that was undone",
        "Ctrl+Shift+Z",
        "redo",
        verb="edits.redo",
        applies=_can_redo,
    ),
    Command(
        "defaults",
        "&Edit",
        "Reset form to &defaults",
        "Set every field to its default; can be undone",
        separated=True,
        verb="set_defaults",
    ),
    Command(
        "copy_code",
        "&Edit",
        "&Copy experiment code",
        "Copy a short text that carries the experiment and its seed",
        "Ctrl+Shift+C",
        separated=True,
        reads_form=_always,
    ),
    Command(
        "paste_code",
        "&Edit",
        "&Paste experiment code",
        "Set up the experiment whose code is on the clipboard",
        "Ctrl+Shift+V",
    ),
    Command(
        "start",
        "&Run",
        "&Start",
        "Train the experiment on the form from its initialisation",
        "Ctrl+R",
        "start",
        verb="start",
        applies=_can_start,
        reads_form=_always,
    ),
    Command(
        "pause",
        "&Run",
        "&Pause",
        "Pause the run after the current step, or resume it",
        "Ctrl+Space",
        "pause",
        verb="run.pause_or_resume",
        applies=_can_pause,
    ),
    Command(
        "step",
        "&Run",
        "S&ingle step",
        "Make exactly one training step, then pause",
        "Ctrl+.",
        "step",
        verb="single_step",
        applies=_can_step,
        reads_form=_ended,
    ),
    Command(
        "stop",
        "&Run",
        "S&top",
        "Stop the run; what was measured stays",
        "Ctrl+T",
        "stop",
        verb="run.stop",
        applies=_can_stop,
    ),
    Command(
        "reset",
        "&Run",
        "&Reset",
        "Go back to the network as initialised; the run stays for comparison",
        "Ctrl+Backspace",
        "reset",
        verb="reset",
        applies=_can_reset,
    ),
    Command(
        "swap",
        "&Run",
        "&Bring back the previous run",
        "Show the previous run again, and the current one for comparison",
        "Ctrl+B",
        separated=True,
        verb="swap",
        applies=_can_swap,
    ),
    Command(
        "adopt",
        "&Run",
        "Put its experiment on the &form",
        "Set up the experiment of the run that is shown; can be undone",
        verb="adopt",
        applies=_can_adopt,
    ),
    Command(
        "preview",
        "&Run",
        "Pre&view the form",
        "Show the network on the form before training, or go back to the run",
        "Ctrl+I",
        verb="display.toggle_preview",
        applies=_can_preview,
    ),
    Command(
        "race",
        "&Run",
        "R&ace…",
        "Train up to four variants of the experiment in lockstep, side by side",
        "Ctrl+Shift+R",
        separated=True,
        applies=_ready,
        reads_form=_always,
    ),
    Command(
        "compare",
        "&View",
        "&Compare with previous run",
        "Draw the previous run dashed behind the current one",
        "Ctrl+K",
        checkable=True,
    ),
    Command(
        "log_loss",
        "&View",
        "Lo&garithmic loss axis",
        "Draw the loss on a logarithmic axis",
        "Ctrl+L",
        checkable=True,
    ),
    Command("fit", "&View", "Show &all steps", "Zoom out and follow the run again", "Ctrl+0", "fit"),
    Command(
        "latest",
        "&View",
        "&Follow the latest step",
        "Let profile and cursor follow the run",
        "Escape",
        verb="display.follow_latest",
    ),
    Command(
        "play",
        "&View",
        "Play &back",
        "Play the run back from the picked step, or pause it",
        "Ctrl+P",
        applies=_run_shown,
    ),
    Command(
        "first_bottom",
        "&View/&Layer 1",
        "At the &bottom",
        "Draw the layer next to the input at the bottom",
        checkable=True,
        choice="first",
        separated=True,
    ),
    Command(
        "first_top",
        "&View/&Layer 1",
        "At the &top",
        "Draw the layer next to the input at the top",
        checkable=True,
        choice="first",
    ),
    Command(
        "theme_system",
        "&View/&Theme",
        "As the &system",
        "Light or dark, like the system",
        checkable=True,
        choice="theme",
    ),
    Command("theme_light", "&View/&Theme", "&Light", "Dark text on a light background", checkable=True, choice="theme"),
    Command("theme_dark", "&View/&Theme", "&Dark", "Light text on a dark background", checkable=True, choice="theme"),
    Command(
        "runs", "&View", "Recorded r&uns", "Bring the list of all runs to the front", "Ctrl+Shift+L", separated=True
    ),
    Command("layout", "&View", "&Restore panel layout", "Put every panel back in its original place", separated=True),
    Command(
        "lessons",
        "&Help",
        "&Lessons",
        "Learn from the beginning, in runs of your own, why deep networks stopped learning and what cured them",
        "F2",
        applies=_ready,
    ),
    Command("guide", "&Help", "&Guide", "How to train, read, compare, export and watch", "F1"),
    Command("glossary", "&Help", "Gl&ossary", "What the words on screen mean"),
    Command("shortcuts", "&Help", "&Keyboard", "Every command with its keys", "Ctrl+F1"),
    Command("news", "&Help", "What is &new", "What changed in this version and the ones before", separated=True),
    Command("about", "&Help", "&About gradviz", "Version, credits and licences", separated=True),
)


def enabled(state: SessionState) -> frozenset[str]:
    """Return the names of the commands that apply in this state."""
    return frozenset(command.name for command in COMMANDS if command.applies(state))


def texts(state: SessionState) -> dict[str, str]:
    """Return the texts of those commands whose text depends on the state."""
    phase = state.phase
    restarts = phase.busy and not phase.follows
    return {
        "start": "Re&start" if restarts else "&Start",
        "pause": "Resu&me" if phase is Phase.PAUSED else "&Pause",
        "stop": "S&top following" if phase.follows else "S&top",
        "preview": "Back to the r&un" if state.shown == "preview" and state.has_run else "Pre&view the form",
        "undo": f"&Undo {state.undo_text}".strip(),
        "redo": f"&Redo {state.redo_text}".strip(),
    }
