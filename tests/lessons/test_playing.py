"""How a lesson goes on: what it waits for, what it shows, and what it remembers."""

from collections.abc import Sequence

from gradviz.commands.lessons import PlainStage
from gradviz.lessons.lesson import Lesson, Text
from gradviz.lessons.parse import parse_lesson
from gradviz.lessons.playing import NOT_MEASURED, Met, Playing, Shown, Verified
from gradviz.lessons.progress import Progress

TEXT = """\
+++
title = "A title"
about = "What it is about"
remember = "One sentence."
[measures.loss]
of = "loss"
spot = { step = "first" }
[measures.second]
of = "loss"
spot = { step = "first", run = 2 }
+++
## One
@preset sigmoid-3 depth=2 width=4 steps=1
@light heatmap
@ask How large is the loss?
@option loss < 0.5 | small
@option loss >= 0.5 | large
Before.
@start
@wait end
@answer
It is {=loss}, and then {=second}.
@check loss > 1 | more than 1 | not more than 1
## Two
@set depth=1
@start
@wait 0
{=loss}
"""


def lesson() -> Lesson:
    return parse_lesson(TEXT, "mine")


class Lamps(PlainStage):
    """Keeps what was lit up."""

    def __init__(self) -> None:
        super().__init__()
        self.lit: list[tuple[str, ...]] = []

    def light(self, places: Sequence[str]) -> None:
        self.lit.append(tuple(places))


def test_a_page_waits_for_the_guess_and_for_start() -> None:
    stage = Lamps()
    playing = Playing(lesson(), stage)
    playing.open(0)
    assert stage.lit == [(), ("heatmap",)]
    assert playing.waiting == "guess"
    playing.start()
    assert playing.waiting == "guess"
    playing.guess(5)
    assert playing.waiting == "guess"
    playing.guess(0)
    assert playing.waiting == "start"
    assert [item for item in playing.seen() if isinstance(item, Text)] == [Text("Before.")]
    playing.start()
    assert playing.page_done
    assert not playing.finished


def test_numbers_guesses_and_checks_are_filled_in_from_the_run() -> None:
    stage = PlainStage()
    playing = Playing(lesson(), stage)
    playing.open(0)
    playing.guess(0)
    playing.start()
    ask, before, run, met, text, check = playing.seen()
    loss = stage.runs()[1].loss(0)
    assert isinstance(ask, Met)
    assert (ask.chosen, ask.right) == (0, None)
    assert before == Text("Before.")
    assert run == Shown(1, "")
    assert isinstance(met, Met)
    assert (met.chosen, met.right) == (0, 1)
    assert text == Text(f"It is {loss:.3g}, and then {NOT_MEASURED}.")
    assert isinstance(check, Verified)
    assert check.holds
    assert check.words == "more than 1"


def test_a_page_speaks_of_the_run_before_it_also_when_there_are_later_ones() -> None:
    stage = PlainStage()
    playing = Playing(lesson(), stage)
    playing.open(0)
    playing.guess(1)
    playing.start()
    playing.open(1)
    playing.start()
    assert playing.finished
    first, second = (stage.runs()[number].loss(0) for number in (1, 2))
    assert playing.seen() == [Shown(2, ""), Text(f"{second:.3g}")]
    playing.open(0)
    assert Text(f"It is {first:.3g}, and then {second:.3g}.") in playing.seen()


def test_a_page_can_be_begun_again_and_keeps_its_guess() -> None:
    playing = Playing(lesson(), PlainStage())
    playing.open(0)
    playing.guess(1)
    playing.start()
    playing.repeat()
    assert playing.waiting == "start"
    assert playing.guesses == {0: {1: 1}} or list(playing.guesses[0].values()) == [1]


def test_guesses_that_do_not_fit_are_left_out() -> None:
    playing = Playing(lesson(), PlainStage())
    playing.recall({0: {2: 1, 0: 0}, 7: {0: 0}, -1: {0: 0}})
    playing.recall({0: {2: 9}})
    assert playing.guesses == {0: {2: 1}}


def test_progress_survives_as_text_and_a_broken_one_is_a_fresh_one() -> None:
    progress = Progress()
    assert progress.untouched
    progress.of("mine").guesses = {0: {2: 1}}
    progress.of("mine").runs = {1: "a.gradviz"}
    again = Progress.of_text(progress.model_dump_json())
    assert again == progress
    assert not again.untouched
    for broken in ("", "{", '{"lessons": 3}', '{"lessons": {"mine": {"page": "x"}}}'):
        assert Progress.of_text(broken) == Progress()
