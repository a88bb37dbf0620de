"""The lessons as a part of the window: the panel, and what their orders reach."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from gradviz.app.lessons.lesson_panel import LessonPanel
from gradviz.app.lessons.lesson_player import LessonPlayer
from gradviz.app.lessons.spotlight import Spotlight
from gradviz.app.session.session import Session
from gradviz.app.settings import Settings


class Lessons(QObject):
    """Puts the lessons together for one window.

    `widget_of` returns the widget at a place of a lesson, None where there is none; `bring` brings a panel to the
    front.
    """

    def __init__(
        self,
        window: QWidget,
        session: Session,
        settings: Settings,
        widget_of: Callable[[str], QWidget | None],
        bring: Callable[[str], None],
    ) -> None:
        super().__init__(window)
        self.player = LessonPlayer(session, settings, self)
        self.panel = LessonPanel(self.player)
        self.spotlight = Spotlight(window)
        self._widget_of, self._bring = widget_of, bring
        self.player.stage.panel_wanted.connect(bring)
        self.player.stage.lit.connect(self._light)

    def offer(self) -> None:
        """Bring the lessons to the front at the very first start."""
        if self.player.progress.untouched:
            self._bring("lessons")

    def open(self, name_or_file: str) -> None:
        """Open a lesson by its name or file, and bring it to the front."""
        self._bring("lessons")
        self.panel.open_named(name_or_file)

    def _light(self, places: tuple[str, ...]) -> None:
        found = [self._widget_of(place) for place in places]
        self.spotlight.light([widget for widget in found if widget is not None])
