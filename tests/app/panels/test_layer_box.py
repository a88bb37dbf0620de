"""The choice of a layer: its ends, what it remembers, and whose choice it announces."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gradviz.app.panels.layer_box import LayerBox


@pytest.fixture
def box(qtbot: QtBot) -> LayerBox:
    box = LayerBox("layer that is drawn")
    qtbot.addWidget(box)
    box.offer(30)
    return box


@pytest.fixture
def picked(box: LayerBox) -> list[int]:
    picked: list[int] = []
    box.picked.connect(picked.append)
    return picked


def write(box: LayerBox, text: str, qtbot: QtBot) -> None:
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def test_layers_go_from_1_to_the_last(box: LayerBox, picked: list[int], qtbot: QtBot) -> None:
    write(box, "30", qtbot)
    qtbot.keyClick(box, Qt.Key.Key_Up)
    assert (box.value(), box.text()) == (30, "30 of 30")
    write(box, "1", qtbot)
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.value() == 1
    assert picked == [30, 1]


def test_only_what_the_person_chooses_is_announced(box: LayerBox, picked: list[int], qtbot: QtBot) -> None:
    box.show_layer(12)
    box.offer(5)
    box.offer(40)
    assert (box.value(), picked) == (12, [])
    qtbot.keyClick(box, Qt.Key.Key_Up)
    assert picked == [13]


def test_a_shallow_network_shows_its_last_layer_and_does_not_make_the_box_forget(box: LayerBox) -> None:
    box.show_layer(20)
    box.offer(5)
    assert box.text() == "5 of 5"
    box.offer(1)
    assert (box.text(), box.maximum()) == ("1", 1)
    box.offer(2000)
    assert box.text() == "20 of 2,000"
