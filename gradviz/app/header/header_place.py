"""Where the header stands, across the whole window: there from the first moment, and of one height ever after."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QPalette
from PySide6.QtWidgets import QFrame, QMainWindow, QSizePolicy, QToolBar, QToolButton, QVBoxLayout, QWidget

from gradviz.app.theme import GRID_PX, Type, font_of


class HeaderPlace(QFrame):
    """High enough for two large lines and a small one. `fill` brings the header, once its libraries are loaded."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__()
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        lines = 2 * QFontMetrics(font_of(Type.LARGE, bold=True)).lineSpacing()
        self.setFixedHeight(lines + QFontMetrics(font_of(Type.SMALL)).lineSpacing() + 5 * GRID_PX)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        bar = QToolBar("Verdict", window)
        bar.setObjectName("header")
        bar.setMovable(False)
        bar.setFloatable(False)
        bar.toggleViewAction().setVisible(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addWidget(self)
        if spare := bar.findChild(QToolButton, "qt_toolbar_ext_button"):
            # Qt shows it where a window is narrower than the header, which no window of this program can be
            spare.setToolTip("Show the verdict")
            spare.setAccessibleName("show the verdict")
        window.addToolBar(Qt.ToolBarArea.TopToolBarArea, bar)

    def fill(self, header: QWidget) -> None:
        """Show the header."""
        self._column.addWidget(header)
