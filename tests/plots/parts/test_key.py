from __future__ import annotations

from collections.abc import Iterator

import pyqtgraph as pg
import pytest
from pytestqt.qtbot import QtBot

from gradviz.plots.parts.key import MARGIN_PX, Key
from gradviz.plots.parts.words import Words

ENTRIES = [("—", "#ff0000", "step 599"), ("▼", "#00ff00", "exactly zero: 10 layers"), ("×", "#0000ff", "not a number")]


@pytest.fixture
def widget(qtbot: QtBot) -> Iterator[pg.GraphicsLayoutWidget]:
    widget = pg.GraphicsLayoutWidget()
    qtbot.addWidget(widget)
    widget.show()
    yield widget
    widget.close()


def seen_in(widget: pg.GraphicsLayoutWidget) -> set[str]:
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


@pytest.mark.parametrize("width", [700, 330, 200])
def test_every_entry_is_inside_the_width_on_as_many_lines_as_it_takes(
    widget: pg.GraphicsLayoutWidget, qtbot: QtBot, width: int
) -> None:
    key = Key()
    widget.addItem(key)
    widget.resize(width, 200)
    key.show_entries(ENTRIES, "#000000")
    # a new height is asked for while the lines are broken, and granted in the next round of the event loop
    qtbot.waitUntil(lambda: key.height() == key.minimumHeight())
    metrics = key.metrics
    pieces = list(key.pieces())
    places = [place for place, *_ in pieces]
    for (place, mark, _, words), entry in zip(pieces, ENTRIES, strict=True):
        assert (mark, words) == (entry[0], entry[2])
        assert place.x() + metrics.horizontalAdvance(mark + words) <= key.width()
        assert metrics.ascent() <= place.y() <= key.height() - metrics.descent()
        assert place.x() >= MARGIN_PX
    lines = len({place.y() for place in places})
    assert lines == {700: 1, 330: 2, 200: 3}[width]


def test_a_sentence_too_long_for_one_line_goes_on_below_with_nothing_lost(
    widget: pg.GraphicsLayoutWidget, qtbot: QtBot
) -> None:
    key = Key()
    widget.addItem(key)
    widget.resize(220, 300)
    sentence = "float32 delivers exactly zero from layer 932 on down; in truth it is 2.41e-44 there"
    key.show_entries([ENTRIES[0], ("!", "#ff0000", sentence), ENTRIES[1]], "#000000")
    qtbot.waitUntil(lambda: key.height() == key.minimumHeight())
    pieces = list(key.pieces())
    of_sentence = [piece for piece in pieces if piece[1] == "!"]
    assert len(of_sentence) >= 2
    assert " ".join(words for *_, words in of_sentence) == sentence
    assert [colour for *_, colour, _ in of_sentence].count("#ff0000") == 1
    metrics = key.metrics
    for place, mark, _, words in pieces:
        assert place.x() + metrics.horizontalAdvance(mark + words) <= key.width()
        assert place.y() <= key.height() - metrics.descent()


def test_every_mark_is_painted_in_its_colour(widget: pg.GraphicsLayoutWidget) -> None:
    widget.setBackground("#ffffff")
    key = Key()
    widget.addItem(key)
    widget.resize(500, 80)
    key.show_entries([("■", colour, words) for _, colour, words in ENTRIES], "#000000")
    assert {"#ff0000", "#00ff00", "#0000ff"} <= seen_in(widget)
    key.show_entries([], "#000000")
    assert "#ff0000" not in seen_in(widget)


def test_a_line_too_long_is_cut_and_asks_for_no_more_room(widget: pg.GraphicsLayoutWidget) -> None:
    words = Words()
    widget.addItem(words)
    widget.resize(160, 60)
    words.set_colour("#123456")
    words.say("quantity " * 30)
    widget.grab()
    assert widget.width() == 160
    assert words.width() <= 160
    one_line = words.line_px
    assert one_line <= words.height() < 2 * one_line


def test_words_that_get_shorter_leave_the_plot_above_where_it_is(widget: pg.GraphicsLayoutWidget, qtbot: QtBot) -> None:
    key = Key()
    widget.addItem(key)
    widget.resize(330, 200)
    key.show_entries([(mark, colour, words * 2) for mark, colour, words in ENTRIES], "#000000")
    qtbot.waitUntil(lambda: key.height() == key.minimumHeight())
    tall = key.minimumHeight()
    key.show_entries([(mark, colour, words[:4]) for mark, colour, words in ENTRIES], "#000000")
    assert key.minimumHeight() == tall
    # another mark is another picture
    key.show_entries(ENTRIES[:1], "#000000")
    assert key.minimumHeight() < tall
