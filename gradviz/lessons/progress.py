"""How far somebody has come with the lessons, as text that is kept between two starts."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class LessonProgress(BaseModel):
    """How far one lesson has been read.

    `page` is the one that was open, counted from 0. `guesses` are the options chosen, by page and place on it; `runs`
    the files of its runs, by number. `done`: it has been read to its end once.
    """

    model_config = ConfigDict(extra="ignore")

    page: int = 0
    guesses: dict[int, dict[int, int]] = {}
    runs: dict[int, str] = {}
    done: bool = False


class Progress(BaseModel):
    """How far all lessons have been read, by name; and whether the first was declined when it was offered."""

    model_config = ConfigDict(extra="ignore")

    lessons: dict[str, LessonProgress] = {}
    declined: bool = False

    @classmethod
    def of_text(cls, text: str) -> Progress:
        """Return the progress that `text` holds; a fresh one where it holds none."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return cls()

    @property
    def untouched(self) -> bool:
        """Whether no lesson has been begun, nor the offer declined."""
        return not self.lessons and not self.declined

    def of(self, name: str) -> LessonProgress:
        """Return how far the lesson `name` has been read."""
        return self.lessons.setdefault(name, LessonProgress())

    def done(self, name: str) -> bool:
        """Return whether the lesson `name` has been read to its end once."""
        return name in self.lessons and self.lessons[name].done

    def begun(self, name: str) -> bool:
        """Return whether the lesson `name` has been begun and not been finished."""
        return name in self.lessons and not self.lessons[name].done
