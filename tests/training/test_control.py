"""Commands from another thread, answered by threading primitives: nothing here waits for a clock."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from gradviz.recording.frame import Diverged, Evaluation, Event, Frame
from gradviz.training.control import Control, pump

# far longer than anything here takes: reached only where something hangs
HANGS_AFTER_S = 30


def frame(step: int) -> Frame:
    return Frame(step, 1.0, 0.5, 0.1, {})


def evaluation(step: int) -> Evaluation:
    return Evaluation(step, 1.0, 0.5, np.zeros(1, np.int64), np.ones(1, np.float32))


def endless(closed: list[int], control: Control) -> Generator[Event]:
    """Frames until stopped, an evaluation before every other; notes the step at which it ended."""
    step = 0
    try:
        while not control.stopped:
            if step % 2 == 0:
                yield evaluation(step)
            yield frame(step)
            step += 1
    finally:
        closed.append(step)


class Listener:
    """A sink that another thread can wait on, and that can carry out a command at a given step."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.at: dict[int, Callable[[], None]] = {}
        self._arrived = threading.Condition()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Frame):
            with self._arrived:
                self.steps.append(event.step)
                self._arrived.notify_all()
            self.at.get(event.step, lambda: None)()

    def wait_for(self, step: int) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: step in self.steps, HANGS_AFTER_S), f"step {step} never came"


class Watched(Control):
    """A control that says when the pump has come to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.held = threading.Semaphore(0)

    def wait_for_turn(self) -> bool:
        if self.paused and not self._steps:
            self.held.release()
        return super().wait_for_turn()

    def expect_hold(self) -> None:
        assert self.held.acquire(timeout=HANGS_AFTER_S), "the run never came to hold"


@pytest.fixture
def control() -> Watched:
    return Watched()


@pytest.fixture
def listener() -> Listener:
    return Listener()


@contextmanager
def pumping(control: Control, listener: Listener) -> Iterator[list[int]]:
    """Pump endless events in a thread of its own; stopped and joined at the end."""
    closed: list[int] = []
    thread = threading.Thread(target=pump, args=(endless(closed, control), control, listener))
    thread.start()
    try:
        yield closed
    finally:
        control.stop()
        thread.join(HANGS_AFTER_S)
        assert not thread.is_alive()
    assert closed, "the generator was left open"


def test_a_run_goes_on_until_it_is_stopped(control: Watched, listener: Listener) -> None:
    with pumping(control, listener):
        listener.wait_for(100)
    assert listener.steps == list(range(len(listener.steps)))


def test_stopping_lets_no_further_frame_through(control: Watched, listener: Listener) -> None:
    listener.at[7] = control.stop
    closed: list[int] = []
    pump(endless(closed, control), control, listener)
    assert listener.steps == list(range(8))
    assert closed == [8]


def test_a_pause_holds_after_the_frame_under_way(control: Watched, listener: Listener) -> None:
    listener.at[5] = control.pause
    with pumping(control, listener):
        control.expect_hold()
        assert listener.steps == list(range(6))
        assert control.paused
        control.resume()
        listener.wait_for(50)
        assert not control.paused


def test_a_single_step_is_one_frame(control: Watched, listener: Listener) -> None:
    listener.at[3] = control.pause
    with pumping(control, listener):
        control.expect_hold()
        for step in (4, 5, 6):
            control.step()
            control.expect_hold()
            assert listener.steps[-1] == step
            assert control.paused


def test_steps_asked_for_in_a_row_are_all_made(control: Watched, listener: Listener) -> None:
    """Two more requests arrive while the first is being carried out."""
    listener.at[3] = control.pause
    listener.at[4] = lambda: (control.step(), control.step())
    with pumping(control, listener):
        control.expect_hold()
        control.step()
        control.expect_hold()
        assert listener.steps == list(range(7))


def test_a_run_that_begins_paused_shows_the_network_as_initialised(control: Watched, listener: Listener) -> None:
    control.pause()
    with pumping(control, listener):
        control.expect_hold()
        assert listener.steps == [0]


def test_a_step_asked_for_before_a_paused_run_begins_is_made(control: Watched, listener: Listener) -> None:
    """Frame 0 is no step: it does not use up the request."""
    control.pause()
    control.step()
    with pumping(control, listener):
        control.expect_hold()
        assert listener.steps == [0, 1]


def test_a_step_asked_for_while_running_does_not_break_a_later_pause(control: Watched, listener: Listener) -> None:
    listener.at[3] = control.step
    listener.at[6] = control.pause
    with pumping(control, listener):
        control.expect_hold()
        assert listener.steps == list(range(7))


def test_resuming_forgets_steps_that_were_asked_for(control: Watched, listener: Listener) -> None:
    listener.at[2] = lambda: (control.pause(), *(control.step() for _ in range(100)), control.resume())
    listener.at[10] = control.pause
    with pumping(control, listener):
        control.expect_hold()
        assert listener.steps == list(range(11))


def test_stop_wakes_a_paused_run_and_is_final(control: Watched, listener: Listener) -> None:
    control.pause()
    with pumping(control, listener) as closed:
        control.expect_hold()
        control.stop()
        control.resume()
        control.pause()
        assert control.stopped
        assert not control.paused
    assert listener.steps == [0]
    assert closed == [1]


def test_a_run_stopped_before_it_begins_makes_no_frame(control: Watched, listener: Listener) -> None:
    control.stop()
    pump(endless([], control), control, listener)
    assert listener.steps == []


def test_a_run_that_ends_by_itself_ends_the_pump(control: Watched, listener: Listener) -> None:
    received: list[Event] = []

    def short() -> Generator[Event]:
        yield frame(0)
        yield frame(1)
        yield Diverged(1, float("nan"))

    pump(short(), control, received.append)
    assert [type(event) for event in received] == [Frame, Frame, Diverged]


def test_a_sink_that_fails_closes_the_generator(control: Watched) -> None:
    closed: list[int] = []

    def fail(event: Event) -> None:
        if isinstance(event, Frame) and event.step == 2:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        pump(endless(closed, control), control, fail)
    assert closed == [2]


def test_an_error_of_the_generator_comes_through(control: Watched) -> None:
    def failing() -> Generator[Event]:
        yield frame(0)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        pump(failing(), control, lambda _event: None)
