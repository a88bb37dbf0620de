"""Settings of its own for every test, and the real window around a small experiment."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import TINY
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.panels.panel import PanelContext
from gradviz.app.panels.playback import Playback
from gradviz.app.panels.playback_bar import PlaybackBar
from gradviz.app.settings import Settings
from gradviz.app.threads.preview_thread import PreviewThread

HERE = Path(__file__).parent
# one look at the whole window stays in the quick part of the tests
QUICK = "test_main_window.py"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the whole window as slow: to build it takes as long as many of the tests that do without."""
    for item in items:
        whole = "window" in getattr(item, "fixturenames", ()) and HERE in item.path.parents
        if whole and item.path.name != QUICK:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(tmp_path / "settings.ini")
    settings.theme = "light"
    settings.export_folder = tmp_path
    return settings


@pytest.fixture
def context(settings: Settings) -> Iterator[PanelContext]:
    """What panels are made with, without a window around them; its preview thread is not started."""
    holder = QObject()
    playback_bar = PlaybackBar(Playback(holder))
    yield PanelContext(settings, PreviewThread(holder), playback_bar, holder)
    playback_bar.deleteLater()


@pytest.fixture
def window(qtbot: QtBot, settings: Settings) -> Iterator[MainWindow]:
    window = MainWindow(TINY, settings)
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    yield window
    window.close()
