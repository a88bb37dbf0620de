"""Numbers typed, stepped, dragged and refused."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from gradviz.app.form.number_editors import NumberBox, NumberEditor, SeedEditor, SliderEditor
from gradviz.experiment import field


def shown(editor: NumberEditor, qtbot: QtBot) -> list[object]:
    """Put an editor on the screen; return the list that its choices will go to."""
    chosen: list[object] = []
    editor.changed.connect(chosen.append)
    qtbot.addWidget(editor)
    editor.show()
    return chosen


def write(box: NumberBox, text: str, qtbot: QtBot) -> None:
    """Type over what is in the box, and confirm."""
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("learning_rate", "1e-3", 1e-3),
        ("learning_rate", "0.00025", 2.5e-4),
        ("learning_rate", "100", 100.0),
        ("learning_rate", ".5", 0.5),
        ("bias_shift", "-0.75", -0.75),
        ("noise", "1", 1.0),
        ("width", "64", 64),
        ("depth", "1e3", 1000),
        ("gradient_clip", "0", 0.0),
        ("steps", "0", 0),
    ],
)
def test_a_number_is_read_as_one_writes_it(name: str, typed: str, value: float, qtbot: QtBot) -> None:
    editor = NumberEditor(field(name))
    editor.show_value(3 if name != "learning_rate" and name != "bias_shift" else 0.125)
    if name == "noise":
        editor.show_value(0.1)
    chosen = shown(editor, qtbot)
    write(editor.box, typed, qtbot)
    assert chosen == [value]
    assert type(chosen[0]) is type(value)


@pytest.mark.parametrize(
    ("name", "typed", "allowed"),
    [
        ("depth", "5000", "a whole number from 1 to 2000"),
        ("depth", "0", "a whole number from 1 to 2000"),
        ("depth", "2.5", "a whole number from 1 to 2000"),
        ("learning_rate", "0", "a number from above 0.0 to 100.0"),
        ("learning_rate", "-1", "a number from above 0.0 to 100.0"),
        ("noise", "1.5", "a number from 0.0 to 1.0"),
        ("noise", "e", "a number from 0.0 to 1.0"),
    ],
)
def test_what_is_not_allowed_is_refused_with_the_reason_and_the_last_value_returns(
    name: str, typed: str, allowed: str, qtbot: QtBot
) -> None:
    editor = NumberEditor(field(name))
    editor.show_value({"depth": 30, "learning_rate": 0.1, "noise": 0.1}[name])
    chosen = shown(editor, qtbot)
    reasons: list[str] = []
    editor.refused.connect(reasons.append)
    before = editor.box.text()
    write(editor.box, typed, qtbot)
    assert chosen == []
    assert editor.box.text() == before
    assert set(reasons) == {f"{editor.box.accessibleName()}: {typed} is not allowed; allowed: {allowed}"}


@pytest.mark.parametrize("typed", ["abc", "ten", "0x1", "1,5", "∞", "nan", "inf", "1 2"])
def test_no_text_becomes_a_number_that_is_none(typed: str, qtbot: QtBot) -> None:
    box = NumberBox(field("learning_rate"))
    qtbot.addWidget(box)
    box.setValue(0.25)
    state, _, _ = box.validate(typed, len(typed))
    assert state is not QValidator.State.Acceptable
    # pasted, not typed: a key for every letter there is
    box.selectAll()
    box.lineEdit().insert(typed)
    box.interpretText()
    assert box.value() == 0.25
    assert box.text() == "0.25"


def test_leaving_the_field_confirms_and_what_is_half_typed_can_be_taken(qtbot: QtBot) -> None:
    editor = NumberEditor(field("width"))
    editor.show_value(32)
    chosen = shown(editor, qtbot)
    editor.box.selectAll()
    qtbot.keyClicks(editor.box, "48")
    assert chosen == []
    editor.take_typed()
    assert chosen == [48]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("depth", 1, "1 layer"),
        ("depth", 2, "2 layers"),
        ("batch_size", 1, "1 sample"),
        ("width", 32, "32 units"),
        ("steps", 0, "until stopped"),
        ("shortcut_scale", 0.0, "1/√depth"),
        ("gradient_clip", 0.0, "off"),
        ("learning_rate", 1e-05, "1e-05"),
        ("learning_rate", 0.1, "0.1"),
    ],
)
def test_a_value_is_written_with_its_unit_or_as_the_word_it_stands_for(
    name: str, value: float, words: str, qtbot: QtBot
) -> None:
    editor = NumberEditor(field(name))
    shown(editor, qtbot)
    editor.show_value(value)
    assert editor.box.text() == words


def test_a_logarithmic_number_steps_along_1_2_5_10(qtbot: QtBot) -> None:
    editor = NumberEditor(field("learning_rate"))
    editor.show_value(0.1)
    chosen = shown(editor, qtbot)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(editor.box, key)
    qtbot.keyClick(editor.box, Qt.Key.Key_Down)
    assert chosen == [0.2, 0.5, 1.0, 0.5, 0.2, 0.1, 0.05]


def test_every_decade_of_the_slider_is_as_long_as_the_next(qtbot: QtBot) -> None:
    editor = SliderEditor(field("depth"))
    ticks = [editor.tick_of(depth) for depth in (1, 10, 100, 1000)]
    lengths = [after - before for before, after in pairwise(ticks)]
    # 1000 ticks for log10(2000) decades
    assert lengths == pytest.approx([1000 / math.log10(2000)] * 3, abs=1)
    assert (ticks[0], editor.tick_of(2000)) == (0, 1000)


def test_dragging_the_slider_chooses_depths_and_the_box_follows(qtbot: QtBot) -> None:
    editor = SliderEditor(field("depth"))
    editor.show_value(30)
    chosen = shown(editor, qtbot)
    for tick in (600, 800, 1000, 0):
        editor.slider.setSliderDown(True)
        editor.slider.setSliderPosition(tick)
    assert chosen == [round(2000 ** (tick / 1000)) for tick in (600, 800, 1000, 0)]
    assert editor.box.value() == 1


@pytest.mark.parametrize("depth", [1, 5, 30, 299, 300, 1000, 1001, 1999])
def test_an_arrow_key_moves_the_slider_by_one_layer(depth: int, qtbot: QtBot) -> None:
    editor = SliderEditor(field("depth"))
    editor.show_value(depth)
    chosen = shown(editor, qtbot)
    qtbot.keyClick(editor.slider, Qt.Key.Key_Right)
    qtbot.keyClick(editor.slider, Qt.Key.Key_Left)
    assert chosen == [depth + 1, depth]
    assert editor.slider.value() == editor.tick_of(depth)


def test_page_keys_move_the_slider_by_a_twentieth_of_its_way(qtbot: QtBot) -> None:
    editor = SliderEditor(field("depth"))
    editor.show_value(100)
    chosen = shown(editor, qtbot)
    qtbot.keyClick(editor.slider, Qt.Key.Key_PageUp)
    assert chosen == [round(2000 ** ((editor.tick_of(100) + 50) / 1000))]


def test_showing_a_value_announces_nothing(qtbot: QtBot) -> None:
    editor = SliderEditor(field("depth"))
    chosen = shown(editor, qtbot)
    for depth in (1, 17, 1234, 2000):
        editor.show_value(depth)
        assert editor.box.value() == depth
        assert editor.slider.value() == editor.tick_of(depth)
    assert chosen == []


def test_a_seed_can_be_drawn(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = SeedEditor(field("seed"))
    editor.show_value(0)
    chosen = shown(editor, qtbot)
    ranges: list[int] = []

    def draw(below: int) -> int:
        ranges.append(below)
        return 4_294_967_295

    monkeypatch.setattr("gradviz.app.form.number_editors.secrets.randbelow", draw)
    editor.findChild(QToolButton).click()
    assert (chosen, ranges) == ([4_294_967_295], [2**32])
    assert editor.box.text() == "4294967295"
