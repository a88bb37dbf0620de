"""Words, yes or no, devices and files on the form; and which editor a field gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import turn_wheel
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QScrollArea, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gradviz.app.form.field_editor import FieldEditor
from gradviz.app.form.field_editors import ChoiceEditor, DeviceEditor, PathEditor, TextEditor, ToggleEditor, editor_for
from gradviz.app.form.number_editors import NumberEditor, SeedEditor, SliderEditor
from gradviz.experiment import choices, field, fields, in_words

WORDS = [name for name in fields() if len(choices(name)) > 1]


def shown(editor: FieldEditor, qtbot: QtBot) -> list[object]:
    chosen: list[object] = []
    editor.changed.connect(chosen.append)
    qtbot.addWidget(editor)
    editor.show()
    return chosen


EDITORS = {bool: ToggleEditor, int: NumberEditor, float: NumberEditor, str: TextEditor}


def test_every_field_gets_the_editor_of_its_description(qapp: object) -> None:
    kinds = {name: type(editor_for(field(name))) for name in fields() if name not in ("title", "notes")}
    special = {"depth": SliderEditor, "seed": SeedEditor, "device": DeviceEditor, "data_file": PathEditor}
    for name, kind in kinds.items():
        annotation = fields()[name].kind
        wanted = ChoiceEditor if choices(name) else EDITORS[annotation]
        assert kind is special.get(name, wanted), name


@pytest.mark.parametrize("name", WORDS)
def test_every_word_of_a_field_can_be_chosen_and_reads_as_a_person_would_say_it(name: str, qtbot: QtBot) -> None:
    editor = ChoiceEditor(field(name))
    chosen = shown(editor, qtbot)
    assert tuple(editor.box.itemData(index) for index in range(editor.box.count())) == choices(name)
    editor.box.setCurrentIndex(editor.box.count() - 1)
    editor.box.setFocus()
    qtbot.keyClick(editor.box, Qt.Key.Key_Home)
    assert chosen == [choices(name)[-1], choices(name)[0]]
    texts = [editor.box.itemText(index) for index in range(editor.box.count())]
    assert len(set(texts)) == len(texts)
    assert not any("_" in text for text in texts)


@pytest.mark.parametrize(
    ("word", "words"),
    [("leaky_relu", "leaky ReLU"), ("pre_activation", "pre-activation"), ("none", "none"), ("silu", "SiLU")],
)
def test_words_of_the_recipe_are_written_out(word: str, words: str) -> None:
    assert in_words(word) == words


@pytest.mark.parametrize("name", ["activation", "zero_init_branch", "device", "data_file", "width"])
def test_showing_a_value_announces_nothing(name: str, qtbot: QtBot) -> None:
    editor = editor_for(field(name))
    chosen = shown(editor, qtbot)
    values = {"activation": "gelu", "zero_init_branch": True, "device": "cuda:3", "data_file": "a.csv", "width": 77}
    editor.show_value(values[name])
    assert chosen == []


def test_yes_or_no_is_chosen_with_the_space_bar(qtbot: QtBot) -> None:
    editor = ToggleEditor(field("zero_init_branch"))
    chosen = shown(editor, qtbot)
    qtbot.keyClick(editor.box, Qt.Key.Key_Space)
    qtbot.keyClick(editor.box, Qt.Key.Key_Space)
    assert chosen == [True, False]


def test_the_wheel_over_a_field_scrolls_the_form_and_changes_nothing(qtbot: QtBot) -> None:
    area, content = QScrollArea(), QWidget()
    column = QVBoxLayout(content)
    editors = [editor_for(field(name)) for name in ("activation", "width", "depth", "precision")]
    chosen: list[object] = []
    for editor in editors:
        editor.changed.connect(chosen.append)
        column.addWidget(editor)
    column.addStretch(1)
    content.setMinimumHeight(3000)
    area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    area.setWidget(content)
    area.resize(300, 400)
    qtbot.addWidget(area)
    area.show()
    area.setFocus()
    bar = area.verticalScrollBar()
    for editor in editors:
        bar.setValue(0)
        turn_wheel(editor.focusProxy(), -120)
        assert bar.value() > 0, editor.name
    assert chosen == []


@pytest.mark.parametrize("name", ["activation", "width"])
def test_the_wheel_changes_the_field_that_has_the_focus(name: str, qtbot: QtBot) -> None:
    editor = editor_for(field(name))
    editor.show_value({"activation": "tanh", "width": 32}[name])
    chosen = shown(editor, qtbot)
    editor.activateWindow()
    editor.setFocus()
    qtbot.waitUntil(lambda: editor.focusProxy().hasFocus())
    turn_wheel(editor.focusProxy(), -120)
    assert chosen == [{"activation": "relu", "width": 31}[name]]


def test_devices_are_offered_as_they_are_found_and_the_choice_stays(qtbot: QtBot) -> None:
    editor = DeviceEditor(field("device"))
    chosen = shown(editor, qtbot)
    editor.show_value("cuda:1")
    assert editor.box.currentText() == "cuda:1"
    editor.offer([("auto", "automatic: GPU A"), ("cpu", "CPU"), ("cuda:0", "GPU A"), ("cuda:1", "GPU B")])
    assert (editor.box.currentData(), editor.box.currentText()) == ("cuda:1", "GPU B")
    assert chosen == []
    editor.box.setCurrentIndex(editor.box.findData("cpu"))
    assert chosen == ["cpu"]


def test_a_device_that_was_looked_for_in_vain_is_said_to_be_missing(qtbot: QtBot) -> None:
    editor = DeviceEditor(field("device"))
    shown(editor, qtbot)
    editor.offer([("auto", "automatic: CPU"), ("cpu", "CPU")])
    editor.show_value("cuda:1")
    assert editor.box.currentText() == "cuda:1 (not found here)"
    editor.show_value("cpu")
    assert editor.box.currentText() == "CPU"


def test_cuda_without_a_number_is_the_first_gpu(qtbot: QtBot) -> None:
    editor = DeviceEditor(field("device"))
    shown(editor, qtbot)
    editor.offer([("auto", "automatic: GPU A"), ("cpu", "CPU"), ("cuda:0", "GPU A")])
    editor.show_value("cuda")
    assert (editor.box.currentData(), editor.box.currentText()) == ("cuda", "cuda: GPU A")


def test_a_data_file_is_typed_picked_or_dropped(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    editor = PathEditor(field("data_file"))
    chosen = shown(editor, qtbot)
    qtbot.keyClicks(editor.line, " a.csv ")
    qtbot.keyClick(editor.line, Qt.Key.Key_Return)
    picked, dropped = str(tmp_path / "b.npz"), str(tmp_path / "c.csv")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (picked, ""))
    editor.findChild(QToolButton).click()
    drop(editor, dropped)
    assert chosen == ["a.csv", picked, dropped]
    assert editor.line.text() == dropped
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    editor.findChild(QToolButton).click()
    assert len(chosen) == 3


def drop(widget: QWidget, path: str) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path)])
    place, copy = widget.rect().center(), Qt.DropAction.CopyAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(place, copy, data, left, none)
    QApplication.sendEvent(widget, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(QPointF(place), copy, data, left, none))
