"""Every lesson, played to its end through the real window: each check holds for the run that the lesson sets up."""

from collections.abc import Generator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from trained_runs import events_of

from gradviz.app.main_window import MainWindow
from gradviz.app.settings import Settings
from gradviz.experiment import Experiment
from gradviz.lessons.lesson import PLACES, SetUp
from gradviz.lessons.library import lesson_names, load_lesson
from gradviz.lessons.playing import Met, Verified
from gradviz.recording.frame import Checkpoint, Event
from gradviz.training.control import Control

LONGEST_MS = 120_000


def play_page(window: MainWindow, qtbot: QtBot) -> None:
    """Do on the page that is open what its buttons offer, until there is nothing left to do."""
    page, player = window.lessons.panel.page, window.lessons.player
    playing = player.playing
    assert playing is not None
    while not playing.page_done:
        if playing.waiting == "guess":
            qtbot.mouseClick(page.options[0], Qt.MouseButton.LeftButton)
        elif playing.waiting == "start":
            qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
        else:
            qtbot.waitUntil(lambda: playing.waiting != "run", timeout=LONGEST_MS)


def trained_before(
    experiment: Experiment, _control: Control | None = None, _start: Checkpoint | None = None
) -> Generator[Event]:
    """What `train` yields: all of it at once, so that training and drawing do not slow each other down."""
    yield from events_of(experiment)


@pytest.mark.parametrize("name", lesson_names())
def test_every_check_holds(window: MainWindow, qtbot: QtBot, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # runs that are trained while the window draws are those of the tests below
    monkeypatch.setattr("gradviz.training.race.train", trained_before)
    window.session.begin()
    window.lessons.open(name)
    player = window.lessons.player
    assert player.playing is not None
    pages = len(player.playing.lesson.pages)
    for number in range(pages):
        play_page(window, qtbot)
        for item in player.playing.seen():
            if isinstance(item, Verified):
                assert item.holds, item.words
            elif isinstance(item, Met) and item.right is not None:
                assert item.chosen == 0
        if number < pages - 1:
            qtbot.mouseClick(window.lessons.panel.page.forward, Qt.MouseButton.LeftButton)
    assert player.playing.finished
    assert player.progress.done(name)


def test_a_lesson_is_left_and_taken_up_with_its_runs(qtbot: QtBot, settings: Settings, tmp_path: Path) -> None:
    from gradviz.recording.runs.library import Library

    library = Library(tmp_path / "runs")
    first = MainWindow(settings=settings, library=library)
    qtbot.addWidget(first)
    first.show()
    first.session.begin()
    first.lessons.open("many-quarters")
    play_page(first, qtbot)
    first.lessons.player.next_page()
    play_page(first, qtbot)
    seen = first.lessons.player.playing.seen()  # type: ignore[union-attr]
    first.close()
    second = MainWindow(settings=settings, library=library)
    qtbot.addWidget(second)
    second.show()
    second.lessons.open("many-quarters")
    playing = second.lessons.player.playing
    assert playing is not None
    assert playing.number == 1
    assert playing.waiting == "start"
    second.lessons.player.turn_to(2)
    measured = [item.holds for item in playing.seen() if isinstance(item, Verified)]
    assert measured == [True]
    assert any(isinstance(item, Met) and item.chosen == 0 for item in seen)
    second.close()


def test_a_run_started_elsewhere_is_the_run_of_the_page(window: MainWindow, qtbot: QtBot) -> None:
    window.session.begin()
    window.lessons.open("many-quarters")
    player = window.lessons.player
    assert player.playing is not None
    player.guess(2)
    player.next_page()
    window.actions_by_name["start"].trigger()
    qtbot.waitUntil(lambda: player.playing is not None and player.playing.page_done, timeout=LONGEST_MS)
    assert all(item.holds for item in player.playing.seen() if isinstance(item, Verified))


def test_every_place_is_there(window: MainWindow) -> None:
    for place in PLACES:
        window.lessons.player.stage.lit.emit((place,))
        assert len(window.lessons.spotlight.lit) == 1, place
    for name in lesson_names():
        for page in load_lesson(name).pages:
            for item in page.items:
                if isinstance(item, SetUp):
                    window.lessons.player.stage.set_up(item)
                for place in getattr(item, "places", ()):
                    window.lessons.player.stage.lit.emit((place,))
                    assert window.lessons.spotlight.lit, place


def test_the_first_lesson_is_offered_until_it_is_declined(qtbot: QtBot, settings: Settings) -> None:
    for declined in (False, True):
        window = MainWindow(settings=settings)
        qtbot.addWidget(window)
        window.show()
        window.lessons.offer()
        assert window.docks["lessons"].isVisible() is not declined
        window.lessons.panel.list.decline.click()
        window.close()


def test_a_lesson_that_cannot_be_read_changes_nothing(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "broken.md"
    path.write_text("no lesson")
    with qtbot.waitSignal(window.lessons.panel.failed) as signal:
        window.lessons.panel.open_named(str(path))
    assert "broken" in signal.args[0].message
    assert window.lessons.player.lesson is None


def test_a_teacher_locks_and_hides_fields_for_as_long_as_the_lesson_is_open(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "class.md"
    path.write_text(
        "+++\ntitle = 'T'\nabout = 'A'\nremember = 'R'\nlocked = ['depth']\nhidden = ['batch_size']\n+++\n"
        "## One\nText\n"
    )
    rows = window.form.rows
    window.open_file(path)
    assert not rows["depth"].editor.isEnabled()
    assert rows["activation"].editor.isEnabled()
    assert not rows["batch_size"].editor.isVisibleTo(window.form)
    window.lessons.player.close()
    assert rows["depth"].editor.isEnabled()
    assert rows["batch_size"].editor.isVisibleTo(window.form)


def test_a_finished_lesson_is_saved_as_a_page(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.session.begin()
    window.lessons.open("standing-still")
    for _ in range(3):
        play_page(window, qtbot)
        window.lessons.player.next_page()
    window.lessons.panel.save_sheet(tmp_path / "sheet.html")
    assert "The weight that does not move" in (tmp_path / "sheet.html").read_text(encoding="utf-8")
    with qtbot.waitSignal(window.lessons.panel.failed):
        window.lessons.panel.save_sheet(tmp_path / "missing" / "sheet.html")
