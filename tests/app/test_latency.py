"""How soon the window answers: a stop and a close at depth 1000, a profile at depth 100.

Other programs may take the processor away at any moment, so the best of a few attempts counts, and the clock is looked
at only where benchmarks are asked for; none of the bounds can be met by chance.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import TINY, WAIT_MS, profile_of, trigger, wait_for, wait_until
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.session.phase import Phase
from gradviz.app.settings import Settings
from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library
from gradviz.training import loop

ATTEMPTS = 3
# beside one training step
MOST_FOR_A_STOP_S = 0.1
# the window is off the screen at once, but its program stays until the last state, 12 MB, is on the disk
MOST_FOR_A_CLOSE_S = 0.2
MOST_FOR_A_PROFILE_S = 0.15
STEPS_TIMED = 4

DEEP = Experiment(
    depth=1000, width=32, activation="tanh", shortcut="scaled", optimizer="adam", learning_rate=1e-3, steps=0,
    device="cpu",
)  # fmt: skip


@pytest.fixture
def window(qtbot: QtBot, settings: Settings, tmp_path: Path) -> Iterator[MainWindow]:
    """The window as a person has it: its runs are kept."""
    window = MainWindow(TINY, settings, library=Library(tmp_path / "runs"))
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


def running(window: MainWindow, qtbot: QtBot) -> float:
    """Start a run, and return the seconds that one of its steps takes."""
    trigger(window, "start")
    wait_until(qtbot, lambda: window.session.run.history is not None and window.session.run.history.frames > 2)
    history = window.session.run.history
    assert history is not None
    begin, frames = time.perf_counter(), history.frames
    wait_until(qtbot, lambda: history.frames >= frames + STEPS_TIMED)
    return (time.perf_counter() - begin) / (history.frames - frames)


@pytest.mark.benchmark
def test_a_stop_at_a_thousand_layers_takes_a_step_and_little_more(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(DEEP)
    over: list[float] = []
    for _ in range(ATTEMPTS):
        step = running(window, qtbot)
        begin = time.perf_counter()
        with qtbot.waitSignal(
            window.session.run.phase_changed, timeout=WAIT_MS, check_params_cb=lambda phase: phase is Phase.STOPPED
        ):
            trigger(window, "stop")
        over.append(time.perf_counter() - begin - step)
    print(f"\nbeyond a step of {step * 1000:.0f} ms, a stop took {[round(each * 1000) for each in over]} ms")
    assert min(over) < MOST_FOR_A_STOP_S


@pytest.mark.benchmark
def test_closing_at_a_thousand_layers_takes_a_step_and_little_more(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(DEEP)
    over: list[float] = []
    for _ in range(ATTEMPTS):
        window.show()
        step = running(window, qtbot)
        begin = time.perf_counter()
        assert window.close()
        over.append(time.perf_counter() - begin - step)
    print(f"\nbeyond a step of {step * 1000:.0f} ms, closing took {[round(each * 1000) for each in over]} ms")
    assert min(over) < MOST_FOR_A_CLOSE_S


@pytest.mark.benchmark
def test_a_settled_slider_shows_its_profile_at_once(window: MainWindow, qtbot: QtBot) -> None:
    window.session.begin()
    window.session.set(Experiment(depth=90, device="cpu"))
    slider = window.form.rows["depth"].editor.slider  # type: ignore[attr-defined]
    taken: list[float] = []

    def depth_shown() -> int:
        history = profile_of(window.board).history
        return len(history.started.rows) if history is not None else 0

    wait_until(qtbot, lambda: depth_shown() == 90)
    for step in range(ATTEMPTS + 2):
        begin = time.perf_counter()
        slider.setSliderPosition(slider.value() + 2)
        wanted = window.form.experiment().network.depth
        assert 90 < wanted < 110
        with qtbot.waitSignal(window.session.preview.previewed, timeout=WAIT_MS):
            pass
        wait_until(qtbot, lambda wanted=wanted: depth_shown() == wanted)
        # the first one may wait for what torch imports late
        if step:
            taken.append(time.perf_counter() - begin)
    print(f"\na profile of {wanted} layers took {[round(each * 1000) for each in taken]} ms")
    assert min(taken) < MOST_FOR_A_PROFILE_S


@pytest.mark.slow
def test_neither_profile_nor_training_is_computed_in_the_windows_thread(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[tuple[str, int]] = []
    first_events = loop.first_events

    def watched(experiment: Experiment) -> object:
        threads.append(("profile", threading.get_ident()))
        return first_events(experiment)

    class Watched(loop.TrainingRun):
        def update(self) -> None:
            threads.append(("training", threading.get_ident()))
            super().update()

    monkeypatch.setattr(loop, "first_events", watched)
    window.session.begin()
    histories: list[History] = []
    window.session.preview.previewed.connect(histories.append)
    wait_until(qtbot, lambda: bool(histories))
    monkeypatch.setattr(loop, "TrainingRun", Watched)
    trigger(window, "start")
    wait_for(qtbot, window, Phase.FINISHED)
    assert {what for what, _ in threads} == {"profile", "training"}
    assert threading.get_ident() not in {thread for _, thread in threads}
