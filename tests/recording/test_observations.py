"""What holds at a step of what was observed, since when, and further numbers per step."""

from __future__ import annotations

import numpy as np
import pytest

from gradviz.experiment import Row
from gradviz.recording.frame import Frame, Observation, Started
from gradviz.recording.history import History
from gradviz.recording.named_scalars import MOST_SCALARS
from gradviz.recording.observations import MOST_OBSERVATIONS, Observations


def test_an_observation_holds_until_another_ends_it() -> None:
    observations = Observations()
    frozen = Observation(3, "frozen", rows=(2,))
    more = Observation(7, "frozen", rows=(2, 4))
    for each in (frozen, more, Observation(8, "detached"), Observation(10, "frozen", holds=False)):
        observations.add(each)
    found = [observations.at("frozen", step) for step in (2, 3, 6, 7, 9, 10)]
    assert [each and (each.observation.rows, each.since) for each in found] == [
        None, ((2,), 3), ((2,), 3), ((2, 4), 3), ((2, 4), 3), None,
    ]  # fmt: skip


def test_what_begins_again_counts_from_there() -> None:
    observations = Observations()
    for step, holds in ((1, True), (2, False), (5, True)):
        observations.add(Observation(step, "no_gradient", holds=holds))
    found = observations.at("no_gradient", 9)
    assert found is not None
    assert found.since == 5


def test_an_observation_of_an_earlier_step_than_the_last_is_refused() -> None:
    observations = Observations((Observation(4, "inputs"),))
    with pytest.raises(ValueError, match="step 3"):
        observations.add(Observation(3, "inputs"))


def test_only_so_many_observations_are_kept() -> None:
    observations = Observations(tuple(Observation(0, "inputs") for _ in range(MOST_OBSERVATIONS)))
    observations.add(Observation(1, "inputs"))
    assert len(observations.all) == MOST_OBSERVATIONS


def history_with(scalars: list[dict[str, float]]) -> History:
    history = History(Started("made up", (Row(),), (), "float32", 1, "cpu", 1))
    for step, further in enumerate(scalars):
        history.append(Frame(step, 1.0, 1.0, 1.0, {}, scalars=further))
    return history


def test_further_numbers_are_nan_where_they_were_not_told() -> None:
    history = history_with([{}, {"a": 1.0}, {"b": 2.0}, {"a": 3.0}])
    assert history.scalar_names == ("a", "b")
    assert np.array_equal(history.scalar("a")[1], [np.nan, 1.0, np.nan, 3.0], equal_nan=True)
    assert np.array_equal(history.scalar("b")[1], [np.nan, np.nan, 2.0, np.nan], equal_nan=True)
    envelope = history.scalar_curve("a", 0, 3, 4)
    assert np.array_equal(envelope.largest, [np.nan, 1.0, np.nan, 3.0], equal_nan=True)


def test_only_so_many_names_are_kept() -> None:
    history = history_with([{f"n{number}": 0.0 for number in range(MOST_SCALARS + 5)}])
    assert len(history.scalar_names) == MOST_SCALARS


def test_a_name_that_comes_late_is_drawn_over_the_whole_run() -> None:
    history = history_with([{}] * 5000 + [{"late": float(step)} for step in range(5000)])
    envelope = history.scalar_curve("late", 0, 9999, 100)
    assert np.nanmin(envelope.smallest) == 0.0
    assert np.nanmax(envelope.largest) == 4999.0
