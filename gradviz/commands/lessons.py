"""`gradviz lessons`: lists the lessons, checks those of a person's own, and plays them without a window."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from gradviz.errors import LessonError
from gradviz.experiment import Experiment
from gradviz.lessons.lesson import Lesson, SetUp
from gradviz.lessons.library import SUFFIX, find_lesson, lesson_names, load_lesson, short_name
from gradviz.lessons.parse import experiment_of
from gradviz.lessons.playing import Playing, Verified
from gradviz.recording.history import History

FAILED = 1
WORDS_PER_MINUTE = 200


def list_lessons() -> int:
    """Print name, title and reading time of every lesson, in their order."""
    names = [short_name(name) for name in lesson_names()]
    indent = max(map(len, names), default=0) + 2
    for name in names:
        lesson = load_lesson(name)
        print(f"{name:{indent}}{lesson.title} ({reading_minutes(lesson)} min)")
    return 0


def check_lessons(wanted: Sequence[str], *, play: bool = False) -> int:
    """Say of each lesson (name, file or folder; none: all that come with gradviz) whether it can be used.

    With `play` its runs are trained and its checks made. Returns 0 if all is well, 1 if not.
    """
    status = 0
    for each in _spread(wanted):
        try:
            lesson = find_lesson(each)
        except LessonError as error:
            print(error)
            status = FAILED
            continue
        print(f"{short_name(lesson.name)}: {len(lesson.pages)} pages, {lesson.words} words")
        if play and not all(holds for _, holds in _told(played(lesson))):
            status = FAILED
    return status


def reading_minutes(lesson: Lesson) -> int:
    """Return the minutes that reading takes at a calm pace."""
    return max(1, round(lesson.words / WORDS_PER_MINUTE))


def played(lesson: Lesson, otherwise: Mapping[str, str] | None = None) -> list[tuple[str, bool]]:
    """Play a lesson to its end; return (what a check says, whether it holds) of each, in order.

    Every question is answered with its first option. `otherwise` are fields that differ from what it sets up.
    """
    return checks_of(play(lesson, PlainStage(otherwise)))


def write_sheet(name: str, path: Path) -> int:
    """Play a lesson and write it as a printable page, its questions left open. Raises LessonError, ExportError."""
    from gradviz.report.sheet import save_sheet

    stage = PlainStage()
    save_sheet(path, play(find_lesson(name), stage), stage.runs(), answered=False)
    print(f"wrote {path}")
    return 0


def play(lesson: Lesson, stage: PlainStage) -> Playing:
    """Play a lesson to its end."""
    playing = Playing(lesson, stage)
    for number in range(len(lesson.pages)):
        playing.open(number)
        while not playing.page_done:
            match playing.waiting:
                case "guess":
                    playing.guess(0)
                case "start":
                    playing.start()
                case _:
                    raise AssertionError("a run that is trained at once is never waited for")
    return playing


def checks_of(playing: Playing) -> list[tuple[str, bool]]:
    """Return (what a check says, whether it holds) of each in a lesson that was played, in order."""
    found = []
    for number in range(len(playing.lesson.pages)):
        playing.number = number
        found += [(seen.words, bool(seen.holds)) for seen in playing.seen() if isinstance(seen, Verified)]
    return found


class PlainStage:
    """Trains what a lesson sets up, at once and to the end, and shows nothing."""

    def __init__(self, otherwise: Mapping[str, str] | None = None) -> None:
        self._experiment = Experiment()
        self._otherwise = SetUp("", otherwise or {})
        self._runs: dict[int, History] = {}

    def set_up(self, order: SetUp) -> None:
        """Set up an experiment."""
        self._experiment = experiment_of(order, self._experiment)

    def start(self, number: int) -> None:
        """Train what is set up, to its end."""
        # loads torch, which listing and checking do without
        from gradviz.training.loop import train

        self._runs[number] = History.of(train(experiment_of(self._otherwise, self._experiment)))

    def pick_step(self, step: int | None) -> None:
        """Nothing is shown."""

    def pick_layer(self, row: int) -> None:
        """Nothing is shown."""

    def show(self, quantity: str) -> None:
        """Nothing is shown."""

    def bring(self, panel: str) -> None:
        """Nothing is shown."""

    def light(self, places: Sequence[str]) -> None:
        """Nothing is shown."""

    def runs(self) -> Mapping[int, History]:
        """Return the runs so far."""
        return self._runs

    def has_come_to(self, step: int | None) -> bool:
        """Return True: a run has ended before `start` returns."""
        return True


def _told(checks: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    for words, holds in checks:
        print(textwrap.indent(f"{'✓' if holds else '✗'} {words}", "  "))
    return checks


def _spread(wanted: Sequence[str]) -> list[str]:
    """Return names and files; a folder stands for the lessons in it."""
    if not wanted:
        return list(lesson_names())
    found: list[str] = []
    for each in wanted:
        path = Path(each)
        found += [str(file) for file in sorted(path.glob(f"*{SUFFIX}"))] if path.is_dir() else [each]
    return found
