"""The buttons under the plots."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot

from gradviz.app.transport_bar import TRANSPORT, TransportBar


@pytest.fixture
def bar(qtbot: QtBot) -> TransportBar:
    holder = QWidget()
    qtbot.addWidget(holder)
    actions = {}
    for name in TRANSPORT:
        actions[name] = QAction(f"&{name.capitalize()}", holder)
        actions[name].setObjectName(name)
    bar = TransportBar(actions)
    qtbot.addWidget(bar)
    bar.actions_kept = holder  # type: ignore[attr-defined]
    return bar


def test_the_buttons_do_what_their_actions_do_and_have_names(bar: TransportBar, qtbot: QtBot) -> None:
    triggered: list[str] = []
    for button in bar.findChildren(QToolButton):
        action = button.defaultAction()
        name = action.objectName()
        action.triggered.connect(lambda _checked, name=name: triggered.append(name))
        assert button.accessibleName() == name.capitalize()
        button.click()
    assert triggered == list(TRANSPORT)
