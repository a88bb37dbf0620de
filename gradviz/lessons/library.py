"""The lessons that come with gradviz, in the order in which they build on each other."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gradviz.errors import LessonError
from gradviz.lessons.lesson import Lesson
from gradviz.lessons.parse import read_lesson
from gradviz.resources import resource_path

SUFFIX = ".md"


def lesson_names() -> tuple[str, ...]:
    """Return the names of all lessons, first to last; a number at the front of each file's name gives the order."""
    return tuple(sorted(path.stem for path in resource_path("lessons").glob(f"*{SUFFIX}")))


@cache
def load_lesson(name: str) -> Lesson:
    """Return the lesson `name`, with or without the number at its front. Raises LessonError naming those there are."""
    for each in lesson_names():
        if name in (each, short_name(each)):
            return read_lesson(resource_path(f"lessons/{each}{SUFFIX}"))
    raise LessonError(f"there is no lesson {name!r}; the lessons are {', '.join(map(short_name, lesson_names()))}")


def find_lesson(name_or_file: str) -> Lesson:
    """Return the lesson of that name, or the one in that file. Raises LessonError."""
    path = Path(name_or_file)
    return read_lesson(path) if path.suffix.lower() == SUFFIX else load_lesson(name_or_file)


def short_name(name: str) -> str:
    """Return the name of a lesson without the number at its front."""
    number, _, rest = name.partition("-")
    return rest if number.isdecimal() and rest else name
