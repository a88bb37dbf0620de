"""What to export, in which form, at which size, and where to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
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
from gradviz.recording import parquet

BASE_DPI = 96
PICTURE_FORMS = {
    "png": "PNG picture",
    "svg": "SVG, scalable, text as text",
    "pdf": "PDF, scalable, text as text",
}
TABLE_FORMS = {
    "csv": "CSV, one row per step and layer",
    "npz": "NPZ, NumPy arrays [steps, layers]",
    "parquet": "Parquet, a data frame like the CSV",
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
    """Asks for an ExportRequest; `request()` after it was accepted.

    `copy_wanted` carries the name of a plot, or `board`, of which a picture is wanted on the clipboard.
    """

    copy_wanted = Signal(str)

    def __init__(
        self, subjects: Mapping[str, str], settings: Settings, stem: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self._settings = settings
        self._sizes: Mapping[str, str] = subjects
        self._may_replace: Path | None = None
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
        self.path.textChanged.connect(self._path_changed)
        self.what.currentIndexChanged.connect(self._subject_changed)
        self.form.currentIndexChanged.connect(self._form_changed)
        self._subject_changed()

    def request(self) -> ExportRequest:
        """Return what the person asked for; the file name ends as the form wants it."""
        path = _with_suffix(self.path.text().strip(), self.form.currentData())
        return ExportRequest(self.what.currentData(), path.expanduser(), self.scale.currentData())

    def choose(self, what: str) -> None:
        """Set the subject beforehand."""
        self.what.setCurrentIndex(max(self.what.findData(what), 0))

    def accept(self) -> None:
        """Close, unless there is no file name, or one of a file that nobody has agreed to replace."""
        typed = self.path.text().strip()
        if not typed or Path(typed).expanduser().is_dir():
            self.path.setFocus()
            self.note.setText("That is a folder; add the name of a file." if typed else "Name a file first.")
            return
        path = self.request().path
        if path.exists() and path != self._may_replace:
            self._may_replace = path
            self.note.setText(f"{path.name} is there already; press Replace to write over it.")
            self._save.setText("&Replace")
            return
        self._settings.export_folder = path.parent
        super().accept()

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
        to = QLabel("&To")
        to.setBuddy(self.path)
        rows.addRow(to, place)
        self.what.setToolTip("One plot, the whole board on one page, or the numbers behind them")
        self.form.setToolTip("The experiment is embedded in every form and can be read back")
        self.scale.setToolTip("Pixels of a PNG as a multiple of what is on screen")
        self.path.setToolTip("File to write; an existing one is replaced only when the new one is complete")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self._save = buttons.button(QDialogButtonBox.StandardButton.Save)
        self._save.setToolTip("Write the file")
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setToolTip("Write nothing")
        self.copy = buttons.addButton("&Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip("Put the picture on the clipboard instead of into a file")
        self.copy.clicked.connect(self._copy)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(rows)
        column.addWidget(self.note)
        column.addWidget(buttons)

    def _subject_changed(self) -> None:
        numbers = self.what.currentData() == "data"
        forms = _table_forms() if numbers else PICTURE_FORMS
        self.copy.setEnabled(not numbers)
        self.form.clear()
        for suffix, words in forms.items():
            self.form.addItem(words, suffix)

    def _form_changed(self) -> None:
        suffix = self.form.currentData()
        if suffix is None:
            return
        self.scale.setEnabled(suffix == "png")
        self.note.setText(self._sizes[self.what.currentData()])
        if text := self.path.text().strip():
            self.path.setText(str(_with_suffix(text, suffix)))

    def _path_changed(self) -> None:
        self._may_replace = None
        self._save.setText("&Save")

    def _copy(self) -> None:
        self.copy_wanted.emit(self.what.currentData())
        self.reject()

    def _browse(self) -> None:
        suffix = self.form.currentData()
        name, _ = QFileDialog.getSaveFileName(
            self, "Export to", self.path.text(), f"{self.form.currentText()} (*.{suffix})"
        )
        if name:
            self.path.setText(name)
            # the file dialog has asked already
            self._may_replace = self.request().path


def _table_forms() -> Mapping[str, str]:
    """Return the forms that this installation can write."""
    return {suffix: words for suffix, words in TABLE_FORMS.items() if suffix != "parquet" or parquet.is_available()}


def _with_suffix(name: str, suffix: str) -> Path:
    """Let `name` end as the form wants; only an ending that names another form gives way."""
    path = Path(name)
    if not path.name:
        return path
    ending = path.suffix.lower().removeprefix(".")
    if ending == suffix:
        return path
    stem = path.stem if ending in PICTURE_FORMS | TABLE_FORMS else path.name
    return path.with_name(f"{stem}.{suffix}")


def _title(name: str) -> str:
    return {"board": "Whole board", "data": "Data (numbers)"}.get(name, name.capitalize())
