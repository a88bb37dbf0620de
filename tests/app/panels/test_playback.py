"""Which step is played when, by a clock that the test turns."""

from __future__ import annotations

import pytest
from driving import made_up
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from gradviz.app.panels.playback import PERIOD_MS, STEPS_PER_SECOND, Playback
from gradviz.recording.frame import Frame
from gradviz.recording.history import History

FRAMES = 200


class Watch:
    """A playback, the clock it goes by, and what it asked for."""

    def __init__(self, frames: int = FRAMES) -> None:
        self.now_s = 1000.0
        self.history: History = made_up([[-1.0, -2.0]] * frames)
        self.playback = Playback(clock=lambda: self.now_s)
        self.asked: list[int | None] = []
        self.playback.step_wanted.connect(self.asked.append)
        # as the board does
        self.playback.step_wanted.connect(self.playback.show_step)
        self.playback.show_history(self.history)

    def after(self, seconds: float) -> list[int | None]:
        """Let time pass; return what is asked for now."""
        self.now_s += seconds
        before = len(self.asked)
        self.playback.tick()
        return self.asked[before:]


@pytest.fixture
def watch(qapp: QCoreApplication) -> Watch:
    return Watch()


@pytest.mark.parametrize("factor", [1, 2, 20])
def test_a_second_is_as_many_steps_as_the_speed_says(watch: Watch, factor: int) -> None:
    watch.playback.set_speed(factor)
    watch.playback.show_step(20)
    watch.playback.play()
    # eighths, which a float holds exactly
    steps = [step for _ in range(4) for step in watch.after(0.125)]
    due = [20 + STEPS_PER_SECOND * factor * eighth // 8 for eighth in (1, 2, 3, 4)]
    assert steps == due
    watch.playback.pause()


def test_no_step_is_asked_for_twice(watch: Watch) -> None:
    watch.playback.show_step(20)
    watch.playback.play()
    asked = [step for _ in range(100) for step in watch.after(0.01)]
    # a little less than a second has passed for the eyes of a float
    assert asked in ([*range(21, 31)], [*range(21, 30)])
    watch.playback.pause()


def test_a_slow_machine_leaves_steps_out_and_keeps_the_speed(watch: Watch) -> None:
    watch.playback.set_speed(10)
    watch.playback.show_step(0)
    watch.playback.play()
    assert watch.after(1.25) == [125]
    watch.playback.pause()


def test_it_holds_at_the_end_of_a_run_that_has_ended_and_begins_again_from_there(watch: Watch) -> None:
    watch.playback.show_step(195)
    watch.playback.play()
    assert watch.after(100) == [FRAMES - 1]
    assert not watch.playback.playing
    watch.playback.play()
    assert watch.asked[-1] == 0
    assert watch.after(0.5) == [5]
    watch.playback.pause()


def test_it_loops_where_that_is_wanted(watch: Watch) -> None:
    watch.playback.loops = True
    watch.playback.show_step(198)
    watch.playback.play()
    assert watch.after(0.2) == [0]
    assert watch.after(0.35) == [3]
    assert watch.playback.playing
    watch.playback.pause()


def test_a_run_that_goes_on_is_followed_once_it_is_caught_up_with(watch: Watch) -> None:
    watch.playback.show_growing(True)
    watch.playback.show_step(190)
    watch.playback.play()
    assert watch.after(0.55) == [195]
    row = watch.history.row("gradient", 0)
    assert row is not None
    for step in range(FRAMES, FRAMES + 6):
        watch.history.append(Frame(step, 1.0, 0.5, 0.1, {"gradient": row}))
    assert watch.after(0.9) == [FRAMES + 4]
    assert watch.after(0.1) == [None]
    assert not watch.playback.playing


def test_following_the_latest_ends_the_playback_and_picking_goes_on_from_there(watch: Watch) -> None:
    watch.playback.show_step(10)
    watch.playback.play()
    watch.after(0.5)
    watch.playback.show_step(100)
    assert watch.after(0.5) == [105]
    watch.playback.show_step(None)
    assert not watch.playback.playing


def test_another_speed_goes_on_from_the_step_that_is_shown(watch: Watch) -> None:
    watch.playback.show_step(10)
    watch.playback.play()
    assert watch.after(1.0) == [20]
    watch.playback.set_speed(2)
    assert watch.after(1.0) == [40]
    watch.playback.pause()


@pytest.mark.parametrize("frames", [0, 1])
def test_less_than_two_steps_cannot_be_played(qapp: QCoreApplication, frames: int) -> None:
    playback = Playback()
    playback.show_history(made_up([[-1.0]]) if frames else None)
    playback.toggle()
    assert not playback.playing


def test_the_timer_plays_by_itself(qtbot: QtBot) -> None:
    playback = Playback()
    playback.show_history(made_up([[-1.0]] * 40))
    playback.set_speed(20)
    shown: list[int] = []
    playback.step_wanted.connect(shown.append)
    with qtbot.waitSignal(playback.step_wanted, check_params_cb=lambda step: step == 39, timeout=10_000):
        playback.toggle()
    assert shown == sorted(shown)
    assert shown[0] == 0
    # 40 steps at 200 a second: no more than one picture a period, and one each for begin and end
    assert len(shown) <= 2 + 1000 * 40 / 200 / PERIOD_MS + 1
