"""What differs between runs, as a table: fields of their experiments, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gradviz.experiment import differences
from gradviz.plots.shown_run import ShownRun

SAME = "Nothing differs: the experiments are the same, seed and all."
NARROWEST_PX = 56
OUTCOMES = ("Last step", "Loss of the batch", "Validation accuracy")


class DifferenceTable(QWidget):
    """Fields that differ above, outcomes below; a column for each run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.words.setAccessibleName("what differs, in short")
        self.table = QTableWidget()
        self.table.setAccessibleName("what differs between the experiments, and what came of it")
        self.table.setToolTip("Only fields of the experiments that differ, and below them what came of it")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.table.setTabKeyNavigation(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setMinimumSectionSize(NARROWEST_PX)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.addWidget(self.words)
        column.addWidget(self.table, 1)
        self._runs: tuple[ShownRun, ...] = ()
        self._outcomes: list[tuple[str, ...]] = []

    def show_runs(self, runs: Sequence[ShownRun]) -> None:
        """Show what differs between `runs`."""
        self._runs = tuple(runs)
        self._outcomes = []
        rows = _differing(runs)
        self.words.setText(_in_short(runs, len(rows)))
        self.table.setColumnCount(len(runs))
        self.table.setRowCount(len(rows) + len(OUTCOMES))
        for number, run in enumerate(runs):
            heading = QTableWidgetItem(f"{run.series.letter} {run.series.glyph}")
            heading.setToolTip(run.name)
            self.table.setHorizontalHeaderItem(number, heading)
        self.table.setVerticalHeaderLabels([label for label, _ in rows] + list(OUTCOMES))
        for place, (_, values) in enumerate(rows):
            self._fill(place, values)
        self.refresh()

    def refresh(self) -> None:
        """Pull what came of the runs so far."""
        outcomes = _outcomes(self._runs)
        if outcomes != self._outcomes:
            self._outcomes = outcomes
            first = self.table.rowCount() - len(OUTCOMES)
            for place, values in enumerate(outcomes):
                self._fill(first + place, values)

    def _fill(self, row: int, values: Sequence[str]) -> None:
        for column, words in enumerate(values):
            item = self.table.item(row, column)
            if item is None:
                item = QTableWidgetItem()
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                self.table.setItem(row, column, item)
            item.setText(words)
            item.setToolTip(words)


def _differing(runs: Sequence[ShownRun]) -> list[tuple[str, tuple[str, ...]]]:
    """Return label and values of each field that differs between the runs that have an experiment."""
    places = [number for number, run in enumerate(runs) if run.history.started.experiment is not None]
    experiments = [each for run in runs if (each := run.history.started.experiment) is not None]
    rows = []
    for difference in differences(experiments):
        values = ["–"] * len(runs)
        for number, value in zip(places, difference.values, strict=True):
            values[number] = value
        rows.append((difference.label, tuple(values)))
    if len(experiments) < len(runs):
        rows.insert(
            0, ("Network", tuple("watched" if run.history.started.experiment is None else "gradviz" for run in runs))
        )
        rows.insert(1, ("Layers", tuple(f"{len(run.history.started.rows):,}" for run in runs)))
    return rows


def _in_short(runs: Sequence[ShownRun], count: int) -> str:
    watched = [run.series.letter for run in runs if run.history.started.experiment is None]
    if watched:
        return f"{' and '.join(watched)}: a watched network, which has no experiment to compare."
    return SAME if not count else f"{count} field{'s' * (count != 1)} of the experiments differ{'s' * (count == 1)}."


def _outcomes(runs: Sequence[ShownRun]) -> list[tuple[str, ...]]:
    steps, losses, accuracies = [], [], []
    for run in runs:
        history, latest = run.history, run.history.frames - 1
        diverged = history.diverged
        steps.append(f"{latest:,}, then diverged" if diverged is not None else f"{latest:,}" if latest >= 0 else "–")
        loss = history.loss(latest)
        losses.append("–" if loss is None or math.isnan(loss) else f"{loss:.4g}")
        evaluation = history.latest_evaluation
        accuracies.append("–" if evaluation is None else history.started.score.short(evaluation.accuracy))
    return [tuple(steps), tuple(losses), tuple(accuracies)]
