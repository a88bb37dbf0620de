"""Exports of the real window: pictures, numbers, the clipboard, and what cannot be written."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from driving import heatmap_of, made_up, profile_of
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QProgressDialog

from gradviz.app.export.export_dialog import ExportRequest
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.activation_panel import ActivationPanel
from gradviz.errors import ExportError
from gradviz.experiment import from_json
from gradviz.plots.pages import images
from gradviz.plots.pages.caption import HEIGHT
from gradviz.recording.exports import tables
from gradviz.recording.history import History

ROWS = [[-1.0 - step / 3, -2.5 - step, -30.25, -600.0 - step] for step in range(5)]
WHATS = [
    "board",
    "heatmap",
    "profile",
    "curves",
    "validation samples",
    "confusion matrix",
    "confident mistakes",
    "distribution",
    "activation",
    "activation costs",
]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def history(window: MainWindow) -> History:
    history = made_up(ROWS)
    window.session.show(history)
    # the columns find their widths in the next round of the event loop
    QApplication.processEvents()
    return history


def carry_out(window: MainWindow, what: str, path: Path, scale: int = 1) -> bool:
    return window.exporter.carry_out(ExportRequest(what, path, scale), window.style_now)


@pytest.mark.slow
@pytest.mark.parametrize("what", WHATS)
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_each_plot_and_the_board_become_a_picture_with_the_experiment_inside(
    window: MainWindow, history: History, tmp_path: Path, what: str, suffix: str
) -> None:
    path = tmp_path / f"{what}.{suffix}"
    assert carry_out(window, what, path)
    text = images.read_experiment(path)
    assert text is not None
    assert from_json(text) == history.started.experiment


@pytest.mark.parametrize(("page", "behind"), [(0, "activation costs"), (1, "activation")])
def test_a_plot_that_lies_behind_another_one_is_exported_all_the_same(
    window: MainWindow, history: History, tmp_path: Path, page: int, behind: str
) -> None:
    window.docks.bring("activation")
    window.board.panel(ActivationPanel).tabs.setCurrentIndex(page)
    QApplication.processEvents()
    window.board.plots()[behind].resize(200, 0)
    assert carry_out(window, behind, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert min(picture.size) >= 200
        assert window.exporter.subjects()[behind].startswith(f"{picture.width} × {picture.height} ")


@pytest.mark.parametrize("scale", [1, 3])
def test_a_png_has_as_many_pixels_as_the_screen_times_the_scale(
    window: MainWindow, history: History, tmp_path: Path, scale: int
) -> None:
    path = tmp_path / "heatmap.png"
    carry_out(window, "heatmap", path, scale)
    plot = heatmap_of(window.board)
    with Image.open(path) as picture:
        assert picture.width == plot.width() * scale
        assert picture.height > plot.height() * scale
        assert window.exporter.subjects()["heatmap"] == f"{picture.width // scale} × {picture.height // scale} pixels."
        assert picture.info["dpi"][0] == pytest.approx(96 * scale, abs=0.5)


def test_an_svg_of_the_board_says_its_words_as_text(window: MainWindow, history: History, tmp_path: Path) -> None:
    path = tmp_path / "board.svg"
    carry_out(window, "board", path)
    root = ElementTree.parse(path).getroot()
    words = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    for expected in ("step", "layer (1 = next to the input)", "accuracy (%)", "Gradient norm"):
        assert expected in words


def test_csv_has_one_row_per_step_and_layer(window: MainWindow, history: History, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    assert carry_out(window, "data", path)
    rows = [row for row in csv.reader(io.StringIO(path.read_text())) if not row[0].startswith("#")]
    header, *body = rows
    assert header[:3] == ["step", "layer", "gradient"]
    assert len(body) == len(ROWS) * 4
    at = {(int(row[0]), int(row[1])): float(row[2]) for row in body}
    # a plain number where a double holds it, however small
    assert at[2, 2] == pytest.approx(10**-4.5, rel=1e-6)
    assert at[0, 3] == pytest.approx(10**-30.25, rel=1e-5)


def test_npz_has_an_array_for_every_probe(window: MainWindow, history: History, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    assert carry_out(window, "data", path)
    with np.load(path) as arrays:
        assert arrays["gradient"].shape == (len(ROWS), 4)
        assert arrays["step"].tolist() == list(range(len(ROWS)))
        assert arrays["loss"].tolist() == [1.0] * len(ROWS)
    text = tables.read_experiment(path)
    assert text is not None
    assert from_json(text) == history.started.experiment


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "name"), [("board", "x.png"), ("board", "x.svg"), ("data", "x.csv"), ("data", "x.npz")]
)
def test_a_folder_that_is_not_there_is_named_and_nothing_is_left(
    window: MainWindow, history: History, tmp_path: Path, what: str, name: str
) -> None:
    path = tmp_path / "missing" / name
    with pytest.raises(ExportError, match=f"cannot write {path}: there is no folder {path.parent}"):
        carry_out(window, what, path)
    assert not path.parent.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_said_to_be_one(window: MainWindow, history: History, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(ExportError, match="no permission to write there"):
        carry_out(window, "board", folder / "x.png")


@pytest.mark.slow
@pytest.mark.parametrize(("what", "name"), [("board", "x.png"), ("data", "x.csv"), ("data", "x.npz")])
def test_a_full_disk_is_said_to_be_full_and_the_file_before_stays(
    window: MainWindow, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, name: str
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / name
    path.write_text("before")
    monkeypatch.setattr("gradviz.recording.atomic_file.os.fsync", full)
    with pytest.raises(ExportError, match="the disk is full"):
        carry_out(window, what, path)
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".part"] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x.csv", "x.npz"])
def test_numbers_that_are_cancelled_leave_nothing(
    window: MainWindow, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(QProgressDialog, "wasCanceled", lambda _self: True)
    assert not carry_out(window, "data", tmp_path / name)
    assert not (tmp_path / name).exists()
    window.exports.carry_out(ExportRequest("data", tmp_path / name, 1))
    assert window.statusBar().currentMessage() == "Export cancelled; nothing was written"


def test_a_window_that_is_closed_meanwhile_takes_its_export_along(
    window: MainWindow, history: History, tmp_path: Path
) -> None:
    # as Ctrl-C in the terminal closes it: not through the progress dialog
    QTimer.singleShot(0, window.hide)
    assert not carry_out(window, "data", tmp_path / "x.csv")
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".ini"]


def test_without_a_run_there_is_nothing_to_export(window: MainWindow, tmp_path: Path) -> None:
    window.session.reset()
    assert "data" not in window.exporter.subjects()
    with pytest.raises(ExportError, match="nothing to export yet"):
        carry_out(window, "board", tmp_path / "x.png")


def test_what_can_be_exported_says_how_large_it_is(window: MainWindow, history: History) -> None:
    subjects = window.exporter.subjects()
    assert list(subjects) == [*WHATS, "data"]
    plot = profile_of(window.board)
    assert subjects["profile"].startswith(f"{plot.width()} × ")
    assert subjects["data"] == "5 steps × 4 layers × 2 quantities."


@pytest.mark.slow
@pytest.mark.parametrize("what", ["board", "curves"])
def test_the_clipboard_gets_a_picture_at_twice_the_size(window: MainWindow, history: History, what: str) -> None:
    QApplication.clipboard().clear()
    window.exports.copy(what)
    image = QApplication.clipboard().image()
    placements = window.board.placements(what)
    assert image.width() == 2 * round(max(each.rect.right() for each in placements))
    # below the plots stands what they show
    assert image.height() >= 2 * round(max(each.rect.bottom() for each in placements) + HEIGHT)
    assert window.statusBar().currentMessage() == f"Copied the {what} as a picture"
