"""A lesson as a page: complete, well-formed, and with nothing of a stranger's lesson in it that acts."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from gradviz.commands.lessons import PlainStage, play
from gradviz.errors import ExportError
from gradviz.lessons.lesson import Lesson
from gradviz.lessons.parse import parse_lesson
from gradviz.report.sheet import save_sheet, sheet

TEXT = """\
+++
title = "A <title> & more"
about = "<script>alert(1)</script>"
remember = "One *sentence*."
[measures.loss]
of = "loss"
+++
## One
@preset sigmoid-3 depth=2 width=4 steps=2
@ask How large is the <b>loss</b>?
@option loss < 0.1 | small <i>
@option loss >= 0.1 | large
$$\\mathrm{output} = x + F(x)$$
<img src=x onerror=alert(1)> and [a link](javascript:alert(1))
@show unchanged_fraction
@start
@wait end
@answer
It is {=loss}.
@check loss > 0.1 | yes | no
"""


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return parse_lesson(TEXT, "mine")


def parsed(page: str) -> ElementTree.Element:
    return ElementTree.fromstring(page.partition("\n")[2])


def test_a_sheet_has_the_texts_the_runs_and_the_guesses(lesson: Lesson) -> None:
    stage = PlainStage()
    page = parsed(sheet(play(lesson, stage), stage.runs()))
    words = " ".join(page.itertext())
    assert f"It is {stage.runs()[1].loss(2):.3g}." in words
    assert "\u2612 small <i>" in words
    assert [each.text for each in page.iter("strong")] == ["large"]
    assert len([each for each in page.iter("svg") if each.get("class") == "heatmap"]) == 1
    # heatmap, loss, accuracy
    assert len(list(page.iter("figure"))) >= 3
    # the formula, drawn
    assert len(list(page.iter("{http://www.w3.org/2000/svg}svg"))) == 1


def test_a_sheet_for_a_class_leaves_its_questions_open(lesson: Lesson) -> None:
    stage = PlainStage()
    words = " ".join(parsed(sheet(play(lesson, stage), stage.runs(), answered=False)).itertext())
    assert "\u2612" not in words
    assert words.count("\u2610") == 4


def test_nothing_in_a_lesson_becomes_a_part_of_the_page_that_acts(lesson: Lesson) -> None:
    stage = PlainStage()
    page = parsed(sheet(play(lesson, stage), stage.runs()))
    assert not list(page.iter("script"))
    assert not list(page.iter("img"))
    assert not [each for each in page.iter() for name in each.attrib if name.startswith("on")]
    assert not [each for each in page.iter("a") if not re.match("#|glossary", each.get("href", ""))]


def test_a_sheet_is_a_page_and_nothing_else(lesson: Lesson, tmp_path: Path) -> None:
    playing = play(lesson, PlainStage())
    with pytest.raises(ExportError, match=r"\.html"):
        save_sheet(tmp_path / "sheet.txt", playing, {})
    with pytest.raises(ExportError):
        save_sheet(tmp_path / "missing" / "sheet.html", playing, {})
    save_sheet(tmp_path / "sheet.html", playing, {})
    assert (tmp_path / "sheet.html").exists()
