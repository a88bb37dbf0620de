"""The Help menu: about, keyboard shortcuts, glossary."""

from __future__ import annotations

import platform

import PySide6
from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QFontDatabase, QIcon, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QTextBrowser, QVBoxLayout, QWidget

from gradviz import __version__
from gradviz.app.commands import COMMANDS
from gradviz.app.theme import application_icon
from gradviz.licences import third_party
from gradviz.resources import resource_path

GLOSSARY = (
    ("layer", "One step of the hidden stack, counted from 1 next to the input to the depth next to the output."),
    ("gradient norm", "Length (L2) of the loss gradient with respect to all weights of one layer."),
    (
        "activation gradient",
        "How much the loss of one sample would change if the output of a layer changed: root mean square over samples "
        "and units, so that batch size and width do not change it.",
    ),
    ("shortcut", "A path that carries a layer's input past the layer to its output."),
    ("residual branch", "The layers that a shortcut passes by; their result is added to it."),
    ("underflow", "A number too small for the precision becomes exactly zero, although mathematics says otherwise."),
    ("update ratio", "Length of an optimiser's step over the length of the weights it moves; about 0.001 is healthy."),
    ("probe", "What is measured per layer in every step."),
    ("frame", "Everything measured in one step. Step 0 is the network as initialised, before any update."),
    ("held-out", "Samples that the network never trains on; accuracy on them is what counts."),
    ("diverged", "The loss became infinite or not a number; nothing after that step can be trained."),
)


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


def shortcuts_dialog(parent: QWidget | None) -> TextDialog:
    """Return the list of all commands with their keys."""
    rows = "".join(
        f"<tr><td style='padding:3px 16px 3px 0'><b>{_keys(command.shortcut)}</b></td><td>{command.tip}</td></tr>"
        for command in COMMANDS
        if command.shortcut
    )
    in_plots = (
        ("← →", "In the heatmap, the curves and the playback: move the picked step (with Shift by ten)"),
        ("Page Up, Page Down", "There: a tenth of the run on and back; Home and End: to its first and last step"),
        ("Space", "There: play the run back, and hold it"),
        ("Click, drag", "In the heatmap and the curves: pick a step"),
        ("Wheel", "In a plot: zoom; drag with the middle button to move, with the right one to stretch an axis"),
        ("Right click", "In a plot: copy or export it, and what else it can do"),
    )
    rows += "".join(
        f"<tr><td style='padding:3px 16px 3px 0'><b>{key}</b></td><td>{tip}</td></tr>" for key, tip in in_plots
    )
    return TextDialog("Keyboard shortcuts", f"<table>{rows}</table>", parent, QSize(720, 640))


def glossary_dialog(parent: QWidget | None) -> TextDialog:
    """Return the words on screen and what they mean."""
    html = "".join(f"<p><b>{word}</b><br>{meaning}</p>" for word, meaning in GLOSSARY)
    return TextDialog("Glossary", html, parent, QSize(560, 560))


def _keys(shortcut: str) -> str:
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
