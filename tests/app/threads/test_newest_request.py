"""One thread for all that is asked again and again: the newest counts, jobs are never lost, and it ends in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from driving import WAIT_MS, wait_until
from pytestqt.qtbot import QtBot

from gradviz.app.failure import Failure
from gradviz.app.threads.newest_request import NewestRequest


class Answering(NewestRequest):
    kinds = ("urgent", "later")

    def __init__(self, *, starts_when_asked: bool = True) -> None:
        super().__init__("answering", starts_when_asked=starts_when_asked)
        self.done: list[object] = []
        self.gate = threading.Event()

    def prepare(self) -> None:
        self.gate.wait(WAIT_MS / 1000)
        self.done.append("prepared")

    def answer(self, kind: str, request: Any) -> None:
        if request == "wrong":
            raise ValueError(kind)
        self.done.append((kind, request))


@pytest.fixture
def thread(qapp: object) -> Iterator[Answering]:
    thread = Answering()
    yield thread
    thread.gate.set()
    thread.end()
    assert thread.wait(WAIT_MS)


def test_jobs_come_first_and_of_each_kind_the_newest_in_the_order_of_urgency(thread: Answering, qtbot: QtBot) -> None:
    for number in range(3):
        thread.put("later", number)
        thread.put("urgent", number)
        thread.put_job(lambda number=number: thread.done.append(number))
    thread.gate.set()
    wait_until(qtbot, lambda: len(thread.done) == 6)
    assert thread.done == ["prepared", 0, 1, 2, ("urgent", 2), ("later", 2)]


def test_what_is_withdrawn_before_its_turn_is_not_answered(thread: Answering, qtbot: QtBot) -> None:
    thread.put("urgent", 1)
    thread.put("later", 2)
    thread.withdraw("urgent")
    thread.withdraw("unknown")
    thread.gate.set()
    wait_until(qtbot, lambda: len(thread.done) == 2)
    assert thread.done[1] == ("later", 2)


def test_a_failure_is_told_and_the_next_request_is_answered(thread: Answering, qtbot: QtBot) -> None:
    failures: list[Failure] = []
    thread.failed.connect(failures.append)
    thread.put("urgent", "wrong")
    thread.put("later", 1)
    thread.gate.set()
    wait_until(qtbot, lambda: len(thread.done) == 2 and len(failures) == 1)
    assert "ValueError" in failures[0].details


def test_at_the_end_jobs_are_done_and_requests_are_not(thread: Answering) -> None:
    thread.put("urgent", 1)
    thread.put_job(lambda: thread.done.append("job"))
    thread.end()
    thread.gate.set()
    assert thread.wait(WAIT_MS)
    assert thread.done == ["prepared", "job"]


def test_one_that_is_started_by_hand_waits_for_that(qapp: object) -> None:
    thread = Answering(starts_when_asked=False)
    thread.put("urgent", 1)
    assert not thread.isRunning()
    thread.end()
    assert thread.wait(0) or not thread.isRunning()
