"""Distributions when somebody looks: at once, and without a trace in anything else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradviz.experiment import Experiment
from gradviz.recording.frame import Distributions, Event, Frame
from gradviz.training.control import Control
from gradviz.training.loop import train

TINY = Experiment(depth=4, width=6, activation="tanh", batch_size=16, steps=12, probe_every=10, device="cpu")


def events(looks_before: Sequence[int] = ()) -> list[Event]:
    """All events of a run of which distributions are asked for right after these steps."""
    control, found = Control(), []
    for event in train(TINY, control):
        found.append(event)
        if isinstance(event, Frame) and event.step + 1 in looks_before:
            control.look_closer()
    return found


def test_a_closer_look_is_had_at_the_next_step_and_only_there() -> None:
    steps = [event.step for event in events((3, 7)) if isinstance(event, Distributions)]
    assert steps == [0, 3, 7, 10, 12]


def test_it_changes_nothing_else() -> None:
    plain, looked = events(), events((2, 3, 4))
    frames, others = ([event for event in each if isinstance(event, Frame)] for each in (plain, looked))
    for a, b in zip(frames, others, strict=True):
        assert (a.step, a.loss, list(a.rows)) == (b.step, b.loss, list(b.rows))
        assert all(np.array_equal(a.rows[name], b.rows[name], equal_nan=True) for name in a.rows)


def test_what_is_looked_at_is_the_network_of_that_step() -> None:
    by_step = {event.step: event for event in events((5, 10)) if isinstance(event, Distributions)}
    on_schedule = {event.step: event for event in events() if isinstance(event, Distributions)}
    for kind, numbers in by_step[10].by_kind.items():
        np.testing.assert_array_equal(numbers.counts, on_schedule[10].by_kind[kind].counts)
    assert not np.array_equal(by_step[5].by_kind["weights"].edges, by_step[10].by_kind["weights"].edges)


def test_asking_twice_is_asking_once() -> None:
    control = Control()
    assert not control.take_closer_look()
    control.look_closer()
    control.look_closer()
    assert control.take_closer_look()
    assert not control.take_closer_look()
