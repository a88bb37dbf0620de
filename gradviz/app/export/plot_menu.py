"""The menu of one plot, for the right mouse button."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from gradviz.app.board import Board
from gradviz.app.export.export_commands import ExportCommands


def plot_menu(
    parent: QWidget, name: str, board: Board, actions: Mapping[str, QAction], exports: ExportCommands
) -> QMenu:
    """Return the menu of the plot `name`: its own commands, then to see all of it, to copy and to export it."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    own = board.plots()[name].actions() + [actions[command] for command in board.commands_of(name)]
    menu.addActions(own)
    if own:
        menu.addSeparator()
    menu.addAction(actions["fit"])
    for text, tip, act in (
        ("&Copy this plot", "Put a picture of it on the clipboard", exports.copy),
        ("&Export this plot…", "Save it as a picture or an animation", exports.ask),
    ):
        action = menu.addAction(text)
        action.setToolTip(tip)
        action.triggered.connect(lambda _checked=False, act=act: act(name))
    return menu
