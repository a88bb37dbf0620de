"""Lessons as people write them, and what is said of mistakes in them."""

from pathlib import Path

import pytest

from gradviz.errors import LessonError
from gradviz.lessons.lesson import Ask, Check, SetUp, Start, Text, Wait
from gradviz.lessons.library import find_lesson, lesson_names, load_lesson, short_name
from gradviz.lessons.parse import LARGEST_BYTES, parse_lesson, read_lesson

FRONT = """\
+++
title = "A title"
about = "What it is about"
remember = "One sentence."
[measures.kept]
of = "unchanged_fraction"
say = "percent"
+++
"""


def lesson(body: str, front: str = FRONT) -> object:
    return parse_lesson(front + body, "mine")


def test_pages_hold_texts_and_orders_in_the_order_of_the_file() -> None:
    text = (
        "## One\n@preset sigmoid-3 steps=5\nRead this.\n\nAnd this.\n@ask How much?\n@option kept < 0.5 | little\n"
        "@option kept >= 0.5 | much\n@start\n@wait 3\n## Two\n@check kept > 0.1 | yes, {=kept} | no\n"
    )
    one, two = parse_lesson(FRONT + text, "mine").pages
    setting, words, ask, start, wait = one.items
    assert setting == SetUp("sigmoid-3", {"steps": "5"})
    assert words == Text("Read this.\n\nAnd this.")
    assert isinstance(ask, Ask)
    assert [option.words for option in ask.options] == ["little", "much"]
    assert (start, wait) == (Start(), Wait(3))
    assert isinstance(two.items[0], Check)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("## One\n@jump high\n", "line 10"),
        ("text\n", "line 9"),
        ("## One\n@check kept | a | b\n", "line 10"),
        ("## One\n@check kept > many | a | b\n", "line 10"),
        ("## One\n@check kept > 1 | a\n", "line 10"),
        ("## One\n@wait ²\n", "line 10"),
        ("## One\n@layer 0\n", "line 10"),
        ("## One\n@light moon\n", "line 10"),
        ("## One\n@light field:moon\n", "'One'"),
        ("## One\n@option kept > 1 | a\n", "line 10"),
        ("## One\n@start now\n", "line 10"),
        ("## One\n@set depth\n", "line 10"),
        ("## One\nIt is {=fall}.\n", "'One'"),
        ("## One\n@preset none-such\n", "'One'"),
        ("## One\n@set depth=-1\n", "'One'"),
        ("## One\n@answer\n", "'One'"),
        ("## One\n@ask Why?\n", "'One'"),
        ("", "no page"),
    ],
)
def test_a_mistake_is_named_with_its_place(body: str, place: str) -> None:
    with pytest.raises(LessonError, match="mine") as caught:
        lesson(body)
    assert place in str(caught.value)


@pytest.mark.parametrize(
    "front",
    [
        "",
        "+++\n",
        "+++\ntitle = 3\n+++\n",
        FRONT.replace("title", "titel"),
        FRONT.replace('"percent"', '"per cent"'),
        FRONT.replace('remember = "One sentence."\n', ""),
        FRONT.replace("[measures", "locked = ['none']\n[measures"),
    ],
)
def test_a_front_that_cannot_be_read_is_refused(front: str) -> None:
    with pytest.raises(LessonError, match="mine"):
        lesson("## One\nText\n", front)


def test_files_that_are_no_lessons_are_refused(tmp_path: Path) -> None:
    binary, large = tmp_path / "binary.md", tmp_path / "large.md"
    binary.write_bytes(b"\xff\xfe\x00")
    large.write_text("x" * (LARGEST_BYTES + 1))
    for path in (binary, large, tmp_path / "missing.md", tmp_path):
        with pytest.raises(LessonError, match=path.name):
            read_lesson(path)


def test_a_lesson_is_found_by_its_name_or_its_file(tmp_path: Path) -> None:
    first = lesson_names()[0]
    assert load_lesson(short_name(first)) == load_lesson(first)
    path = tmp_path / "own.md"
    path.write_text(FRONT + "## One\nText\n")
    assert find_lesson(str(path)).name == "own"
    with pytest.raises(LessonError, match="none-such"):
        find_lesson("none-such")
