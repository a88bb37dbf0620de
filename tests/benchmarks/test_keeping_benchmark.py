"""What keeping a run costs its training: steps beside the same steps unrecorded, and a checkpoint beside a step."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Event, Frame
from gradviz.training.control import Control, pump
from gradviz.training.loop import train, warm_up
from gradviz.training.run_recording import RunRecording

ROUNDS = 5
SEGMENT_S = 1.5
# the writer needs a core of its own, now and then; what it takes from training is what both do in Python
MOST_FOR_RECORDING = 1.15
# in steps; one comes at most every half minute
MOST_FOR_A_CHECKPOINT = 1.5

SMALL = Experiment(depth=30, width=32, steps=0, device="cpu")
DEEP = Experiment(
    depth=1000, width=32, activation="tanh", shortcut="scaled", optimizer="adam", learning_rate=1e-3, steps=0,
    device="cpu",
)  # fmt: skip


def step_s(experiment: Experiment, path: Path | None) -> float:
    """Train for a while, into a file or without one; return the seconds that a step took, the first ones left out."""
    control = Control()
    recording = RunRecording(control, path)
    moments: list[float] = []

    def take(event: Event) -> None:
        recording.take(event)
        if isinstance(event, Frame) and event.step >= 2:
            moments.append(time.perf_counter())
            if moments[-1] - moments[0] > SEGMENT_S:
                control.stop()

    with recording.closed_at_the_end():
        pump(train(experiment, control), control, take)
    return (moments[-1] - moments[0]) / (len(moments) - 1)


@pytest.mark.benchmark
@pytest.mark.parametrize("experiment", [SMALL, DEEP], ids=["30 layers", "1000 layers"])
def test_recording_hardly_slows_training(experiment: Experiment, tmp_path: Path) -> None:
    warm_up()
    step_s(experiment, tmp_path / "warm.gradviz")
    plain, kept = [], []
    for number in range(ROUNDS):
        plain.append(step_s(experiment, None))
        kept.append(step_s(experiment, tmp_path / f"{number}.gradviz"))
    ratios = [there / here for there, here in zip(kept, plain, strict=True)]
    print(
        f"\n{experiment.network.depth} layers: {1 / statistics.median(plain):.0f} steps/s, recorded "
        f"{1 / statistics.median(kept):.0f}; ratio {statistics.median(ratios):.3f} of {[round(r, 3) for r in ratios]}"
    )
    assert statistics.median(ratios) < MOST_FOR_RECORDING


@pytest.mark.benchmark
@pytest.mark.parametrize("width", [32, 64])
def test_a_checkpoint_costs_a_step_at_most(width: int) -> None:
    warm_up()
    control = Control()
    steps, checkpoints = [], []
    size, before = 0, time.perf_counter()
    for event in train(DEEP.changed(width=width, steps=30), control):
        now = time.perf_counter()
        if isinstance(event, Frame):
            steps.append(now - before)
            control.ask_for_checkpoint()
        if isinstance(event, Checkpoint):
            # the update that leads to it is the rest of a step
            checkpoints.append(now - before)
            size = sum(array.nbytes for array in event.arrays.values())
        before = time.perf_counter()
    step, checkpoint = statistics.median(steps), statistics.median(checkpoints)
    print(f"\n1000 x {width}, Adam: {size / 1e6:.0f} MB, a step {step * 1e3:.0f} ms, a state {checkpoint * 1e3:.0f} ms")
    assert checkpoint < MOST_FOR_A_CHECKPOINT * step
