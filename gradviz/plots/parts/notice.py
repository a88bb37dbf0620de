"""A sentence in the middle of a plot that has nothing to show."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg

from gradviz.plots.parts.style import Style

NO_RUN = "Press Start (Ctrl+R) to train the network and watch its layers."
NO_STEP_YET = "The network is being built; its first step comes in a moment."


class Notice:
    """Words over `view_box`, shown only while there is something to say."""

    def __init__(self, view_box: Any) -> None:
        self._view_box = view_box
        self._item = pg.TextItem("", anchor=(0.5, 0.5))
        self._item.setParentItem(view_box)
        self._text = ""
        view_box.sigResized.connect(self._centre)

    @property
    def text(self) -> str:
        """What is being said; empty if nothing."""
        return self._text

    def say(self, text: str) -> None:
        """Show `text`; nothing if it is empty."""
        if text != self._text:
            self._text = text
            self._item.setText(text)
            self._item.setVisible(bool(text))
            self._centre()

    def apply_style(self, style: Style) -> None:
        """Recolour the words."""
        self._item.setColor(style.muted)

    def _centre(self) -> None:
        self._item.setTextWidth(max(min(self._view_box.width() - 20, 420), 40))
        self._item.setPos(self._view_box.boundingRect().center())
