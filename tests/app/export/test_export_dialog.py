"""The questions before an export."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from gradviz.app.export.export_dialog import ExportDialog, ExportRequest
from gradviz.app.settings import Settings

SUBJECTS = {"board": "All plots on one page.", "heatmap": "640 × 480 pixels on screen.", "data": "9 steps × 4 layers."}


@pytest.fixture
def dialog(qtbot: QtBot, settings: Settings) -> ExportDialog:
    dialog = ExportDialog(SUBJECTS, settings, "gradviz-tanh-4")
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def offered(box: QComboBox) -> list[object]:
    return [box.itemData(index) for index in range(box.count())]


def choose(box: QComboBox, value: object) -> None:
    box.setCurrentIndex(box.findData(value))


def test_it_proposes_the_board_as_png_in_the_last_folder(dialog: ExportDialog, tmp_path: Path) -> None:
    assert dialog.request() == ExportRequest("board", tmp_path / "gradviz-tanh-4.png", 2)
    assert not dialog.request().is_table


def test_pictures_and_numbers_have_their_own_forms(dialog: ExportDialog) -> None:
    assert offered(dialog.form) == ["png", "svg", "pdf"]
    choose(dialog.what, "data")
    assert offered(dialog.form) == ["csv", "npz", "parquet"]
    assert dialog.request().is_table
    assert dialog.note.text() == SUBJECTS["data"]
    choose(dialog.what, "heatmap")
    assert offered(dialog.form) == ["png", "svg", "pdf"]
    assert dialog.note.text() == SUBJECTS["heatmap"]


def test_parquet_is_offered_only_where_it_can_be_written(dialog: ExportDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradviz.recording.exports.parquet.is_available", lambda: False)
    choose(dialog.what, "data")
    assert offered(dialog.form) == ["csv", "npz"]


def test_only_a_png_has_a_size_in_pixels(dialog: ExportDialog) -> None:
    assert dialog.scale.isEnabled()
    assert "288 dpi" in dialog.scale.itemText(dialog.scale.findData(3))
    choose(dialog.scale, 3)
    assert dialog.request().scale == 3
    for form in ("svg", "pdf"):
        choose(dialog.form, form)
        assert not dialog.scale.isEnabled()


@pytest.mark.parametrize(
    ("typed", "form", "name"),
    [
        ("run", "svg", "run.svg"),
        ("run.png", "svg", "run.svg"),
        ("run.v2", "svg", "run.v2.svg"),
        ("run.PNG", "png", "run.PNG"),
        ("rate-0.01", "pdf", "rate-0.01.pdf"),
    ],
)
def test_the_name_ends_as_the_form_wants_and_keeps_its_other_dots(
    dialog: ExportDialog, tmp_path: Path, typed: str, form: str, name: str
) -> None:
    dialog.path.setText(str(tmp_path / typed))
    choose(dialog.form, form)
    assert dialog.request().path == tmp_path / name


def test_the_tilde_is_the_home_folder(dialog: ExportDialog) -> None:
    dialog.path.setText("~/run.png")
    assert dialog.request().path == Path.home() / "run.png"


@pytest.mark.parametrize(("typed", "note"), [("  ", "Name a file first."), ("", "Name a file first."), (".", "folder")])
def test_without_the_name_of_a_file_it_stays_open(dialog: ExportDialog, typed: str, note: str, tmp_path: Path) -> None:
    dialog.path.setText(str(tmp_path) if typed == "." else typed)
    dialog.save.click()
    assert dialog.isVisible()
    assert note in dialog.note.text()


def test_a_file_that_is_there_is_replaced_only_when_asked_twice(dialog: ExportDialog, tmp_path: Path) -> None:
    (tmp_path / "there.png").write_text("mine")
    dialog.path.setText(str(tmp_path / "there.png"))
    dialog.save.click()
    assert dialog.isVisible()
    assert "there.png is there already" in dialog.note.text()
    assert dialog.save.text() == "&Replace"
    dialog.path.setText(str(tmp_path / "other.png"))
    assert dialog.save.text() == "&Save"
    dialog.path.setText(str(tmp_path / "there.png"))
    dialog.save.click()
    assert dialog.isVisible()
    dialog.save.click()
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_the_folder_is_remembered(dialog: ExportDialog, tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    dialog.path.setText(str(folder / "run.png"))
    dialog.save.click()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert settings.export_folder == folder


def test_a_file_picked_with_the_file_dialog_was_agreed_to_there(
    dialog: ExportDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there.png").write_text("mine")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "there.png"), ""))
    dialog.browse.click()
    dialog.save.click()
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_a_picture_can_go_to_the_clipboard_and_numbers_cannot(dialog: ExportDialog, qtbot: QtBot) -> None:
    choose(dialog.what, "data")
    assert not dialog.copy.isEnabled()
    choose(dialog.what, "heatmap")
    with qtbot.waitSignal(dialog.copy_wanted) as wanted:
        dialog.copy.click()
    assert wanted.args == ["heatmap"]
    assert dialog.result() == QDialog.DialogCode.Rejected


def test_escape_writes_nothing(dialog: ExportDialog, qtbot: QtBot) -> None:
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.result() == QDialog.DialogCode.Rejected


def test_every_question_has_a_key(dialog: ExportDialog) -> None:
    buddies = {label.buddy() for label in dialog.findChildren(QLabel) if "&" in label.text()}
    assert buddies >= {dialog.what, dialog.form, dialog.scale, dialog.path}


def test_a_subject_can_be_set_beforehand(dialog: ExportDialog) -> None:
    dialog.choose("heatmap")
    assert dialog.request().what == "heatmap"
    dialog.choose("no such plot")
    assert dialog.request().what == "board"
