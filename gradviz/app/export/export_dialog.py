"""What to export, in which form, at which size, and where to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
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

from gradviz.app.export.animation_fields import AnimationFields
from gradviz.app.settings import Settings
from gradviz.plots.pages.animation import StepRange
from gradviz.recording.exports import parquet

BASE_DPI = 96
PICTURE_FORMS = {
    "png": "PNG picture",
    "svg": "SVG, scalable, text as text",
    "pdf": "PDF, scalable, text as text",
}
ANIMATION_FORMS = {
    "gif": "GIF animation, for everywhere, 256 colours a frame",
    "webp": "WebP animation, exact colours",
}
TABLE_FORMS = {
    "csv": "CSV, one row per step and layer",
    "npz": "NPZ, NumPy arrays [steps, layers]",
    "parquet": "Parquet, a data frame like the CSV",
}
SCALES = {1: "screen", 2: "slides", 3: "print", 4: "poster"}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One export: `what` is a plot's name, `board` or `data`; `scale` multiplies pixels; an animation has a `cut`."""

    what: str
    path: Path
    scale: int
    cut: StepRange | None = None

    @property
    def is_table(self) -> bool:
        """Whether numbers are wanted rather than a picture."""
        return self.what == "data"


class ExportDialog(QDialog):
    """Asks for an ExportRequest; `request()` after it was accepted.

    `subjects` are what there is, and in words how large it is; those that are `moving` can become an animation of a run
    of `frames` steps. `copy_wanted` carries the name of a plot, or `board`, of which a picture is wanted on the
    clipboard.
    """

    copy_wanted = Signal(str)

    def __init__(
        self,
        subjects: Mapping[str, str],
        settings: Settings,
        stem: str,
        parent: QWidget | None = None,
        *,
        moving: Collection[str] = (),
        frames: int = 0,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self._settings = settings
        self._sizes: Mapping[str, str] = subjects
        self._moving = moving if frames > 1 else ()
        self._may_replace: Path | None = None
        self.what = QComboBox()
        for name in subjects:
            self.what.addItem(_title(name), name)
        self.form = QComboBox()
        self.scale = QComboBox()
        for factor, use in SCALES.items():
            self.scale.addItem(f"{factor} × ({BASE_DPI * factor} dpi, {use})", factor)
        self.scale.setCurrentIndex(1)
        self.animation = AnimationFields(frames)
        self.path = QLineEdit(str(settings.export_folder / f"{stem}.png"))
        self.path.setMinimumWidth(360)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
        self._rows.setRowVisible(self.animation, False)
        self.path.textChanged.connect(self._path_changed)
        self.what.currentIndexChanged.connect(self._subject_changed)
        self.form.currentIndexChanged.connect(self._form_changed)
        self.animation.changed.connect(self._describe)
        self._subject_changed()

    def request(self) -> ExportRequest:
        """Return what the person asked for; the file name ends as the form wants it."""
        path = _with_suffix(self.path.text().strip(), self.form.currentData())
        cut = self.animation.cut if self._is_animation else None
        return ExportRequest(self.what.currentData(), path.expanduser(), self.scale.currentData(), cut)

    def choose(self, what: str, form: str = "") -> None:
        """Set the subject beforehand, and the form where it is offered."""
        self.what.setCurrentIndex(max(self.what.findData(what), 0))
        self.form.setCurrentIndex(max(self.form.findData(form), 0))

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
            self.save.setText("&Replace")
            return
        self._settings.export_folder = path.parent
        super().accept()

    def _lay_out(self) -> None:
        self.browse = QPushButton("&Browse…")
        self.browse.setToolTip("Pick the folder and the name")
        self.browse.clicked.connect(self._browse)
        place = QHBoxLayout()
        place.addWidget(self.path, 1)
        place.addWidget(self.browse)
        self._rows = rows = QFormLayout()
        rows.addRow("&What", self.what)
        rows.addRow("&Form", self.form)
        rows.addRow("&Size", self.scale)
        rows.addRow("Ste&ps", self.animation)
        file = QLabel("F&ile")
        file.setBuddy(self.path)
        rows.addRow(file, place)
        self.what.setToolTip("One plot, the whole board on one page, or the numbers behind them")
        self.form.setToolTip("The experiment is embedded in every form and can be read back")
        self.scale.setToolTip("Pixels of a PNG or an animation as a multiple of what is on screen")
        self.path.setToolTip("File to write; an existing one is replaced only when the new one is complete")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.button(QDialogButtonBox.StandardButton.Save)
        self.save.setToolTip("Write the file")
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
        what, chosen = self.what.currentData(), self.form.currentData()
        pictures = PICTURE_FORMS | ANIMATION_FORMS if what in self._moving else PICTURE_FORMS
        forms = _table_forms() if what == "data" else pictures
        self.copy.setEnabled(what != "data")
        with QSignalBlocker(self.form):
            self.form.clear()
            for suffix, words in forms.items():
                self.form.addItem(words, suffix)
            self.form.setCurrentIndex(max(self.form.findData(chosen), 0))
        self._form_changed()

    def _form_changed(self) -> None:
        suffix = self.form.currentData()
        self.scale.setEnabled(suffix == "png" or self._is_animation)
        if self._is_animation is self.animation.isHidden():
            # an animation of twice the size is four times the file
            self.scale.setCurrentIndex(0 if self._is_animation else 1)
            self._rows.setRowVisible(self.animation, self._is_animation)
            self.adjustSize()
        self._describe()
        if text := self.path.text().strip():
            self.path.setText(str(_with_suffix(text, suffix)))

    @property
    def _is_animation(self) -> bool:
        return self.form.currentData() in ANIMATION_FORMS

    def _describe(self) -> None:
        size = self._sizes[self.what.currentData()]
        self.note.setText(f"{self.animation.words} {size}" if self._is_animation else size)

    def _path_changed(self) -> None:
        self._may_replace = None
        self.save.setText("&Save")

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
    stem = path.stem if ending in PICTURE_FORMS | ANIMATION_FORMS | TABLE_FORMS else path.name
    return path.with_name(f"{stem}.{suffix}")


def _title(name: str) -> str:
    return {"board": "Whole board", "data": "Data (numbers)"}.get(name, name.capitalize())
