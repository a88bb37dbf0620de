"""The window that compares, and the dialog that proposes a race."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from driving import TINY, made_up
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from gradviz.app.comparison.comparison_window import ComparisonWindow
from gradviz.app.comparison.difference_table import DifferenceTable
from gradviz.app.comparison.race_dialog import RaceDialog
from gradviz.app.export.export_dialog import ExportDialog, ExportRequest
from gradviz.app.settings import Settings
from gradviz.experiment import Experiment
from gradviz.plots.parts.style import DARK, LIGHT
from gradviz.plots.shown_run import ShownRun, shown_runs
from gradviz.recording.frame import Frame

ROWS = [[-1.0, -2.0, -3.0]] * 6
FORM = Experiment()


def compared(*changes: dict[str, object]) -> tuple[ShownRun, ...]:
    histories = [made_up(ROWS, TINY.changed(**each)) for each in changes]
    return shown_runs([f"run {place}" for place in range(len(changes))], histories)


@pytest.fixture
def comparison(qtbot: QtBot, settings: Settings) -> ComparisonWindow:
    window = ComparisonWindow(settings, lambda act: act())
    qtbot.addWidget(window)
    window.show_runs(compared({}, {"activation": "relu"}, {"activation": "relu", "width": 9}))
    window.apply_style(LIGHT)
    window.resize(1100, 760)
    window.show()
    return window


def table_of(differences: DifferenceTable) -> dict[str, list[str]]:
    table = differences.table
    rows = {}
    for row in range(table.rowCount()):
        heading, items = table.verticalHeaderItem(row), [table.item(row, place) for place in range(table.columnCount())]
        assert heading is not None
        rows[heading.text()] = [item.text() if item is not None else "" for item in items]
    return rows


def test_the_table_holds_what_differs_and_what_came_of_it(comparison: ComparisonWindow) -> None:
    assert table_of(comparison.differences) == {
        "Width": ["4", "4", "9"],
        "Activation": ["tanh", "ReLU", "ReLU"],
        "Last step": ["5", "5", "5"],
        "Loss of the batch": ["1", "1", "1"],
        "Validation accuracy": ["50.0%", "50.0%", "50.0%"],
    }
    assert comparison.differences.words.text() == "2 fields of the experiments differ."


def test_equal_experiments_are_said_to_be_equal(comparison: ComparisonWindow) -> None:
    comparison.show_runs(compared({}, {"title": "another name"}))
    assert "Nothing differs" in comparison.differences.words.text()
    assert list(table_of(comparison.differences)) == ["Last step", "Loss of the batch", "Validation accuracy"]


def test_a_step_picked_anywhere_is_picked_everywhere(comparison: ComparisonWindow) -> None:
    assert not comparison.latest.isEnabled()
    for plot, step in ((comparison.heatmaps, 3), (comparison.curves, 2)):
        plot.step_picked.emit(step)
        assert comparison.heatmaps.step == step
        assert comparison.profiles.step == step
        assert comparison.curves.readout().lines["step"] == (step,)
    comparison.latest.click()
    assert comparison.heatmaps.step is None


def test_heatmaps_and_profiles_show_the_chosen_quantity(comparison: ComparisonWindow) -> None:
    assert [comparison.quantity.itemText(index) for index in range(2)] == ["Gradient norm", "Share of units"]
    comparison.quantity.setCurrentIndex(1)
    # of the share it is known that it is 0.5 everywhere; the scale begins at zero
    assert comparison.heatmaps.limits == (0.0, 0.5)
    assert all(comparison.profiles.readout()[letter].y.tolist() == [0.5] * 3 for letter in "ABC")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_comparison_is_exported(comparison: ComparisonWindow, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"comparison.{suffix}"
    comparison.carry_out(ExportRequest("board", path, 1))
    if suffix == "png":
        with Image.open(path) as picture:
            below = max(comparison.profiles.height(), comparison.curves.height())
            assert picture.width == comparison.heatmaps.width()
            # and below the plots what they show
            assert picture.height > comparison.heatmaps.height() + below
            assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20
    elif suffix == "svg":
        text = path.read_text(encoding="utf-8")
        for words in ("run 0", "run 2", "Gradient norm", "one colour scale"):
            assert words in text
    else:
        assert path.read_bytes().startswith(b"%PDF")


def test_the_export_dialog_offers_each_plot(comparison: ComparisonWindow) -> None:
    comparison.export.click()
    dialog = comparison.findChild(ExportDialog)
    assert dialog is not None
    assert [dialog.what.itemData(index) for index in range(dialog.what.count())] == [
        "board", "heatmaps", "profiles", "curves",
    ]  # fmt: skip
    dialog.reject()


def test_every_part_says_what_it_is_for_and_fits(comparison: ComparisonWindow) -> None:
    for part in comparison.findChildren(QWidget):
        if isinstance(part, QAbstractButton | QComboBox) and part.isVisible():
            words = getattr(part, "text", lambda: "")() or part.accessibleName()
            if part.parentWidget() is comparison:
                assert words
                assert part.toolTip()
                assert part.width() >= part.minimumSizeHint().width()
    for width in (700, 1500):
        comparison.resize(width, 620)
        assert comparison.width() == width
    labels = [label for label in comparison.findChildren(QLabel) if label.buddy() is comparison.quantity]
    assert labels
    keys = {shortcut.key() for shortcut in comparison.findChildren(QShortcut)}
    assert QKeySequence("Escape") in keys


def test_colours_follow_the_style(comparison: ComparisonWindow) -> None:
    comparison.apply_style(DARK)
    for plot in comparison.plots().values():
        assert plot.backgroundBrush().color().name() == DARK.background


def test_closing_says_so_once(comparison: ComparisonWindow, qtbot: QtBot) -> None:
    comparison.go_live(True)
    with qtbot.waitSignal(comparison.closed):
        comparison.close()
    assert not comparison.is_live


@pytest.fixture
def dialog(qtbot: QtBot) -> RaceDialog:
    dialog = RaceDialog(FORM)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_a_race_begins_with_a_proposal_that_can_be_changed(dialog: RaceDialog) -> None:
    assert [each.value("activation") for each in dialog.experiments()] == ["sigmoid", "relu", "sigmoid"]
    assert [each.value("shortcut") for each in dialog.experiments()] == ["none", "none", "scaled"]
    row = dialog.rows[1]
    row.changes.selectAll()
    QTest.keyClicks(row.changes, "activation=tanh depth=7")
    assert row.words.text() == "depth 30 → 7, activation sigmoid → tanh"
    assert dialog.experiments()[1] == FORM.changed(activation="tanh", depth=7, title="tanh, depth 7")


def test_a_mistake_in_a_variant_holds_the_start(dialog: RaceDialog) -> None:
    assert dialog.start.isEnabled()
    dialog.rows[0].changes.setText("activation=rel")
    assert not dialog.start.isEnabled()
    assert "rel" in dialog.rows[0].words.text()
    assert dialog.rows[0].changes.accessibleDescription() == dialog.rows[0].words.text()


def test_the_words_of_a_long_mistake_are_not_cut(dialog: RaceDialog, qtbot: QtBot) -> None:
    for row in dialog.rows[:3]:
        row.changes.setText("dpeth=3 width=abc")
    words = [row.words for row in dialog.rows[:3]]
    assert all(each.heightForWidth(each.width()) > 3 * each.fontMetrics().lineSpacing() for each in words)
    qtbot.waitUntil(lambda: all(each.height() >= each.heightForWidth(each.width()) for each in words))


def test_two_to_four_variants(dialog: RaceDialog) -> None:
    dialog.add.click()
    assert len(dialog.experiments()) == 4
    assert not dialog.add.isEnabled()
    dialog.rows[3].changes.setText("shortcut=identity")
    dialog.rows[0].remove.click()
    assert [each.value("shortcut") for each in dialog.experiments()] == ["none", "scaled", "identity"]
    dialog.rows[0].remove.click()
    assert len(dialog.experiments()) == 2
    assert not any(row.remove.isEnabled() for row in dialog.rows[:2])
    assert [row.changes.isVisible() for row in dialog.rows] == [True, True, False, False]


def test_twins_are_pointed_out(dialog: RaceDialog) -> None:
    assert dialog.mistake.text() == ""
    dialog.rows[1].changes.setText(dialog.rows[0].changes.text())
    assert "the same" in dialog.mistake.text()


def test_return_starts_the_race(dialog: RaceDialog, qtbot: QtBot) -> None:
    dialog.rows[0].changes.setFocus()
    with qtbot.waitSignal(dialog.accepted):
        QTest.keyClick(dialog.rows[0].changes, Qt.Key.Key_Return)


def test_further_numbers_of_scripts_can_be_chosen_here_as_well(comparison: ComparisonWindow) -> None:
    assert not comparison.number.isVisible()
    runs = compared({}, {"width": 9})
    for run in runs:
        rows = {each.name: np.full(3, -1.0, np.float32) for each in run.history.quantities}
        run.history.append(Frame(6, 1.0, 0.5, 0.1, rows, scalars={"a": 1.0, "b": 2.0}))
    comparison.show_runs(runs)
    assert comparison.number.isVisible()
    assert "A a" in comparison.curves.readout()
    comparison.number.setCurrentIndex(1)
    assert {"A b", "B b"} <= {each.name for each in comparison.curves.readout().series}
    assert "A a" not in comparison.curves.readout()
