"""What recording to disk costs the training thread, what a kill costs, and what tampered files do."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hostile_files import LONGEST_S, MOST_BYTES, Fuzz
from killed_writer import kill_and_look
from made_up_events import wait_until

from gradviz.experiment import Experiment
from gradviz.recording.frame import Event, Frame, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, read_info
from gradviz.training.loop import train, warm_up

ROUNDS = 25
SECONDS_A_ROUND = 1.0
MOST_TIMES_AS_DEAR = 1.1

KILLS = 50
FRAMES_PER_S = 300.0
FUZZED = 5010


class Training:
    """A run that goes on in turns, recorded into memory alone or on disk as well."""

    def __init__(self, experiment: Experiment, path: Path | None) -> None:
        self._events: Iterator[Event] = train(experiment)
        started = next(self._events)
        assert isinstance(started, Started)
        self._history = History(started)
        self._path = path
        self._writer = (
            StoreWriter(path, self._history, environment={}, on_trouble=pytest.fail) if path is not None else None
        )
        # by the clock, of the processor's time of the training thread, and of that of all threads
        self.step_ms: list[tuple[float, float, float]] = []

    def go_on(self) -> None:
        begin, frames = np.array(_clocks()), self._history.frames
        while time.perf_counter() - begin[0] < SECONDS_A_ROUND:
            for event in self._events:
                self._history.append(event)
                if isinstance(event, Frame):
                    break
        wall, thread, process = (np.array(_clocks()) - begin) / (self._history.frames - frames) * 1e3
        self.step_ms.append((wall, thread, process))

    def pause(self) -> None:
        """Let the disk writer catch up, so that it does not work while the other run is measured."""
        if self._path is not None:
            wait_until(lambda: read_info(self._path).frames == self._history.frames, "the disk has caught up")

    def close(self) -> None:
        self._events.close()
        if self._writer is not None:
            self._writer.close("stopped")


def _clocks() -> tuple[float, float, float]:
    return time.perf_counter(), time.thread_time(), time.process_time()


@pytest.mark.benchmark
@pytest.mark.parametrize(("depth", "width"), [(100, 32), (1000, 32)])
def test_recording_to_disk_costs_training_little(tmp_path: Path, depth: int, width: int) -> None:
    warm_up()
    experiment = Experiment(depth=depth, width=width, activation="tanh", shortcut="scaled", steps=0, device="cpu")
    path = tmp_path / "run.gradviz"
    bare, stored = Training(experiment, None), Training(experiment, path)
    for _ in range(ROUNDS):
        for each in (bare, stored):
            each.go_on()
            each.pause()
    bare.close()
    stored.close()
    memory_ms, file_ms = np.median(bare.step_ms, axis=0), np.median(stored.step_ms, axis=0)
    by_clock, of_training, of_all = np.median(np.array(stored.step_ms) / np.array(bare.step_ms), axis=0)
    print(
        f"\n{depth} x {width}: {1e3 / memory_ms[0]:.1f} steps/s in memory, {1e3 / file_ms[0]:.1f} with a file; a step"
        f" costs {by_clock:.3f} times as much by the clock, {of_training:.3f} of the training thread's processor time,"
        f" {of_all:.3f} of all threads'"
    )
    assert of_training < MOST_TIMES_AS_DEAR


@pytest.mark.benchmark
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_kill_costs_a_second_at_most(tmp_path: Path) -> None:
    moments = np.random.default_rng(0).uniform(0.0, 2.5, KILLS)
    lost = [
        kill_and_look(tmp_path / f"{number}.gradviz", 100, FRAMES_PER_S, float(moment))
        for number, moment in enumerate(moments)
    ]
    frames, seconds = [each.frames for each in lost], [each.seconds for each in lost]
    print(
        f"\n{KILLS} kills at {FRAMES_PER_S:.0f} frames/s, all files open: frames lost {statistics.median(frames):.0f}"
        f" (median), {max(frames)} (most); seconds lost {statistics.median(seconds):.2f} (median),"
        f" {max(seconds):.2f} (most); frames kept {min(each.stored for each in lost)} to"
        f" {max(each.stored for each in lost)}"
    )
    assert max(seconds) < 1.0


@pytest.mark.benchmark
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as on Linux")
def test_thousands_of_files_that_were_tampered_with(tmp_path: Path) -> None:
    fuzz = Fuzz(tmp_path)
    fuzz.run(range(FUZZED))
    print("", *fuzz.table(), sep="\n")
    print(f"slowest {fuzz.slowest_s:.2f} s, most memory {fuzz.most_bytes / 1e6:.0f} MB more than the whole file takes")
    assert fuzz.defects == []
    assert sum(fuzz.counts.values()) == FUZZED
    assert fuzz.slowest_s < LONGEST_S
    assert fuzz.most_bytes < MOST_BYTES
