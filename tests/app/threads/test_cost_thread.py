"""The measurement beside the window: how often it tells, that it stops in time, and how it fails."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from itertools import count
from types import SimpleNamespace

import pytest
import torch
from driving import WAIT_MS, wait_until
from pytestqt.qtbot import QtBot

from gradviz.app.failure import Failure
from gradviz.app.threads import cost_thread
from gradviz.app.threads.cost_thread import CostThread
from gradviz.experiment import choices
from gradviz.training import activation_cost
from gradviz.training.activation_cost import CostProgress


class Heard:
    """What a thread said, in order."""

    def __init__(self, thread: CostThread) -> None:
        self.thread = thread
        self.progress: list[CostProgress] = []
        self.failures: list[Failure] = []
        self.order: list[str] = []
        thread.progressed.connect(self.progress.append)
        thread.failed.connect(self.failures.append)
        for name in ("progressed", "failed", "finished"):
            getattr(thread, name).connect(lambda *_, name=name: self.order.append(name))

    def until_finished(self, qtbot: QtBot) -> None:
        wait_until(qtbot, lambda: "finished" in self.order)


@pytest.fixture
def heard(qapp: object) -> Iterator[Heard]:
    thread = CostThread("cpu", 0.01, sizes=(1, 64))
    yield Heard(thread)
    thread.end()
    assert thread.wait(WAIT_MS)


def turns(monkeypatch: pytest.MonkeyPatch, made: Generator[CostProgress]) -> None:
    monkeypatch.setattr(activation_cost, "measure_costs", lambda *_, **__: made)


def test_all_activations_are_measured_and_the_end_is_told(
    heard: Heard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation_cost, "TURN_NS", 2_000)
    heard.thread.start()
    heard.until_finished(qtbot)
    last = heard.progress[-1]
    assert last.done == last.total == 21 * 2 * len(choices("activation"))
    assert last.costs is not None
    assert (last.costs.rounds, last.costs.sizes) == (21, (1, 64))
    assert set(last.costs.at(64)) == set(choices("activation"))
    assert (heard.order[-1], heard.failures) == ("finished", [])


def test_it_tells_ten_times_a_second_however_many_turns_there_are(
    heard: Heard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count()
    # a turn every eighth of a tenth of a second: parts of a second that floats hold exactly
    monkeypatch.setattr(cost_thread, "TELL_EVERY_S", 0.125)
    monkeypatch.setattr(cost_thread, "time", SimpleNamespace(monotonic=lambda: next(clock) / 64))
    turns(monkeypatch, (CostProgress(done, 1005, None) for done in range(1006)))
    heard.thread.start()
    heard.until_finished(qtbot)
    assert [progress.done for progress in heard.progress] == [*range(0, 1005, 8), 1005]


def test_a_stop_ends_it_after_the_turn_under_way_and_tells_the_last_of_it(
    heard: Heard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, go_on = threading.Event(), threading.Event()
    closed_in: list[str] = []

    def made() -> Generator[CostProgress]:
        try:
            yield CostProgress(0, 1000, None)
            at_work.set()
            assert go_on.wait(WAIT_MS / 1000)
            yield from (CostProgress(done, 1000, None) for done in range(1, 1001))
        finally:
            closed_in.append(threading.current_thread().name)

    monkeypatch.setattr(cost_thread, "TELL_EVERY_S", 1e9)
    turns(monkeypatch, made())
    heard.thread.start()
    assert at_work.wait(WAIT_MS / 1000)
    heard.thread.end()
    go_on.set()
    heard.until_finished(qtbot)
    assert [progress.done for progress in heard.progress] == [0, 1]
    # what the measurement took from its thread, it gives back there
    assert len(closed_in) == 1
    assert closed_in != [threading.current_thread().name]


def test_an_end_before_the_beginning_lets_no_turn_be_taken(heard: Heard, qtbot: QtBot) -> None:
    heard.thread.end()
    heard.thread.start()
    heard.until_finished(qtbot)
    assert [progress.done for progress in heard.progress] == [0]
    assert heard.failures == []


def test_the_window_keeps_its_number_of_threads(heard: Heard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        monkeypatch.setattr(activation_cost, "TURN_NS", 2_000)
        heard.thread.start()
        heard.until_finished(qtbot)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_device_that_is_not_there_is_told_in_one_sentence(qtbot: QtBot) -> None:
    heard = Heard(CostThread("cuda:99", 0.01))
    heard.thread.start()
    heard.until_finished(qtbot)
    assert heard.order == ["failed", "finished"]
    assert heard.failures[0].message.startswith("cuda:99 is not there: ")
    assert heard.failures[0].details == ""


def test_a_defect_is_told_with_its_traceback(heard: Heard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Generator[CostProgress]:
        yield CostProgress(0, 10, None)
        raise IndexError("off by one")

    turns(monkeypatch, broken())
    heard.thread.start()
    heard.until_finished(qtbot)
    assert heard.order == ["progressed", "failed", "finished"]
    assert "IndexError: off by one" in heard.failures[0].message
    assert "in broken" in heard.failures[0].details
