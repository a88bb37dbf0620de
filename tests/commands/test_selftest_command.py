"""`gradviz selftest` passes here, and names on one line what is broken."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from gradviz.cli import main
from gradviz.plots.pages import images

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.mark.slow
def test_it_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("selftest ok\n", "")
    assert [window for window in QApplication.topLevelWidgets() if window.isVisible()] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("gradviz.training.race.train", "training"),
        ("gradviz.plots.pages.images.read_experiment", "PNG"),
        ("gradviz.recording.exports.tables.read_experiment", "NPZ"),
    ],
)
def test_what_is_broken_is_named(
    broken: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(broken, lambda *_arguments: None)
    assert main(["selftest"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("gradviz selftest failed: ")
    assert said in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.slow
def test_an_empty_picture_is_noticed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def paint_nothing(page: images.Page, painter: QPainter, *_how: object) -> None:
        painter.fillRect(QRectF(QPointF(0, 0), page.size), Qt.GlobalColor.white)

    monkeypatch.setattr(images.Page, "_paint", paint_nothing)
    assert main(["selftest"]) == 1
    assert "PNG" in capsys.readouterr().err


@pytest.mark.slow
def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert main(["selftest"]) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_what_the_window_looks_like_is_written(tmp_path: Path) -> None:
    assert main(["selftest", "--screenshot", str(tmp_path / "window.png")]) == 0
    picture = QImage(str(tmp_path / "window.png"))
    assert picture.width() >= 800
    # text and axes of two panels at least: dark pixels on the left and on the right
    for column in (range(picture.width() // 3), range(2 * picture.width() // 3, picture.width())):
        assert sum(picture.pixelColor(x, y).lightness() < 100 for x in column for y in range(0, 600, 2)) > 500


@pytest.mark.slow
def test_a_start_can_be_timed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--until-painted"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("painted\n", "")
    assert [window for window in QApplication.topLevelWidgets() if window.isVisible()] == []


def test_on_a_display_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert main(["selftest", "--on-screen"]) == 2
    assert "`gradviz run`" in capsys.readouterr().err
