"""The menu of one plot, for the right button of the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from gradviz.app.main_window import MainWindow

# commands of the window that concern one plot
OWN_COMMANDS = {"heatmap": ("first_bottom", "first_top"), "curves": ("log_loss",)}


def plot_menu(window: MainWindow, name: str) -> QMenu:
    """Return the menu of the plot `name`: what only it can do, then to see all of it, to copy and to export it."""
    menu = QMenu(window)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    own = window.board.plots()[name].actions() + [
        window.actions_by_name[command] for command in OWN_COMMANDS.get(name, ())
    ]
    menu.addActions(own)
    if own:
        menu.addSeparator()
    menu.addAction(window.actions_by_name["fit"])
    for text, tip, act in (
        ("&Copy this plot", "Put a picture of it on the clipboard", window.commands.copy),
        ("&Export this plot…", "Save it as a picture or an animation", window.commands.ask_and_export),
    ):
        action = menu.addAction(text)
        action.setToolTip(tip)
        action.triggered.connect(lambda _checked=False, act=act: act(name))
    return menu
