"""Every lesson that comes with gradviz: its checks hold for the right run, and each fails for a wrong one."""

import re

import pytest
from spellchecker import SpellChecker
from trained_runs import events_of

from gradviz.commands.lessons import played
from gradviz.lessons.formulas import FOLDER, formulas_in, picture_name
from gradviz.lessons.lesson import Ask, Check, Start, Text
from gradviz.lessons.library import lesson_names, load_lesson
from gradviz.resources import resource_path

LESSONS = lesson_names()
# terms of the field, and spellings of British English, that the word list lacks
KNOWN = frozenset(
    {"behaviour", "colour", "heatmap", "initialisation", "normalisation", "pytorch", "recognised", "relu", "sigmoids"}
)
MOST_WORDS = 700


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_what_it_needs(name: str) -> None:
    items = [item for page in load_lesson(name).pages for item in page.items]
    for kind in (Ask, Start, Check, Text):
        assert any(isinstance(item, kind) for item in items), kind
    assert load_lesson(name).otherwise
    assert load_lesson(name).words <= MOST_WORDS


@pytest.mark.parametrize("name", LESSONS)
def test_no_check_holds_whatever_is_trained(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right runs are played through the window, in tests/app."""
    # what is wrong with one run of a lesson often makes it another one of this or the next lesson
    monkeypatch.setattr("gradviz.training.loop.train", events_of)
    lesson = load_lesson(name)
    wrong = [[holds for _, holds in played(lesson, otherwise)] for otherwise in lesson.otherwise]
    assert [all(each) for each in zip(*wrong, strict=True)] == [False] * len(wrong[0])


def test_every_formula_is_drawn() -> None:
    texts = [resource_path(f"lessons/{name}.md").read_text(encoding="utf-8") for name in LESSONS]
    wanted = {picture_name(formula) for text in texts for formula in formulas_in(text)}
    assert {path.name for path in resource_path(FOLDER).glob("*.svg")} == wanted


def test_the_numbers_in_texts_are_measured() -> None:
    """What a run shows is filled in: no text tells a percentage, but for chance and the sizes of a question."""
    for name in LESSONS:
        for page in load_lesson(name).pages:
            told = [item.markdown for item in page.items if isinstance(item, Text)]
            assert {share for text in told for share in re.findall(r"\d+(?:\.\d+)?%", text)} <= {"10%"}, page.title


def test_spelling() -> None:
    checker = SpellChecker()
    for name in LESSONS:
        text = resource_path(f"lessons/{name}.md").read_text(encoding="utf-8")
        text = re.sub(r"(?ms)\A\+\+\+.*?^\+\+\+", "", text)
        text = re.sub(r"(?m)^@(?:option|check) [^|]*\||^@(?!ask|option|check).*$|^@ask", "", text)
        text = re.sub(r"\$\$.*?\$\$|`[^`]*`|\{=[a-z_]+\}", "", text)
        assert checker.unknown(re.findall(r"[A-Za-z]+", text)) - KNOWN == set(), name
