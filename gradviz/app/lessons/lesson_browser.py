"""The text of a page: Markdown with formulas, whose links lead to the glossary."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, Qt, QUrl
from PySide6.QtGui import QImage, QPainter, QPalette, QResizeEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFrame, QTextBrowser

from gradviz.app.lessons.lesson_text import PICTURES
from gradviz.app.prose import arrange
from gradviz.lessons.formulas import COLOUR, FOLDER
from gradviz.resources import resource_path

MARGIN_PX = 14
# what a formula of one line is enlarged by beside the text
FORMULA_SCALE = 1.25


class LessonBrowser(QTextBrowser):
    """Shows the text of one page; `anchorClicked` says which link was followed."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.setAccessibleName("Text of the lesson")
        self.setFrameShape(QFrame.Shape.NoFrame)
        # it is as high as its text; what is around it scrolls
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._text = ""

    def show_text(self, markdown: str) -> None:
        """Show a page, as high as it needs to be."""
        if markdown != self._text:
            self._text = markdown
            self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines anew; called by Qt."""
        super().resizeEvent(event)
        self._fit()

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Return the picture of a formula in the colour of the text; nothing else is ever loaded."""
        address = QUrl(name).toString()
        if not address.startswith(PICTURES):
            return QByteArray()
        return self._picture(address.removeprefix(PICTURES).strip("/"))

    def changeEvent(self, event: QEvent) -> None:
        """Take over new colours."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self._text:
            self._lay_out()

    def _lay_out(self) -> None:
        # pictures are kept by address, and would keep their colour
        self.document().clear()
        self.setMarkdown(self._text)
        arrange(self.document(), self.palette(), MARGIN_PX)
        self._fit()

    def _fit(self) -> None:
        height = math.ceil(self.document().size().height()) + 2 * self.frameWidth()
        if height != self.height():
            self.setFixedHeight(height)

    def _picture(self, name: str) -> QImage | QByteArray:
        try:
            source = resource_path(f"{FOLDER}/{name}").read_text(encoding="utf-8")
        except (OSError, ValueError):
            # a lesson of a person's own: its formulas are shown as they are written
            return QByteArray()
        colour = self.palette().color(QPalette.ColorRole.Text).name()
        renderer = QSvgRenderer(QByteArray(source.replace(COLOUR, colour).encode()))
        ratio = self.devicePixelRatioF()
        size = renderer.defaultSize() * FORMULA_SCALE
        image = QImage(size * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        image.setDevicePixelRatio(ratio)
        return image
