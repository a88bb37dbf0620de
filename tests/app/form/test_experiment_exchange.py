"""Experiments in and out of the window."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from driving import TINY, made_up
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from gradviz.app.export.export_dialog import ExportRequest
from gradviz.app.form.experiment_exchange import ExperimentExchange
from gradviz.app.main_window import MainWindow
from gradviz.app.settings import Settings
from gradviz.errors import ExperimentError, ExportError
from gradviz.experiment import Experiment, to_code

OTHER = Experiment(depth=77, activation="gelu", seed=5)


@pytest.fixture
def shown() -> list[Experiment]:
    return []


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def exchange(qapp: object, settings: Settings, shown: list[Experiment], said: list[str]) -> ExperimentExchange:
    return ExperimentExchange(None, settings, shown.append, said.append, said.append)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".toml", ".json", ".JSON"])
def test_what_is_saved_can_be_opened(
    exchange: ExperimentExchange, shown: list[Experiment], said: list[str], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"mine{suffix}"
    exchange.save(OTHER, path)
    exchange.open(path)
    assert shown == [OTHER]
    assert said == [f"Saved {path}", f"Opened {path.name}"]
    text = path.read_text()
    assert (json.loads(text) if suffix.lower() == ".json" else tomllib.loads(text))["depth"] == 77


def test_a_name_without_an_ending_gets_toml(exchange: ExperimentExchange, tmp_path: Path) -> None:
    exchange.save(OTHER, tmp_path / "rate-0.1")
    assert (tmp_path / "rate-0.1.toml").exists()


def test_the_folder_is_proposed_the_next_time(
    exchange: ExperimentExchange, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lesson"
    folder.mkdir()
    proposed: list[str] = []

    def ask(_parent: object, _title: str, where: str, _kinds: str) -> tuple[str, str]:
        proposed.append(where)
        return str(folder / "mine.toml"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", ask)
    exchange.ask_and_save(OTHER)
    exchange.ask_and_open()
    assert proposed == [str(tmp_path / "experiment.toml"), str(folder)]
    assert settings.export_folder == folder


def test_thinking_better_of_it_changes_nothing(
    exchange: ExperimentExchange, shown: list[Experiment], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    exchange.ask_and_save(OTHER)
    exchange.ask_and_open()
    assert (shown, said) == ([], [])


def test_what_cannot_be_read_or_written_is_told(exchange: ExperimentExchange, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("depth = 5000\nwidht = 3\n")
    with pytest.raises(
        ExperimentError, match="depth: 5000 is not allowed; allowed: a whole number from 1 to 2000"
    ) as told:
        exchange.open(wrong)
    assert "widht: there is no such field" in str(told.value)
    with pytest.raises(ExperimentError, match="cannot read"):
        exchange.open(tmp_path / "missing.toml")
    with pytest.raises(ExportError, match="there is no folder"):
        exchange.save(OTHER, tmp_path / "missing" / "mine.toml")


def test_a_code_goes_through_the_clipboard(exchange: ExperimentExchange, shown: list[Experiment]) -> None:
    exchange.copy_code(OTHER)
    assert QApplication.clipboard().text() == to_code(OTHER)
    exchange.paste_code()
    assert shown == [OTHER]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the clipboard holds no text"),
        ("   \n", "the clipboard holds no text"),
        ("hello", "'hello' is not an experiment code"),
        (to_code(OTHER)[:-1] + "x", "incomplete or mistyped"),
    ],
)
def test_a_clipboard_without_a_code_is_told(
    exchange: ExperimentExchange, shown: list[Experiment], text: str, told: str
) -> None:
    QApplication.clipboard().setText(text)
    with pytest.raises(ExperimentError, match=told):
        exchange.paste_code()
    assert shown == []


def test_a_data_file_cannot_travel_in_a_code(exchange: ExperimentExchange) -> None:
    with pytest.raises(ExperimentError, match="a code cannot carry a data file"):
        exchange.copy_code(Experiment(data="file", data_file="mine.csv"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run.png", "run.svg", "run.pdf", "run.npz"])
def test_an_export_brings_its_experiment_back(window: MainWindow, tmp_path: Path, name: str) -> None:
    history = made_up([[-1.0] * 77] * 3, OTHER)
    window.session.show(history)
    path = tmp_path / name
    what = "data" if name.endswith("npz") else "board"
    window.exporter.carry_out(ExportRequest(what, path, 1), window.style_now)
    assert window.form.experiment() == TINY
    window.exchange.open(path)
    assert window.form.experiment() == OTHER


def test_a_picture_of_another_program_carries_none(exchange: ExperimentExchange, tmp_path: Path) -> None:
    path = tmp_path / "drawing.svg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(ExperimentError, match="carries no experiment"):
        exchange.open(path)


def drop(window: MainWindow, path: Path) -> bool:
    """Drop a file on the window; return whether it was welcome."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, copy = window.rect().center(), Qt.DropAction.CopyAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(place, copy, data, left, none)
    entering.ignore()
    window.dragEnterEvent(entering)
    if entering.isAccepted():
        window.dropEvent(QDropEvent(QPointF(place), copy, data, left, none))
    return entering.isAccepted()


def test_a_dropped_experiment_is_put_on_the_form_and_can_be_taken_back(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    window.exchange.save(OTHER, path)
    assert drop(window, path)
    assert window.form.experiment() == OTHER
    window.session.edits.undo()
    assert window.form.experiment() == TINY


def test_what_is_no_experiment_is_not_welcome_and_a_broken_one_is_told(window: MainWindow, tmp_path: Path) -> None:
    assert not drop(window, tmp_path / "music.mp3")
    broken = tmp_path / "broken.toml"
    broken.write_text("depth = [")
    assert drop(window, broken)
    box = window.errors.box
    assert box is not None
    assert "not a TOML file" in box.text() + box.informativeText()
    box.done(0)
