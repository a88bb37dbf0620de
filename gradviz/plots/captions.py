"""Lines of text around a plot that wrap where they do not fit: its title and the key to its marks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import pyqtgraph as pg

from gradviz.plots.style import Style

KeyEntry = tuple[str, str, str]


class Caption(pg.LabelItem):  # type: ignore[misc]
    """Text as wide as the plot below it, and as high as it then needs."""

    def __init__(self, size_pt: int = 9, bold: bool = False) -> None:
        self._content = ("", "")
        super().__init__("", justify="left", size=f"{size_pt}pt", bold=bold)

    def show_text(self, text: str, colour: str) -> None:
        """Show plain text in one colour."""
        self._show(escape(text), colour)

    def show_key(self, entries: Sequence[KeyEntry], style: Style) -> None:
        """Show what marks mean: for each entry a mark, its colour and the words, kept together in one line."""
        parts = [
            f"<span style='color: {colour}'>{mark}</span>&nbsp;{escape(words).replace(' ', '&nbsp;')}"
            for mark, colour, words in entries
        ]
        self._show(" &nbsp; ".join(parts), style.foreground)

    def resizeEvent(self, event: Any) -> None:
        """Wrap to the new width."""
        self.item.setTextWidth(max(self.width(), 1.0))
        super().resizeEvent(event)

    def updateMin(self) -> None:
        """Ask for the height that the wrapped text needs, and for no width at all."""
        self.setMinimumWidth(0)
        height = self.item.boundingRect().height()
        if height != self.minimumHeight():
            self.setMinimumHeight(height)
            self.setMaximumHeight(height)
            self.updateGeometry()

    def _show(self, html: str, colour: str) -> None:
        if (html, colour) != self._content:
            self._content = (html, colour)
            self.setText(html, color=colour)
