"""The page of a lesson: its text, and below it what the reader can do now."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.lessons.lesson_browser import LessonBrowser
from gradviz.app.lessons.lesson_player import LessonPlayer
from gradviz.app.lessons.lesson_text import page_markdown
from gradviz.lessons.lesson import Ask
from gradviz.lessons.playing import Playing

GAP_PX = 8
# of what is read: on a small screen the form below the lesson gives way to it
LEAST_TEXT_PX = 170


class LessonPage(QWidget):
    """Shows the page that is open; its buttons guess, start, and turn the pages.

    `link_followed` carries the address of a link in the text, `left` says that the reader goes back to the list,
    `next_wanted` that he has finished the lesson and wants the next one, and `sheet_wanted` that he wants to print it.
    """

    link_followed = Signal(str)
    left = Signal()
    next_wanted = Signal()
    sheet_wanted = Signal()

    def __init__(self, player: LessonPlayer) -> None:
        super().__init__()
        self._player = player
        self._where = QLabel()
        self._where.setToolTip("The lesson that is open, and its page")
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(4)
        self._progress.setToolTip("Share of the lesson that has been read")
        self.text = LessonBrowser()
        self.text.anchorClicked.connect(lambda url: self.link_followed.emit(url.toString()))
        self.text.setToolTip("What this page has to tell; links lead to the glossary")
        self.question = QLabel()
        self.question.setToolTip("Guess before it is measured; the guess is met again")
        self.question.setWordWrap(True)
        self.options: list[QPushButton] = []
        self.start = self._button("&Train this network", "Start the run of this page", player.start)
        self.repeat = self._button(
            "Set up a&gain", "Begin this page again, with the experiment it is about", player.repeat
        )
        self.contents = self._button("&All lessons", "Leave the lesson; it is kept where it is", self.left.emit)
        self.sheet = self._button(
            "&Sheet…", "Save the lesson with your guesses and runs as a page to print", self.sheet_wanted.emit
        )
        self.back = self._button("&Back", "Turn to the page before", player.previous_page)
        self.forward = self._button("&Next", "Turn to the next page", self._go_forward)
        self.area = QScrollArea()
        self.area.setToolTip("What this page has to tell")
        self._waiting = QLabel("The run is under way …")
        self._waiting.setToolTip("The page goes on when the run has got there")
        self._lay_out()
        self._asked: tuple[int, Ask] | None = None
        self._read: tuple[str, int] | None = None
        player.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the page as it stands."""
        playing = self._player.playing
        if playing is None:
            return
        pages = len(playing.lesson.pages)
        self._where.setText(f"{playing.lesson.title}  ·  page {playing.number + 1} of {pages}")
        self._progress.setRange(0, pages)
        self._progress.setValue(playing.number + playing.page_done)
        self.text.show_text(page_markdown(playing))
        if self._read != (page := (playing.lesson.name, playing.number)):
            self._read = page
            self.area.verticalScrollBar().setValue(0)
        self._show_question(playing)
        self.start.setVisible(playing.waiting == "start")
        self._waiting.setVisible(playing.waiting == "run")
        self.back.setEnabled(playing.number > 0)
        last = playing.number == pages - 1
        self.forward.setText("&Next lesson" if last else "&Next")
        self.forward.setEnabled(playing.page_done)
        self.sheet.setVisible(playing.finished)
        self.repeat.setVisible(not playing.finished)
        for button in (self.start, self.forward):
            button.setDefault(button.isEnabled() and button.isVisible())

    def _show_question(self, playing: Playing) -> None:
        ask = playing.question
        place = None if ask is None else (playing.number, ask)
        if place == self._asked:
            return
        self._asked = place
        for button in self.options:
            button.deleteLater()
        self.options = []
        self.question.setVisible(ask is not None)
        if ask is None:
            return
        self.question.setText(f"<b>Guess first.</b> {ask.question}")
        for number, option in enumerate(ask.options):
            button = self._button(option.words, "Choose this answer", partial(self._player.guess, number))
            button.setStyleSheet("text-align: left; padding: 3px 6px;")
            self.options.append(button)
            self._answers.addWidget(button)

    def _go_forward(self) -> None:
        playing = self._player.playing
        if playing is not None and playing.finished:
            self.next_wanted.emit()
        else:
            self._player.next_page()

    def _button(self, words: str, tip: str, act: object) -> QPushButton:
        button = QPushButton(words)
        button.setToolTip(tip)
        button.clicked.connect(lambda _checked=False: act())  # type: ignore[operator]
        return button

    def _scrolled(self) -> QScrollArea:
        """Return text, question and answers, one below the other."""
        content = QWidget()
        content.setBackgroundRole(QPalette.ColorRole.Base)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, GAP_PX)
        column.setSpacing(GAP_PX)
        asked = QVBoxLayout()
        asked.setContentsMargins(GAP_PX, 0, GAP_PX, 0)
        asked.addWidget(self.question)
        asked.addLayout(self._answers)
        column.addWidget(self.text)
        column.addLayout(asked)
        column.addStretch(1)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setMinimumHeight(LEAST_TEXT_PX)
        self.area.setWidget(content)
        self.area.setBackgroundRole(QPalette.ColorRole.Base)
        return self.area

    def _lay_out(self) -> None:
        # a long title gives way; the column is no wider than the form needs it
        self._where.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._where.setWordWrap(True)
        self._where.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._answers = QVBoxLayout()
        turning = QHBoxLayout()
        for widget in (self.contents, self.sheet):
            turning.addWidget(widget)
        turning.addStretch(1)
        for widget in (self.back, self.forward):
            turning.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        column.setSpacing(GAP_PX)
        heading = QHBoxLayout()
        heading.addWidget(self._where, 1)
        heading.addWidget(self.repeat)
        column.addLayout(heading)
        column.addWidget(self._progress)
        column.addWidget(self._scrolled(), 1)
        column.addWidget(self.start)
        column.addWidget(self._waiting)
        column.addLayout(turning)
