"""The menu under the right button."""

from __future__ import annotations

import pytest
from driving import click, heatmap_of, made_up, profile_of
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from gradviz.app.export.export_dialog import ExportDialog
from gradviz.app.export.plot_menu import plot_menu
from gradviz.app.main_window import MainWindow

COMMON = ["Show all steps", "Copy this plot", "Export this plot…"]


@pytest.fixture
def shown(window: MainWindow) -> MainWindow:
    history = made_up([[-1.0, -2.0]] * 3)
    window.session.show(history)
    # the columns find their widths in the next round of the event loop
    QApplication.processEvents()
    return window


def menu_of(window: MainWindow, name: str) -> QMenu:
    return plot_menu(window, name, window.board, window.actions_by_name, window.exports)


def entries(menu: QMenu) -> list[str]:
    return [action.text().replace("&", "") for action in menu.actions() if not action.isSeparator()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("heatmap", ["At the bottom", "At the top"]),
        ("profile", []),
        ("curves", ["Logarithmic loss axis"]),
        ("validation samples", ["Show wrong samples first"]),
    ],
)
def test_each_plot_offers_what_it_can_do(shown: MainWindow, name: str, own: list[str]) -> None:
    menu = menu_of(shown, name)
    assert entries(menu) == own + COMMON
    assert all(action.toolTip() for action in menu.actions() if not action.isSeparator())


def test_copy_and_export_mean_that_plot(shown: MainWindow) -> None:
    menu = menu_of(shown, "profile")
    actions = {action.text(): action for action in menu.actions()}
    QApplication.clipboard().clear()
    actions["&Copy this plot"].trigger()
    assert QApplication.clipboard().image().width() == 2 * profile_of(shown.board).width()
    actions["&Export this plot…"].trigger()
    (dialog,) = shown.findChildren(ExportDialog)
    assert dialog.request().what == "profile"
    dialog.close()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_a_right_click_opens_the_menu(shown: MainWindow, qtbot: QtBot) -> None:
    plot = heatmap_of(shown.board)
    click(plot, plot.rect().center(), Qt.MouseButton.RightButton)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert entries(menu)[-1] == COMMON[-1]
    with qtbot.waitSignal(menu.destroyed):
        menu.close()
