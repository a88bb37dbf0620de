"""The Help menu."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from gradviz.app.about import GLOSSARY, TextDialog, about_dialog, glossary_dialog, shortcuts_dialog
from gradviz.app.commands import COMMANDS


def text_of(dialog: TextDialog) -> str:
    return dialog.text.toPlainText()


def test_about_names_the_version_what_it_stands_on_and_whose_data_it_shows(qtbot: QtBot) -> None:
    dialog = about_dialog(None)
    qtbot.addWidget(dialog)
    text = text_of(dialog)
    assert f"gradviz {version('gradviz')}" in text
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


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.shortcut], ids=lambda each: each.name)
def test_every_command_with_keys_is_listed_with_them(qtbot: QtBot, command: object) -> None:
    dialog = shortcuts_dialog(None)
    qtbot.addWidget(dialog)
    lines = text_of(dialog).splitlines()
    keys = QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)  # type: ignore[attr-defined]
    assert lines[lines.index(keys) + 1] == command.tip  # type: ignore[attr-defined]


def test_the_glossary_explains_each_word_once(qtbot: QtBot) -> None:
    dialog = glossary_dialog(None)
    qtbot.addWidget(dialog)
    words = [word for word, _ in GLOSSARY]
    assert len(set(words)) == len(words)
    for word, meaning in GLOSSARY:
        assert f"{word}\n{meaning}" in text_of(dialog)
        assert meaning.endswith(".")


@pytest.mark.parametrize("make", [about_dialog, shortcuts_dialog, glossary_dialog])
def test_the_pages_close_with_their_button(qtbot: QtBot, make: object) -> None:
    dialog = make(None)  # type: ignore[operator]
    dialog.show()
    with qtbot.waitSignal(dialog.destroyed):
        dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Close).click()
