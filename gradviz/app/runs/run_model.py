"""The list of runs as Qt's views want it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QUrl,
    Signal,
)

from gradviz.app.runs import run_words
from gradviz.app.runs.sparkline import common_top
from gradviz.app.session.run_names import name_of
from gradviz.recording.runs.run_list import Listed

LISTED = Qt.ItemDataRole.UserRole
# where the loss of every run has the upper end of its line
LOSS_TOP = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex
_TOP = QModelIndex()


class RunModel(QAbstractListModel):
    """Runs, newest first, of which those are shown that match the filter. `renamed` carries a path and a name."""

    renamed = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[Listed] = []
        self._shown: list[Listed] = []
        self._filter = ""
        self._loss_top = 0.0

    def show_runs(self, runs: Sequence[Listed]) -> None:
        """Take over a new list; rows that stay keep their selection."""
        self._all = list(runs)
        self._loss_top = common_top([run.info.sparkline for run in runs if run.info is not None])
        self._change_to([run for run in runs if run_words.matches(run, self._filter)])

    def show_matching(self, text: str) -> None:
        """Show only runs of which every word of `text` is said."""
        self._filter = text
        self.show_runs(self._all)

    @property
    def runs(self) -> list[Listed]:
        """All runs, shown or not."""
        return self._all

    @property
    def total(self) -> int:
        """Number of runs, shown or not."""
        return len(self._all)

    def run_at(self, index: Index) -> Listed:
        """Return the run of a row."""
        return self._shown[index.row()]

    def row_of(self, path: Path) -> int:
        """Return the row of a file; -1 if it is not shown."""
        return next((row for row, run in enumerate(self._shown) if run.path == path), -1)

    def rowCount(self, parent: Index = _TOP) -> int:
        """Return the number of runs shown; called by Qt."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a row says; called by Qt."""
        if not index.isValid():
            return None
        run = self.run_at(index)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return name_of(run)
            case Qt.ItemDataRole.ToolTipRole:
                return run_words.in_full(run)
            case Qt.ItemDataRole.AccessibleTextRole:
                return run_words.in_a_sentence(run, datetime.now())
            case Qt.ItemDataRole.UserRole:
                return run
            case _ if role == LOSS_TOP:
                return self._loss_top
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another name; called by Qt when the person has typed it."""
        name = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or not name or name == self.data(index, role):
            return False
        self.renamed.emit(self.run_at(index).path, name)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Say what can be done with a row; called by Qt."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        if self.run_at(index).info is not None:
            flags |= Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled
        return flags

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Let rows be dragged out as files; called by Qt."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self.run_at(index).path)) for index in indexes])
        return data

    def mimeTypes(self) -> list[str]:
        """Say as what rows are dragged; called by Qt."""
        return ["text/uri-list"]

    def supportedDragActions(self) -> Qt.DropAction:
        """Let files be copied, never moved away."""
        return Qt.DropAction.CopyAction

    def _change_to(self, wanted: list[Listed]) -> None:
        """Remove, insert and renew rows so that selection, editor and scroll position of the others stay."""
        paths = {run.path for run in wanted}
        for row in reversed(range(len(self._shown))):
            if self._shown[row].path not in paths:
                self.beginRemoveRows(_TOP, row, row)
                del self._shown[row]
                self.endRemoveRows()
        for row, run in enumerate(wanted):
            if row < len(self._shown) and self._shown[row].path == run.path:
                if self._shown[row] != run:
                    self._shown[row] = run
                    self.dataChanged.emit(self.index(row), self.index(row))
                continue
            # a run that has moved to another place is as good as new
            if (old := self.row_of(run.path)) >= 0:
                self.beginRemoveRows(_TOP, old, old)
                del self._shown[old]
                self.endRemoveRows()
            self.beginInsertRows(_TOP, row, row)
            self._shown.insert(row, run)
            self.endInsertRows()
