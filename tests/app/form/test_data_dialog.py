"""A data file in the window: looked at, changed, trained on; cancelling leaves everything as it was."""

from __future__ import annotations

import gzip
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from driving import TINY, trigger, wait_until
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gradviz.app.form.data_dialog import DataDialog
from gradviz.app.main_window import MainWindow
from gradviz.app.session.phase import Phase
from gradviz.app.settings import Settings
from gradviz.experiment.data import Data
from gradviz.training.data_files import collecting


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table whose label is the first of five columns, with an index and two gaps."""
    rng = np.random.default_rng(0)
    lines = ["id,kind,a,b,colour"]
    for row, (a, b) in enumerate(rng.normal(size=(60, 2))):
        first = "" if row in (3, 30) else f"{a:.4f}"
        lines.append(f"{row},{'cat' if a > 0 else 'dog'},{first},{b:.4f},{'red' if b > 0 else 'blue'}")
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def dialog(qtbot: QtBot, table: Path) -> DataDialog:
    dialog = DataDialog(Data(source="file", data_file=str(table)))
    qtbot.addWidget(dialog)
    dialog.show()
    wait_until(qtbot, lambda: dialog.table.columnCount() == 5)
    return dialog


def choose(dialog: DataDialog, qtbot: QtBot, *, label: str = "kind", missing: str = "drop") -> None:
    dialog.label.setCurrentIndex(dialog.label.findData(label))
    dialog.missing.setCurrentIndex(dialog.missing.findData(missing))
    wait_until(qtbot, dialog.train_button.isEnabled)


def test_the_first_rows_are_shown_and_what_is_ambiguous_cannot_be_trained_on(dialog: DataDialog) -> None:
    headings = [dialog.table.horizontalHeaderItem(column).text() for column in range(5)]
    assert headings == ["id", "kind", "a", "b", "colour"]
    assert dialog.table.item(0, 1).text() in ("cat", "dog")
    assert dialog.table.item(3, 2).text() == "–"
    assert not dialog.train_button.isEnabled()
    assert "label_column" in dialog.facts.text()
    dialog.reject()


def test_choices_are_taken_over(dialog: DataDialog, qtbot: QtBot) -> None:
    choose(dialog, qtbot)
    item = dialog.columns.item(4)
    item.setCheckState(Qt.CheckState.Unchecked)
    wait_until(qtbot, dialog.train_button.isEnabled)
    parts = [dialog.columns.item(row).text() for row in range(5)]
    assert parts == ["id (left out)", "kind (label)", "a", "b", "colour (left out)"]
    QTest.mouseClick(dialog.use_button, Qt.MouseButton.LeftButton)
    assert not dialog.train
    assert (dialog.chosen.label_column, dialog.chosen.missing, dialog.chosen.leave_out) == ("kind", "drop", "colour")


def test_a_file_that_cannot_be_read_says_why(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = DataDialog(Data(source="file", data_file=str(tmp_path / "none.csv")))
    qtbot.addWidget(dialog)
    dialog.show()
    wait_until(qtbot, lambda: "No such file" in dialog.facts.text())
    assert not dialog.train_button.isEnabled()
    dialog.close()


def test_arrays_have_nothing_to_choose(qtbot: QtBot, tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", X=np.arange(40.0).reshape(20, 2), y=np.arange(20) % 2)
    dialog = DataDialog(Data(source="file", data_file=str(tmp_path / "own.npz")))
    qtbot.addWidget(dialog)
    dialog.show()
    wait_until(qtbot, dialog.train_button.isEnabled)
    assert not dialog.label.isEnabled()
    assert dialog.table.columnCount() == 3
    dialog.reject()


@pytest.fixture
def window(qtbot: QtBot, settings: Settings) -> MainWindow:
    window = MainWindow(TINY.changed(steps=5), settings)
    qtbot.addWidget(window)
    window.show()
    return window


def dropped(window: MainWindow, path: Path, qtbot: QtBot) -> DataDialog:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(), actions, mime, buttons, keys))
    dialog = window.findChild(DataDialog)
    wait_until(qtbot, lambda: dialog.table.columnCount() > 0)
    return dialog


@pytest.mark.slow
def test_a_dropped_table_is_looked_at_and_trained_on(window: MainWindow, table: Path, qtbot: QtBot) -> None:
    dialog = dropped(window, table, qtbot)
    choose(dialog, qtbot, missing="mean")
    QTest.mouseClick(dialog.train_button, Qt.MouseButton.LeftButton)
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FINISHED)
    data = window.form.experiment().data
    assert (data.source, data.data_file, data.label_column, data.missing) == ("file", str(table), "kind", "mean")
    history = window.session.run.history
    assert history is not None
    assert history.started.held_out is not None
    assert history.started.held_out.class_names == ("cat", "dog")
    trigger(window, "undo")
    assert window.form.experiment().data.source != "file"
    window.close()


def test_a_dialog_that_is_cancelled_changes_nothing(window: MainWindow, table: Path, qtbot: QtBot) -> None:
    before = window.form.experiment()
    dropped(window, table, qtbot).reject()
    assert window.form.experiment() == before
    window.close()


def packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes())


@pytest.mark.parametrize("name", ["own.tsv", "own.csv.gz", "own.npz", "pictures", "train-images-idx3-ubyte"])
def test_data_of_every_kind_may_be_dropped_anywhere(
    window: MainWindow, table: Path, tmp_path: Path, qtbot: QtBot, name: str
) -> None:
    path = tmp_path / name
    pixels, labels = np.arange(120, dtype=np.uint8), np.arange(20, dtype=np.uint8) % 2
    idx = {
        "train-images-idx3-ubyte": b"\0\0\x08\3" + struct.pack(">3I", 20, 3, 2) + pixels.tobytes(),
        "train-labels-idx1-ubyte": b"\0\0\x08\1" + struct.pack(">I", 20) + labels.tobytes(),
    }
    if name == "pictures":
        path.mkdir()
    for each, content in idx.items():
        ((path if path.is_dir() else tmp_path) / each).write_bytes(content)
    if path.suffix == ".npz":
        np.savez(path, x=pixels.reshape(20, 3, 2), y=labels)
    elif path.suffix == ".gz":
        path.write_bytes(packed(table))
    elif path.suffix == ".tsv":
        path.write_text(table.read_text().replace(",", "\t"))
    dialog = dropped(window, path, qtbot)
    assert dialog.table.rowCount() >= 20
    pictures = [dialog.pictures.item(row) for row in range(dialog.pictures.count())]
    assert dialog.pictures.isVisible() == bool(pictures) == (path.suffix not in (".tsv", ".gz"))
    for row, item in enumerate(pictures):
        assert item.text() == str(labels[row])
        picture = item.icon().pixmap(56, 56).toImage()
        # the last pixel of each, on the scale of all
        last = picture.pixelColor(picture.width() - 2, picture.height() - 2).red()
        assert last == round((6 * row + 5) * 255 / 119)
    dialog.reject()
    window.close()


def test_a_large_file_shows_how_far_it_is_and_is_given_up_in_the_middle(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader is held in its first block until the dialog is gone, and must not read on then."""
    blocks, gone = [], threading.Event()

    def hold(*_: object) -> None:
        blocks.append(1)
        if len(blocks) > 2:
            gone.wait(60)

    monkeypatch.setattr(collecting, "BLOCK_BYTES", 1000)
    split = collecting.split
    monkeypatch.setattr(collecting, "split", lambda *given: (hold(), split(*given))[1])
    path = tmp_path / "own.csv"
    path.write_text("".join(f"{n}.5,{n % 3}\n" for n in range(2000)))
    dialog = DataDialog(Data(source="file", data_file=str(path)))
    qtbot.addWidget(dialog)
    dialog.finished.connect(lambda _result: None)
    dialog.show()
    wait_until(qtbot, lambda: dialog.progress.value() > 0)
    assert dialog.progress.isVisible()
    assert not dialog.train_button.isEnabled()
    dialog.thread_.end()
    gone.set()
    dialog.reject()
    assert dialog.thread_.isFinished()
    assert len(blocks) == 3


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = (f"{a:.3f},{b:.3f},{3 * a - b:.4f}\n" for a, b in rng.normal(size=(60, 2)))
    path = tmp_path / "prices.csv"
    path.write_text("a,b,price\n" + "".join(rows))
    return path


@pytest.mark.slow
def test_a_number_can_be_predicted_instead_of_a_class(window: MainWindow, prices: Path, qtbot: QtBot) -> None:
    dialog = dropped(window, prices, qtbot)
    assert not dialog.train_button.isEnabled()
    dialog.task.setCurrentIndex(dialog.task.findData(True))
    dialog.share.setValue(30)
    wait_until(qtbot, dialog.train_button.isEnabled)
    QTest.mouseClick(dialog.train_button, Qt.MouseButton.LeftButton)
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FINISHED)
    experiment = window.form.experiment()
    assert (experiment.regression, experiment.data.validation_share) == (True, 0.3)
    held_out = window.session.run.history.started.held_out
    assert held_out.targets is not None
    assert len(held_out.targets) == 18
    assert "predicted against true" in window.board.plots()
    # the same file again, now for classes
    dialog = window.form.look_at_data(str(prices))
    assert dialog.regression
    dialog.task.setCurrentIndex(dialog.task.findData(False))
    wait_until(qtbot, lambda: "different labels" in dialog.facts.text())
    dialog.reject()
    window.close()


def test_a_file_with_a_validation_part_of_its_own_cannot_be_split_otherwise(qtbot: QtBot, tmp_path: Path) -> None:
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    dialog = DataDialog(Data(source="file", data_file=str(tmp_path / "own.npz")))
    qtbot.addWidget(dialog)
    dialog.show()
    wait_until(qtbot, dialog.train_button.isEnabled)
    assert not dialog.share.isEnabled()
    dialog.reject()
