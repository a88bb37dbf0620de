"""What to export, in which form, at which size, and where to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.settings import Settings

BASE_DPI = 96
PICTURE_FORMS = {
    "png": "PNG picture",
    "svg": "SVG, scalable, text as text",
    "pdf": "PDF, scalable, text as text",
}
TABLE_FORMS = {
    "csv": "CSV, one row per step and layer",
    "npz": "NPZ, NumPy arrays [steps, layers]",
}
SCALES = {1: "screen", 2: "slides", 3: "print", 4: "poster"}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One export: `what` is a plot's name, `board` or `data`; `scale` multiplies the pixels of a PNG."""

    what: str
    path: Path
    scale: int

    @property
    def is_table(self) -> bool:
        """Whether numbers are wanted rather than a picture."""
        return self.what == "data"


class ExportDialog(QDialog):
    """Asks for an ExportRequest; `request()` after it was accepted."""

    def __init__(
        self, subjects: Mapping[str, str], settings: Settings, stem: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self._settings = settings
        self._sizes: Mapping[str, str] = subjects
        self.what = QComboBox()
        for name in subjects:
            self.what.addItem(_title(name), name)
        self.form = QComboBox()
        self.scale = QComboBox()
        for factor, use in SCALES.items():
            self.scale.addItem(f"{factor} × ({BASE_DPI * factor} dpi, {use})", factor)
        self.scale.setCurrentIndex(1)
        self.path = QLineEdit(str(settings.export_folder / f"{stem}.png"))
        self.path.setMinimumWidth(360)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
        self.what.currentIndexChanged.connect(self._subject_changed)
        self.form.currentIndexChanged.connect(self._form_changed)
        self._subject_changed()

    def request(self) -> ExportRequest:
        """Return what the person asked for; the file name ends as the form wants it."""
        path = Path(self.path.text().strip()).expanduser()
        suffix = f".{self.form.currentData()}"
        if path.suffix.lower() != suffix:
            path = path.with_name(path.name + suffix)
        return ExportRequest(self.what.currentData(), path, self.scale.currentData())

    def choose(self, what: str) -> None:
        """Set the subject beforehand."""
        self.what.setCurrentIndex(max(self.what.findData(what), 0))

    def accept(self) -> None:
        """Close, unless there is no file name."""
        if self.path.text().strip():
            self._settings.export_folder = self.request().path.parent
            super().accept()
        else:
            self.path.setFocus()
            self.note.setText("Name a file first.")

    def _lay_out(self) -> None:
        browse = QPushButton("&Browse…")
        browse.setToolTip("Pick the folder and the name")
        browse.clicked.connect(self._browse)
        place = QHBoxLayout()
        place.addWidget(self.path, 1)
        place.addWidget(browse)
        rows = QFormLayout()
        rows.addRow("&What", self.what)
        rows.addRow("&Form", self.form)
        rows.addRow("&Size", self.scale)
        rows.addRow("&To", place)
        self.what.setToolTip("One plot, the whole board on one page, or the numbers behind them")
        self.form.setToolTip("The experiment is embedded in every form and can be read back")
        self.scale.setToolTip("Pixels of a PNG as a multiple of what is on screen")
        self.path.setToolTip("File to write; an existing one is replaced only when the new one is complete")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(rows)
        column.addWidget(self.note)
        column.addWidget(buttons)

    def _subject_changed(self) -> None:
        forms = TABLE_FORMS if self.what.currentData() == "data" else PICTURE_FORMS
        self.form.clear()
        for suffix, words in forms.items():
            self.form.addItem(words, suffix)

    def _form_changed(self) -> None:
        suffix = self.form.currentData()
        if suffix is None:
            return
        self.scale.setEnabled(suffix == "png")
        self.note.setText(self._sizes[self.what.currentData()])
        text = self.path.text().strip()
        if text:
            self.path.setText(str(Path(text).with_suffix(f".{suffix}")))

    def _browse(self) -> None:
        suffix = self.form.currentData()
        name, _ = QFileDialog.getSaveFileName(
            self, "Export to", self.path.text(), f"{self.form.currentText()} (*.{suffix})"
        )
        if name:
            self.path.setText(name)


def _title(name: str) -> str:
    return {"board": "Whole board", "data": "Data (numbers)"}.get(name, name.capitalize())
