"""QObjects in cycles die in the window's thread and nowhere else."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from driving import WAIT_MS
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from gradviz.app.threads.garbage import GarbageCollector


@pytest.fixture
def collector(qapp: object) -> Iterator[GarbageCollector]:
    collector = GarbageCollector()
    yield collector
    collector.end()
    # as all tests have it
    gc.disable()


class Cycle(QObject):
    """What only the garbage collector can free; it has a timer, which no other thread may stop."""

    def __init__(self, deaths: list[str]) -> None:
        super().__init__()
        self.itself = self
        self.timer = QTimer(self)
        self.timer.start(60_000)
        weakref.finalize(self, lambda: deaths.append(threading.current_thread().name))


def allocate_a_lot() -> None:
    """Enough to make Python collect, were it left to itself."""
    kept = [[number] for number in range(20_000)]
    assert kept


def in_another_thread(act: object) -> None:
    thread = threading.Thread(target=act, name="worker")  # type: ignore[arg-type]
    thread.start()
    thread.join(WAIT_MS / 1000)


def test_another_thread_frees_nothing_and_the_windows_thread_everything(
    collector: GarbageCollector, qtbot: QtBot
) -> None:
    deaths: list[str] = []
    collector.begin()
    Cycle(deaths)
    in_another_thread(allocate_a_lot)
    assert deaths == []
    litter = [[number] for number in range(2_000)]
    assert litter
    qtbot.waitUntil(lambda: bool(deaths), timeout=WAIT_MS)
    assert deaths == [threading.main_thread().name]


def test_python_would_let_another_thread_free_it(qapp: object) -> None:
    """The trap itself, with an object that any thread may free: the reason for the collector."""

    class Plain:
        def __init__(self) -> None:
            self.itself = self

    deaths: list[str] = []
    gc.enable()
    try:
        weakref.finalize(Plain(), lambda: deaths.append(threading.current_thread().name))
        in_another_thread(allocate_a_lot)
    finally:
        gc.disable()
    assert deaths == ["worker"]


def test_it_collects_only_what_is_due(collector: GarbageCollector, monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    monkeypatch.setattr(gc, "collect", collected.append)
    monkeypatch.setattr(gc, "get_threshold", lambda: (700, 10, 10))
    for counts in ((10, 0, 0), (701, 0, 0), (701, 11, 0), (5, 0, 11), (701, 11, 11)):
        monkeypatch.setattr(gc, "get_count", lambda counts=counts: counts)
        collector.collect()
    assert collected == [0, 1, 2, 2]


@pytest.mark.parametrize("automatic", [True, False])
def test_the_end_leaves_python_as_it_was(collector: GarbageCollector, automatic: bool) -> None:
    if automatic:
        gc.enable()
    collector.begin()
    collector.spare_what_is_loaded()
    assert not gc.isenabled()
    assert gc.get_freeze_count() > 1000
    collector.end()
    assert gc.isenabled() is automatic
    assert gc.get_freeze_count() == 0
