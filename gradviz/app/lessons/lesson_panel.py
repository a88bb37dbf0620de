"""The dock of the lessons: the list of all, or the page of the one that is open."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QStackedWidget

from gradviz.app.failure import Failure
from gradviz.app.lessons.lesson_list import LessonList
from gradviz.app.lessons.lesson_page import LessonPage
from gradviz.app.lessons.lesson_player import LessonPlayer
from gradviz.errors import ExportError, LessonError, RecordingError
from gradviz.lessons.lesson import Lesson
from gradviz.lessons.library import find_lesson, lesson_names


class LessonPanel(QStackedWidget):
    """Shows one of the two; `failed` carries a Failure, `link_followed` an address in Help."""

    failed = Signal(object)
    link_followed = Signal(str)

    def __init__(self, player: LessonPlayer) -> None:
        super().__init__()
        self.player = player
        self.list = LessonList()
        self.page = LessonPage(player)
        self.addWidget(self.list)
        self.addWidget(self.page)
        self.list.wanted.connect(self.open_named)
        self.list.declined.connect(player.decline)
        self.list.file_wanted.connect(self._ask_for_file)
        self.page.left.connect(player.close)
        self.page.next_wanted.connect(self._open_next)
        self.page.link_followed.connect(self.link_followed)
        self.page.sheet_wanted.connect(self._ask_for_sheet)
        player.changed.connect(self._show)
        self._show()

    def open_named(self, name_or_file: str) -> None:
        """Open the lesson of that name, or in that file; say why it cannot be opened."""
        try:
            lesson = find_lesson(name_or_file)
        except LessonError as error:
            self.failed.emit(Failure.of(error))
        else:
            self.open(lesson)

    def open(self, lesson: Lesson) -> None:
        """Open a lesson."""
        self.player.open(lesson)

    def _open_next(self) -> None:
        lesson = self.player.lesson
        names = lesson_names()
        if lesson is not None and lesson.name in names[:-1]:
            self.open_named(names[names.index(lesson.name) + 1])
        else:
            self.player.close()

    def _ask_for_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a lesson", str(Path.home()), "Lessons (*.md)")
        if name:
            self.open_named(name)

    def save_sheet(self, path: Path) -> None:
        """Write the lesson that is open as a page to print; say why it cannot be written."""
        from gradviz.report.sheet import save_sheet

        playing = self.player.playing
        if playing is None:
            return
        try:
            save_sheet(path, playing, self.player.stage.runs())
        except (ExportError, RecordingError) as error:
            self.failed.emit(Failure.of(error))

    def _ask_for_sheet(self) -> None:
        lesson = self.player.lesson
        if lesson is None:
            return
        suggested = str(Path.home() / f"{lesson.name}.html")
        name, _ = QFileDialog.getSaveFileName(self, "Save the lesson as a page", suggested, "Pages (*.html)")
        if name:
            self.save_sheet(Path(name))

    def _show(self) -> None:
        if self.player.playing is None:
            self.list.show_progress(self.player.progress)
            self.setCurrentWidget(self.list)
        else:
            self.setCurrentWidget(self.page)
