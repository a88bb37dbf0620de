"""How a data file is understood, to be looked at and changed before anything is trained on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPalette, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.threads.data_thread import DataThread, FilePreview
from gradviz.experiment.data import Data

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradviz.training.data_files import Understood

ROW_HEIGHT = 24
PICTURE_PX = 56
FOUND_OUT = "found out"
SHARE_TIP = "Share of the samples that the network never trains on"
OWN_PART_TIP = "The file has validation samples of its own"
MISSING_WORDS = {
    "refuse": "refuse the file",
    "drop": "leave the rows out",
    "mean": "fill in the mean (of text, the most frequent)",
}


class DataDialog(QDialog):
    """Shows the first rows of the file of `data`, and lets label, features, missing values and split be chosen.

    After it was accepted `chosen` is what was chosen, `regression` whether a number is to be predicted, and `train`
    whether training is to begin at once. The file is read in a thread of its own; Esc leaves everything as it was.
    """

    def __init__(self, data: Data, parent: QWidget | None = None, *, regression: bool = False) -> None:
        super().__init__(parent)
        self.setWindowTitle("Data file")
        self.resize(900, 660)
        self.chosen, self.train = data, False
        self.file = QLabel(data.data_file)
        self.file.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.file.setWordWrap(True)
        self.form = QLabel("Reading…")
        self.form.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setAccessibleName("share of the file that has been read")
        self.table = QTableWidget()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.table.setAccessibleName("the first rows of the file")
        self.pictures = QListWidget()
        self.pictures.setViewMode(QListWidget.ViewMode.IconMode)
        self.pictures.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.pictures.setMovement(QListWidget.Movement.Static)
        self.pictures.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.pictures.setIconSize(QSize(PICTURE_PX, PICTURE_PX))
        self.pictures.setGridSize(QSize(PICTURE_PX + 24, PICTURE_PX + 22))
        self.pictures.setAccessibleName("the first pictures of the file")
        self.pictures.hide()
        self.label = QComboBox()
        self.missing = QComboBox()
        for value, words in MISSING_WORDS.items():
            self.missing.addItem(words, value)
        self.missing.setCurrentIndex(self.missing.findData(data.missing))
        self.task = QComboBox()
        for words, number in (("a class", False), ("a number (loss: mean squared error)", True)):
            self.task.addItem(words, number)
        self.task.setCurrentIndex(int(regression))
        self.share = QSpinBox()
        self.share.setRange(1, 90)
        self.share.setSuffix(" %")
        self.share.setValue(round(100 * data.validation_share))
        self.share.setToolTip(SHARE_TIP)
        self.columns = QListWidget()
        self.columns.setAccessibleName("columns that are trained on")
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.train_button = QPushButton("&Train on this")
        self.use_button = QPushButton("&Use without training")
        self._lay_out()
        self._enable(False)
        self.thread_ = DataThread(self)
        self.thread_.ready.connect(self._show)
        self.thread_.progressed.connect(self.progress.setValue)
        self.finished.connect(lambda _result: self._end())
        self.label.currentIndexChanged.connect(lambda _index: self._ask())
        self.missing.currentIndexChanged.connect(lambda _index: self._ask())
        self.task.currentIndexChanged.connect(lambda _index: self._ask())
        self.share.valueChanged.connect(lambda _percent: self._ask())
        self.columns.itemChanged.connect(lambda _item: self._ask())
        self.thread_.ask(data, regression=regression)

    @property
    def regression(self) -> bool:
        """Whether a number is to be predicted."""
        return bool(self.task.currentData())

    def closeEvent(self, event: object) -> None:
        """Treat closing like Esc."""
        self.reject()

    def _ask(self) -> None:
        self.chosen = self.chosen.model_copy(
            update={
                "label_column": self.label.currentData() or "",
                "leave_out": ", ".join(self._left_out()),
                "missing": self.missing.currentData(),
                "validation_share": self._share(),
            }
        )
        self._enable(False)
        self.thread_.ask(self.chosen, regression=self.regression)

    def _share(self) -> float:
        """Return the share that is chosen; that of the recipe as it is, where only its decimals are not shown."""
        present = self.chosen.validation_share
        return present if round(100 * present) == self.share.value() else self.share.value() / 100

    def _left_out(self) -> list[str]:
        items = [self.columns.item(row) for row in range(self.columns.count())]
        return [item.data(Qt.ItemDataRole.UserRole) for item in items if item.checkState() is Qt.CheckState.Unchecked]

    def _show(self, preview: FilePreview) -> None:
        if (preview.data, preview.regression) != (self.chosen, self.regression):
            # another choice is under way
            return
        self.form.setText(preview.form)
        self.progress.hide()
        self._show_rows(preview)
        self._show_choices(preview)
        # brings numpy along, which the window opens without
        from gradviz.training.data_files import facts

        if preview.understood is None:
            self.facts.setText(f"⚠ {preview.refusal.removeprefix(self.chosen.data_file).lstrip(': ')}")
        else:
            self.facts.setText("\n".join(f"{what}: {words}" for what, words in facts(preview.understood)))
            self._show_parts(preview.understood)
            own = preview.understood.validation > 0
            self.share.setEnabled(not own)
            self.share.setToolTip(OWN_PART_TIP if own else SHARE_TIP)
        self._enable(preview.understood is not None)

    def _show_rows(self, preview: FilePreview) -> None:
        if self.table.columnCount():
            return
        self.table.setColumnCount(len(preview.headings))
        self.table.setHorizontalHeaderLabels(list(preview.headings))
        self.table.setRowCount(len(preview.rows))
        for row, cells in enumerate(preview.rows):
            for column, cell in enumerate(cells):
                self.table.setItem(row, column, QTableWidgetItem(cell or "–"))
        self.table.resizeColumnsToContents()
        for levels, label in preview.pictures:
            self.pictures.addItem(QListWidgetItem(QIcon(_pixmap(levels)), label))
        self.pictures.setVisible(bool(preview.pictures))
        self.table.setVisible(not preview.pictures)

    def _show_choices(self, preview: FilePreview) -> None:
        if self.label.count():
            return
        unwanted = {name.strip().lower() for name in self.chosen.leave_out.split(",")}
        with QSignalBlocker(self.label), QSignalBlocker(self.columns):
            self.label.addItem(FOUND_OUT, "")
            for name in preview.columns:
                self.label.addItem(name, name)
                item = QListWidgetItem(name)
                item.setData(Qt.ItemDataRole.UserRole, name)
                used = name.lower() not in unwanted
                item.setCheckState(Qt.CheckState.Checked if used else Qt.CheckState.Unchecked)
                self.columns.addItem(item)
            self.label.setCurrentIndex(max(self.label.findData(self.chosen.label_column), 0))
        is_table = bool(preview.columns)
        for widget in (self.label, self.columns, self.missing):
            widget.setEnabled(is_table)
            widget.setToolTip("" if is_table else "Arrays say by their names which are inputs and which labels")

    def _show_parts(self, understood: Understood) -> None:
        """Say beside each column what it is, where that was found out."""
        left_out = {each.column for each in understood.left_out}
        with QSignalBlocker(self.columns):
            for row in range(self.columns.count()):
                item = self.columns.item(row)
                name = item.data(Qt.ItemDataRole.UserRole)
                names = {name, repr(name), f"column {row + 1}"}
                part = " (label)" if understood.label in names else " (left out)" if left_out & names else ""
                item.setText(name + part)

    def _enable(self, understood: bool) -> None:
        self.train_button.setEnabled(understood)
        self.use_button.setEnabled(understood)

    def _accept(self, *, train: bool) -> None:
        self.train = train
        self.accept()

    def _end(self) -> None:
        self.thread_.end()
        self.thread_.wait()

    def _lay_out(self) -> None:
        choices = QFormLayout()
        choices.addRow("&Label column", self.label)
        choices.addRow("&Missing values", self.missing)
        choices.addRow("&Predict", self.task)
        choices.addRow("&Validation share", self.share)
        choices.addRow("Train &on", self.columns)
        left = QWidget()
        left.setLayout(choices)
        left.setFixedWidth(350)
        choices.setContentsMargins(0, 0, 0, 0)
        below = QHBoxLayout()
        below.addWidget(left)
        below.addWidget(self.facts, 1)
        buttons = QDialogButtonBox()
        buttons.addButton(self.train_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.use_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.train_button.setDefault(True)
        self.train_button.clicked.connect(lambda: self._accept(train=True))
        self.use_button.clicked.connect(lambda: self._accept(train=False))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(self.file)
        column.addWidget(self.form)
        column.addWidget(self.progress)
        column.addWidget(self.table, 1)
        column.addWidget(self.pictures, 1)
        column.addLayout(below, 1)
        column.addWidget(buttons)


def _pixmap(levels: NDArray[np.uint8]) -> QPixmap:
    """Return a picture of uint8 [channels, rows, columns], one or three channels, enlarged without smoothing."""
    channels, rows, columns = levels.shape
    form = QImage.Format.Format_RGB888 if channels > 1 else QImage.Format.Format_Grayscale8
    # QImage does not keep the bytes alive, hence the copy
    image = QImage(levels.transpose(1, 2, 0).tobytes(), columns, rows, channels * columns, form).copy()
    return QPixmap.fromImage(image).scaled(PICTURE_PX, PICTURE_PX, Qt.AspectRatioMode.KeepAspectRatio)
