"""About gradviz: version, credits and licences."""

from __future__ import annotations

import platform

import PySide6
from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QFontDatabase, QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QTextBrowser, QVBoxLayout, QWidget

from gradviz import __version__
from gradviz.app.theme import application_icon
from gradviz.licences import third_party
from gradviz.resources import resource_path


class TextDialog(QDialog):
    """A page of rich text to read and close."""

    def __init__(
        self, title: str, html: str, parent: QWidget | None, size: QSize, picture: QIcon | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(size)
        column = QVBoxLayout(self)
        row = QHBoxLayout()
        if picture is not None:
            badge = QLabel()
            badge.setPixmap(picture.pixmap(72, 72))
            badge.setContentsMargins(8, 8, 8, 8)
            row.addWidget(badge)
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.setHtml(html)
        row.addWidget(self.text, 1)
        column.addLayout(row)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)


def about_dialog(parent: QWidget | None) -> TextDialog:
    """Return the About box: version, what it stands on, credit for the data."""
    # slow to load, and needed for its version alone
    import pyqtgraph

    credit = resource_path("data/digits.txt").read_text(encoding="utf-8")
    html = (
        f"<h2>gradviz {__version__}</h2>"
        "<p>See why deep networks stop learning: the gradient of every layer at every step.</p>"
        f"<p>Python {platform.python_version()}, Qt {qVersion()} through PySide6 {PySide6.__version__} (LGPL-3.0), "
        f"pyqtgraph {pyqtgraph.__version__} (MIT), PyTorch (BSD-3-Clause), NumPy (BSD-3-Clause), "
        "Pillow (MIT-CMU), pydantic (MIT).</p>"
        "<p>gradviz is free software under the MIT licence.</p>"
        f"<h3>Handwritten digits</h3><p>{credit}</p>"
    )
    dialog = TextDialog("About gradviz", html, parent, QSize(560, 380), application_icon())
    button = dialog.buttons.addButton("Third-party licences", QDialogButtonBox.ButtonRole.ActionRole)
    button.setToolTip("The licences of everything by others that gradviz is made of")
    button.setAutoDefault(False)
    # the page stands in front of this box, and goes with it
    button.clicked.connect(lambda: licences_dialog(dialog).open())
    return dialog


def licences_dialog(parent: QWidget | None) -> TextDialog:
    """Return the licences of everything by others that gradviz is made of, with their texts."""
    dialog = TextDialog("Third-party licences", "", parent, QSize(760, 640))
    dialog.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    dialog.text.setPlainText(third_party())
    return dialog
