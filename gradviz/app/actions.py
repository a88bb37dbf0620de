"""Every command of the window, as data: menus, shortcuts, tooltips and the toolbar are made from this table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the person can do. `menu` is a path such as `View/Theme`; of one `choice` only one is ticked."""

    name: str
    menu: str
    text: str
    tip: str
    shortcut: str = ""
    icon: str = ""
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
    Command("save", "&File", "&Save experiment…", "Write the experiment to a TOML or JSON file", "Ctrl+S"),
    Command(
        "open_run",
        "&File",
        "Open &run…",
        "Show a recorded run from its file; the form stays as it is",
        "Ctrl+Shift+O",
        separated=True,
    ),
    Command(
        "follow",
        "&File",
        "&Follow a run…",
        "Show the run that a script of yours records, while it goes on; its file need not be there yet",
        "Ctrl+Shift+F",
    ),
    Command("save_run", "&File", "Save r&un as…", "Copy the run on the board into a file of its own", "Ctrl+Shift+S"),
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
        "copy_board",
        "&File",
        "Copy &picture",
        "Copy the whole board as a picture to the clipboard",
        "Ctrl+Shift+P",
        "copy",
    ),
    Command("quit", "&File", "&Quit", "Stop training and close the window", "Ctrl+Q", separated=True),
    Command("undo", "&Edit", "&Undo", "Take back the last change of the experiment", "Ctrl+Z", "undo"),
    Command("redo", "&Edit", "&Redo", "Make the change again", "Ctrl+Shift+Z", "redo"),
    Command(
        "defaults", "&Edit", "Reset form to &defaults", "Set every field to its default; can be undone", separated=True
    ),
    Command(
        "copy_code",
        "&Edit",
        "&Copy experiment code",
        "Copy a short text that carries the experiment and its seed",
        "Ctrl+Shift+C",
        separated=True,
    ),
    Command(
        "paste_code",
        "&Edit",
        "&Paste experiment code",
        "Set up the experiment whose code is in the clipboard",
        "Ctrl+Shift+V",
    ),
    Command("start", "&Run", "&Start", "Train the experiment on the form from its initialisation", "Ctrl+R", "start"),
    Command("pause", "&Run", "&Pause", "Hold the run after the step under way; again to go on", "Ctrl+Space", "pause"),
    Command("step", "&Run", "S&ingle step", "Make exactly one training step, then pause", "Ctrl+.", "step"),
    Command("stop", "&Run", "S&top", "End the run; what was measured stays", "Ctrl+T", "stop"),
    Command(
        "reset",
        "&Run",
        "&Reset",
        "Go back to the network as initialised; the run stays as comparison",
        "Ctrl+Backspace",
        "reset",
    ),
    Command(
        "swap",
        "&Run",
        "&Bring back the previous run",
        "Show the previous run again, and the current one as comparison",
        "Ctrl+B",
        separated=True,
    ),
    Command(
        "adopt",
        "&Run",
        "Put its experiment on the &form",
        "Set up the form as the run on the board was; can be undone",
    ),
    Command(
        "race",
        "&Run",
        "R&ace…",
        "Train variants of the experiment side by side, a step of each in turn",
        "Ctrl+Shift+R",
        separated=True,
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
        "Draw the loss over powers of ten",
        "Ctrl+L",
        checkable=True,
    ),
    Command("fit", "&View", "Show &all steps", "Zoom out and follow the run again", "Ctrl+0", "fit"),
    Command("latest", "&View", "&Follow the latest step", "Let profile and cursor follow the run", "Escape"),
    Command("play", "&View", "Play &back", "Play the run back from the picked step, or hold it", "Ctrl+P"),
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
        "Light or dark, as the system has it",
        checkable=True,
        choice="theme",
    ),
    Command("theme_light", "&View/&Theme", "&Light", "Dark text on a light background", checkable=True, choice="theme"),
    Command("theme_dark", "&View/&Theme", "&Dark", "Light text on a dark background", checkable=True, choice="theme"),
    Command(
        "runs", "&View", "Recorded r&uns", "Bring the list of all runs to the front", "Ctrl+Shift+L", separated=True
    ),
    Command("layout", "&View", "&Restore panel layout", "Put every panel back where it was at first", separated=True),
    Command("guide", "&Help", "&Guide", "How to train, read, compare, export and watch", "F1"),
    Command("glossary", "&Help", "Gl&ossary", "What the words on screen mean"),
    Command("shortcuts", "&Help", "&Keyboard", "Every command with its keys", "Ctrl+F1"),
    Command("news", "&Help", "What is &new", "What changed in this version and the ones before", separated=True),
    Command("about", "&Help", "&About gradviz", "Version, credits and licences", separated=True),
)


def keys() -> list[tuple[str, str]]:
    """Return (shortcut as this system writes it, what it does) of every command that has one."""
    return [
        (QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText), command.tip)
        for command in COMMANDS
        if command.shortcut
    ]


def make_actions(window: QMainWindow, handlers: object) -> dict[str, QAction]:
    """Make one QAction per command, calling the method of `handlers` of that name.

    Raises AttributeError for a command without one.
    """
    groups: dict[str, QActionGroup] = {}
    actions = {}
    for command in COMMANDS:
        action = QAction(command.text, window)
        action.setObjectName(command.name)
        action.setCheckable(command.checkable)
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut))
        keys = f" ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})" if command.shortcut else ""
        action.setToolTip(command.tip + keys)
        action.setStatusTip(command.tip)
        if command.choice:
            group = groups.setdefault(command.choice, QActionGroup(window))
            group.addAction(action)
        handler: Callable[[], object] = getattr(handlers, command.name)
        action.triggered.connect(lambda _checked=False, handler=handler: handler())
        window.addAction(action)
        actions[command.name] = action
    return actions


def fill_menus(window: QMainWindow, actions: Mapping[str, QAction]) -> dict[str, QMenu]:
    """Build the menu bar from the table; return the menus by their path."""
    menus: dict[str, QMenu] = {}
    for command in COMMANDS:
        path = command.menu.split("/")
        for level in range(len(path)):
            key = "/".join(path[: level + 1])
            if key not in menus:
                parent = menus["/".join(path[:level])] if level else window.menuBar()
                if level and command.separated:
                    parent.addSeparator()
                menus[key] = parent.addMenu(path[level])
                menus[key].setToolTipsVisible(True)
        menu = menus[command.menu]
        if command.separated and not menu.isEmpty():
            menu.addSeparator()
        menu.addAction(actions[command.name])
    return menus
