from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest

from gradviz.recording.snapshots import Snapshots


@dataclass(frozen=True, eq=False)
class Taken:
    step: int
    weight: int = 1


class Stored:
    """What can be fetched; counts how often it was."""

    def __init__(self) -> None:
        self.fetched: list[int] = []

    def fetch(self, step: int) -> Taken:
        self.fetched.append(step)
        return Taken(step)


def taken(most: int, steps: range, fetch: object = None) -> Snapshots[Taken]:
    snapshots = Snapshots[Taken](lambda each: each.weight, fetch, most)
    for step in steps:
        snapshots.put(Taken(step))
    return snapshots


def test_the_latest_at_or_before_a_step_is_found() -> None:
    snapshots = taken(100, range(10, 50, 10))
    assert [each and each.step for each in map(snapshots.at, (9, 10, 19, 20, 45, 999))] == [None, 10, 10, 20, 40, 40]
    assert (snapshots.first_step, snapshots.latest_step) == (10, 40)
    assert snapshots.steps.tolist() == [10, 20, 30, 40]
    assert snapshots.steps.dtype == np.int64


def test_none_are_there_before_the_first() -> None:
    snapshots = taken(100, range(0))
    assert snapshots.at(5) is snapshots.first_step is snapshots.latest_step is None
    assert snapshots.steps.size == 0


@pytest.mark.parametrize("step", [30, 29, 0])
def test_what_is_out_of_order_is_refused(step: int) -> None:
    snapshots = taken(100, range(0, 31, 10))
    with pytest.raises(ValueError, match="out of order"):
        snapshots.put(Taken(step))
    assert snapshots.steps.tolist() == [0, 10, 20, 30]


def test_what_is_not_stored_is_thinned_out_evenly() -> None:
    snapshots = taken(20, range(1000))
    steps = snapshots.steps
    assert steps[0] == 0
    assert steps[-1] == 999
    assert len(steps) == 20
    assert np.diff(steps).max() <= 2 * 1000 / 20
    assert all(snapshots.at(int(step)).step == step for step in steps)
    # a step given up is represented by the one before it
    assert snapshots.at(int(steps[3]) - 1).step == steps[2]


def test_one_larger_than_the_budget_is_kept_beside_the_first() -> None:
    snapshots = Snapshots[Taken](lambda each: each.weight, Stored().fetch, 10)
    for step in range(3):
        snapshots.put(Taken(step, weight=50))
    assert snapshots.steps.tolist() == [0, 2]


def test_what_is_stored_leaves_memory_and_comes_back() -> None:
    stored = Stored()
    snapshots = taken(10, range(10), stored.fetch)
    ends = snapshots.at(0), snapshots.at(9)
    snapshots.release(10)
    for step in range(10, 30):
        snapshots.put(Taken(step))
        snapshots.release(step + 1)
    assert snapshots.steps.tolist() == list(range(30))
    assert stored.fetched == []
    assert [snapshots.at(step).step for step in range(30)] == list(range(30))
    assert set(stored.fetched) >= set(range(1, 20))
    # the first never leaves, and the newest is still here
    assert snapshots.at(0) is ends[0]
    assert not {0, 29} & set(stored.fetched)


def test_one_that_was_fetched_stays_for_a_while() -> None:
    stored = Stored()
    snapshots = Snapshots[Taken](lambda each: each.weight, stored.fetch, 5, stored=np.arange(0, 100, 10))
    assert stored.fetched == []
    assert snapshots.at(47) is snapshots.at(40)
    assert stored.fetched == [40]
    for step in range(0, 100, 10):
        snapshots.at(step)
    assert snapshots.at(40).step == 40
    assert stored.fetched.count(40) >= 1
    snapshots.put(Taken(100))
    assert snapshots.latest_step == 100


def test_everybody_is_given_the_same_one() -> None:
    both = threading.Barrier(2)

    def fetch(step: int) -> Taken:
        both.wait(timeout=30)
        return Taken(step)

    snapshots = Snapshots[Taken](lambda each: each.weight, fetch, 5, stored=[3])
    found: list[Taken] = []
    threads = [threading.Thread(target=lambda: found.append(snapshots.at(3))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1]
