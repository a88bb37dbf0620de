"""About gradviz."""

from __future__ import annotations

import re
from importlib.metadata import version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from gradviz import __version__
from gradviz.app.about import TextDialog, about_dialog


def text_of(dialog: TextDialog) -> str:
    return dialog.text.toPlainText()


def test_about_names_the_version_what_it_stands_on_and_whose_data_it_shows(qtbot: QtBot) -> None:
    dialog = about_dialog(None)
    qtbot.addWidget(dialog)
    text = text_of(dialog)
    assert f"gradviz {__version__}" in text
    for name in ("PySide6-Essentials", "pyqtgraph"):
        assert version(name) in text
    assert "LGPL" in text
    assert re.search(r"licence CC BY 4\.0", text)
    assert "Alpaydin" in text


def test_about_leads_to_the_licences_of_others(qtbot: QtBot) -> None:
    dialog = about_dialog(None)
    qtbot.addWidget(dialog)
    dialog.show()
    [button] = [each for each in dialog.buttons.buttons() if each.text() == "Third-party licences"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    page = dialog.findChild(TextDialog)
    assert page.isVisible()
    text = text_of(page)
    for name in ("torch", "numpy", "PySide6_Essentials"):
        assert f"{name} {version(name)}" in text
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text
    with qtbot.waitSignal(page.destroyed):
        page.reject()
    assert dialog.isVisible()


def test_about_closes_with_its_button(qtbot: QtBot) -> None:
    dialog = about_dialog(None)
    dialog.show()
    with qtbot.waitSignal(dialog.destroyed):
        dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Close).click()
