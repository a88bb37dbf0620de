"""The lesson that is open: it follows the runs of the session, and keeps how far its reader has come."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from gradviz.app.lessons.session_stage import SessionStage
from gradviz.app.session.session import Session
from gradviz.app.settings import Settings
from gradviz.lessons.lesson import Lesson
from gradviz.lessons.playing import Playing
from gradviz.lessons.progress import Progress

# how often a lesson looks whether the run that it waits for has got there
LOOK_MS = 200


class LessonPlayer(QObject):
    """Opens, turns the pages of and closes one lesson at a time.

    `changed` says that the page, what it waits for, or its numbers are others now; `restricted` carries the fields that
    the lesson locks, and those that it hides.
    """

    changed = Signal()
    restricted = Signal(object, object)

    def __init__(self, session: Session, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stage = SessionStage(session, self)
        self.progress = Progress.of_text(settings.lessons)
        self.playing: Playing | None = None
        self._session, self._settings = session, settings
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._moved)
        self.stage.begun.connect(self._begun)

    @property
    def lesson(self) -> Lesson | None:
        """The lesson that is open."""
        return self.playing.lesson if self.playing is not None else None

    def open(self, lesson: Lesson) -> None:
        """Open a lesson where it was left; from its beginning if its runs of that time are gone."""
        self.close()
        kept = self.progress.of(lesson.name)
        self.playing = Playing(lesson, self.stage)
        self.stage.title = lesson.title
        self.restricted.emit(lesson.locked, lesson.hidden)
        self.playing.recall(kept.guesses)
        there = kept.page < len(lesson.pages) and not kept.done
        page = kept.page if there and self.stage.recall(kept.runs) else 0
        if not page:
            self.stage.forget()
        elif kept.runs:
            latest = Path(kept.runs[max(kept.runs)])
            self._session.attempt(lambda: self._session.open(latest))
        self.turn_to(page)

    def close(self) -> None:
        """Close the lesson; how far it was read is kept."""
        self._keep()
        self._look.stop()
        self.playing = None
        self.restricted.emit((), ())
        self.stage.lit.emit(())
        self.stage.forget()
        self.changed.emit()

    def turn_to(self, page: int) -> None:
        """Turn to a page of the lesson, counted from 0."""
        if self.playing is not None and 0 <= page < len(self.playing.lesson.pages):
            self.playing.open(page)
            self._went_on()

    def next_page(self) -> None:
        """Turn to the next page."""
        if self.playing is not None:
            self.turn_to(self.playing.number + 1)

    def previous_page(self) -> None:
        """Turn to the page before."""
        if self.playing is not None:
            self.turn_to(self.playing.number - 1)

    def guess(self, option: int) -> None:
        """Choose an answer to the question that is open."""
        if self.playing is not None:
            self.playing.guess(option)
            self._went_on()

    def start(self) -> None:
        """Start the run that the page offers."""
        if self.playing is not None:
            self.playing.start()
            self._went_on()

    def repeat(self) -> None:
        """Begin the page again."""
        if self.playing is not None:
            self.playing.repeat()
            self._went_on()

    def decline(self) -> None:
        """Never offer the first lesson again."""
        self.progress.declined = True
        self._keep()
        self.changed.emit()

    def _begun(self) -> None:
        if self.playing is not None and self.playing.waiting == "start":
            # Start was pressed elsewhere in the window
            self.playing.begun_elsewhere()
            self._went_on()

    def _moved(self) -> None:
        if self.playing is not None and self.playing.moved():
            self._went_on()

    def _went_on(self) -> None:
        """Keep where the reader is, look for the run that is waited for, and tell what has changed."""
        assert self.playing is not None
        waiting = self.playing.waiting
        if waiting == "start":
            self.stage.expect(self.playing.next_run)
        if waiting == "run":
            self._look.start()
        else:
            self._look.stop()
        self._keep()
        self.changed.emit()

    def _keep(self) -> None:
        if self.playing is not None:
            kept = self.progress.of(self.playing.lesson.name)
            kept.page, kept.guesses, kept.runs = self.playing.number, self.playing.guesses, self.stage.paths
            kept.done = kept.done or self.playing.finished
        self._settings.lessons = self.progress.model_dump_json()
