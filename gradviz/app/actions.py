"""The commands as Qt's actions, in menus and with their shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from gradviz.app.commands import COMMANDS, Command, enabled, texts
from gradviz.app.session.state import SessionState
from gradviz.app.theme import icon
from gradviz.plots.parts.style import Style


def keys() -> list[tuple[str, str]]:
    """Return (shortcut as this system writes it, what it does) of every command that has one."""
    return [
        (QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText), command.tip)
        for command in COMMANDS
        if command.shortcut
    ]


def make_actions(window: QMainWindow, give: Callable[[Command], object]) -> dict[str, QAction]:
    """Make one QAction per command, by its name; each gives its command."""
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
        action.triggered.connect(lambda _checked=False, command=command: give(command))
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


def show_state(actions: Mapping[str, QAction], state: SessionState) -> None:
    """Enable the actions that apply, and give them the texts that fit."""
    possible = enabled(state)
    for name, action in actions.items():
        action.setEnabled(name in possible)
    for name, text in texts(state).items():
        actions[name].setText(text)
        # what a button says
        actions[name].setIconText(text.replace("&", ""))


def draw_icons(actions: Mapping[str, QAction], style: Style) -> None:
    """Draw the icons in the colours of `style`."""
    for command in COMMANDS:
        if command.icon:
            actions[command.name].setIcon(icon(command.icon, style))
