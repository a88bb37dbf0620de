from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_up_events import (
    LAYERS,
    QUANTITIES,
    append,
    assert_holds,
    begun,
    checkpoint,
    frame,
    same_bits,
    wait_until,
    watched,
)

from gradviz.errors import RecordingError
from gradviz.recording.frame import Diverged, Frame, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, latest_checkpoint, open_run, read_info, settle

Write = Callable[..., StoreWriter]
STEPS = 300


def stored(path: Path, frames: int) -> Callable[[], bool]:
    return lambda: read_info(path).frames >= frames


def only_file(path: Path) -> bool:
    return [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.slow
@pytest.mark.parametrize("by_layer", [False, True])
def test_every_event_comes_back_bit_by_bit(path: Path, write: Write, troubles: list[str], *, by_layer: bool) -> None:
    history = History(begun())
    writer = write(history)
    for first, end in ((0, 3), (3, 4), (4, 70), (70, 71), (71, 290), (290, STEPS)):
        append(history, first, end, by_layer=by_layer)
        wait_until(stored(path, end), f"{end} frames are stored")
    writer.close("finished")
    assert only_file(path)
    with open_run(path) as run:
        assert_holds(run.history, STEPS, by_layer=by_layer)
    # what left memory comes back through the file
    assert_holds(history, STEPS, by_layer=by_layer)
    assert troubles == []


@pytest.mark.parametrize("kind", ["largest", "mean"])
def test_zoomed_out_it_is_what_was_never_stored(path: Path, write: Write, kind: str) -> None:
    history, kept = History(begun()), History(begun())
    writer = write(history)
    append(kept, 0, STEPS)
    append(history, 0, STEPS)
    writer.close("finished")
    with open_run(path) as run:
        for quantity in QUANTITIES:
            for stride in (1, 2, 4, 16, 64):
                one = run.history.window(quantity.name, 0, STEPS, stride, kind)
                other = kept.window(quantity.name, 0, STEPS, stride, kind)
                assert (one.first_step, one.stride) == (other.first_step, other.stride)
                assert same_bits(one.measured, other.measured)
                np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize("started", [begun(), watched()], ids=["experiment", "watched"])
def test_how_it_began_comes_back(path: Path, write: Write, started: Started) -> None:
    write(History(started), name="mine", python="3.11", device="cpu").close("stopped", "because")
    with open_run(path) as run:
        back = run.history.started
    for field in ("title", "rows", "quantities", "precision", "parameters", "device", "threads", "planned_steps",
                  "scheduled_every", "batch_size", "training_samples", "experiment"):  # fmt: skip
        assert getattr(back, field) == getattr(started, field), field
    if started.held_out is None:
        assert back.held_out is None
        assert back.input_mean_square is None
    else:
        for field in ("class_names", "image_shape", "extent", "channels"):
            assert getattr(back.held_out, field) == getattr(started.held_out, field), field
        assert same_bits(back.held_out.inputs, started.held_out.inputs)
        assert same_bits(back.held_out.labels, started.held_out.labels)
        assert same_bits(back.input_mean_square, started.input_mean_square)


def test_a_run_without_a_frame_is_a_file_too(path: Path, write: Write) -> None:
    write(History(begun())).close("failed", "no memory")
    assert only_file(path)
    info = read_info(path)
    assert (info.frames, info.ending, info.why, info.sparkline) == (0, "failed", "no memory", ())
    assert info.loss is info.accuracy is None
    with open_run(path) as run:
        assert run.history.frames == 0
        assert run.history.window("grad", 0, 10).values.shape == (0, LAYERS)


def test_at_a_glance(path: Path, write: Write) -> None:
    before = time.time()
    history = History(begun())
    writer = write(history, name="first try", torch="2.13", seed="0")
    append(history, 0, 101)
    writer.close("finished")
    info = read_info(path)
    assert (info.path, info.name, info.note, info.ending) == (path, "first try", "", "finished")
    assert before <= info.created <= time.time()
    assert (info.frames, info.experiment, info.title) == (101, begun().experiment, begun().title)
    assert info.environment == {"torch": "2.13", "seed": "0"}
    assert info.quantities == QUANTITIES
    assert info.accuracy == history.evaluation_at(100).accuracy
    assert info.loss == 2.0 / 101
    assert info.size == path.stat().st_size
    # 64 steps from the first to the last, NaN where the loss is
    assert len(info.sparkline) == 64
    assert (info.sparkline[0], info.sparkline[-1]) == (2.0, 2.0 / 101)
    steps = [round(100 * number / 63) for number in range(64)]
    losses = [float("nan") if step % 50 == 7 else 2.0 / (step + 1) for step in steps]
    np.testing.assert_array_equal(info.sparkline, losses)


def test_a_divergence_comes_back(path: Path, write: Write) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 10)
    rows = frame(10).rows
    history.append(Frame(10, float("inf"), 0.0, 0.1, rows))
    history.append(Diverged(10, float("inf")))
    writer.close("diverged")
    with open_run(path) as run:
        assert run.info.ending == "diverged"
        assert run.history.diverged == Diverged(10, float("inf"))
        assert run.history.frames == 11


def test_of_checkpoints_the_newest_is_kept_once_its_frames_are_there(path: Path, write: Write) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 5)
    writer.keep(checkpoint(3))
    wait_until(lambda: latest_checkpoint(path) is not None, "the checkpoint is stored")
    assert latest_checkpoint(path).step == 3
    # as on a GPU, where frames arrive late
    writer.keep(checkpoint(8))
    append(history, 5, 7)
    wait_until(stored(path, 7), "7 frames are stored")
    assert latest_checkpoint(path).step == 3
    append(history, 7, 9)
    writer.close("stopped")
    found = latest_checkpoint(path)
    assert found.step == 8
    assert found.arrays.keys() == checkpoint(8).arrays.keys()
    for name, array in checkpoint(8).arrays.items():
        assert same_bits(found.arrays[name], array), name


def test_an_array_of_objects_is_no_tensor(path: Path, write: Write) -> None:
    writer = write(History(begun()))
    with pytest.raises(TypeError, match="object cannot be stored"):
        writer.keep(type(checkpoint(0))(0, {"code": np.array([print], object)}))


def test_a_run_without_a_checkpoint_has_none(path: Path, write: Write) -> None:
    write(History(begun())).close("stopped")
    assert latest_checkpoint(path) is None


def test_a_file_that_is_there_is_not_written_over(path: Path, write: Write) -> None:
    path.write_text("a letter")
    with pytest.raises(RecordingError, match="already"):
        write(History(begun()))
    assert path.read_text() == "a letter"
    assert only_file(path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no"):
        StoreWriter(tmp_path / "no" / "run.gradviz", History(begun()), environment={}, on_trouble=print)


def test_the_log_of_a_former_file_is_not_taken_for_its_own(path: Path, write: Write) -> None:
    """As after a crash, when a person throws the file away and not what lies beside it."""
    history = History(begun())
    writer = write(history)
    append(history, 0, 20)
    wait_until(stored(path, 20), "20 frames are stored")
    log = path.with_name(f"{path.name}-wal").read_bytes()
    writer.close("finished")
    path.unlink()
    path.with_name(f"{path.name}-wal").write_bytes(log)
    again = History(begun())
    writer = write(again)
    append(again, 0, 3)
    writer.close("finished")
    assert only_file(path)
    with open_run(path) as run:
        assert_holds(run.history, 3)


def test_settling_leaves_a_run_that_is_written_alone(path: Path, write: Write) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 5)
    wait_until(stored(path, 5), "5 frames are stored")
    assert settle(path) == "recording"
    append(history, 5, 9)
    writer.close("finished")
    assert settle(path) == "finished"
    with open_run(path) as run:
        assert_holds(run.history, 9)
