from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_up_events import append, assert_holds, begun, checkpoint, frame, wait_until

from gradviz.errors import RecordingError
from gradviz.recording.frame import Diverged, Frame
from gradviz.recording.history import History
from gradviz.recording.store import (
    StoreWriter,
    annotate,
    latest_checkpoint,
    open_run,
    read_info,
    rename,
    resume_run,
    settle,
)

Write = Callable[..., StoreWriter]


def recorded(write: Write, frames: int) -> None:
    history = History(begun())
    writer = write(history, name="mine", torch="old")
    append(history, 0, frames)
    writer.keep(checkpoint(frames - 1))
    writer.close("stopped", "by hand")


# in the first chunk, at its end, in the second, where the second level has a chunk, and where nothing is given up
@pytest.mark.parametrize("step", [1, 63, 64, 65, 200, 256, 299, 300])
@pytest.mark.slow
def test_a_resumed_run_is_as_if_it_had_never_ended(path: Path, write: Write, step: int) -> None:
    recorded(write, 300)
    before = path.read_bytes()
    history = resume_run(path, step)
    assert_holds(history, step)
    assert path.read_bytes() == before
    writer = write(history, resume_at=step, torch="new")
    wait_until(lambda: read_info(path).frames == step, "what comes later is given up")
    append(history, step, 310)
    writer.close("finished")
    assert_holds(history, 310)
    with open_run(path) as run:
        assert_holds(run.history, 310)
        info = run.info
    assert (info.name, info.ending, info.why, info.environment) == ("mine", "finished", "", {"torch": "new"})
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_checkpoint_of_steps_that_were_given_up_goes_with_them(path: Path, write: Write) -> None:
    recorded(write, 100)
    assert latest_checkpoint(path).step == 99
    write(resume_run(path, 99), resume_at=99).close("stopped")
    assert latest_checkpoint(path).step == 99
    write(resume_run(path, 50), resume_at=50).close("stopped")
    assert latest_checkpoint(path) is None


def without_later_tables(path: Path) -> None:
    """Make of a run what was recorded before a script could tell more than its loss."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DROP TABLE more_scalars")
        connection.execute("DROP TABLE observations")
        (content,) = connection.execute("SELECT content FROM documents WHERE name = 'state'").fetchone()
        state = json.loads(content)
        del state["scalar_names"]
        connection.execute("UPDATE documents SET content = ? WHERE name = 'state'", (json.dumps(state),))
    connection.close()


def test_a_file_from_before_further_numbers_is_read_and_gets_them_when_it_is_resumed(path: Path, write: Write) -> None:
    recorded(write, 20)
    without_later_tables(path)
    annotate(path, "old")
    with open_run(path) as run:
        assert (run.history.frames, run.history.observations, run.history.scalar_names) == (20, (), ())
    history = resume_run(path, 20)
    writer = write(history, resume_at=20)
    append(history, 20, 40)
    writer.close("finished")
    with open_run(path) as run:
        assert [each.step for each in run.history.observations] == [34]
        assert np.isnan(run.history.scalar("weight_decay")[1]).tolist() == [True] * 20 + [False] * 20
        assert run.info.note == "old"


def test_it_may_be_meant_to_make_more_steps(path: Path, write: Write) -> None:
    recorded(write, 20)
    history = resume_run(path, 10)
    history.started = begun(steps=5000)
    write(history, resume_at=10).close("stopped")
    with open_run(path) as run:
        assert run.history.started.planned_steps == 5000
    assert read_info(path).experiment == begun().experiment.changed(steps=5000)


def test_a_divergence_is_given_up_with_its_step(path: Path, write: Write) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 10)
    history.append(Frame(10, float("nan"), 0.0, 0.1, frame(10).rows))
    history.append(Diverged(10, float("nan")))
    writer.close("diverged")
    history = resume_run(path, 8)
    assert history.diverged is None
    writer = write(history, resume_at=8)
    append(history, 8, 20)
    writer.close("finished")
    with open_run(path) as run:
        assert run.history.diverged is None
        assert_holds(run.history, 20)


def test_a_file_is_resumed_only_where_that_is_asked_for(path: Path, write: Write) -> None:
    recorded(write, 20)
    other = History(begun())
    append(other, 0, 20)
    with pytest.raises(RecordingError, match="already"):
        write(other)
    with open_run(path) as run:
        assert_holds(run.history, 20)


def test_a_run_can_be_resumed_in_another_file(path: Path, write: Write, tmp_path: Path, troubles: list[str]) -> None:
    recorded(write, 200)
    copy = tmp_path / "copy.gradviz"
    history = resume_run(path, 150)
    writer = StoreWriter(copy, history, environment={}, on_trouble=troubles.append)
    append(history, 150, 170)
    writer.close("finished")
    with open_run(copy) as run:
        assert_holds(run.history, 170)
    with open_run(path) as run:
        assert_holds(run.history, 200)
    assert troubles == []


def test_no_further_than_it_has_come_and_not_while_it_is_written(path: Path, write: Write) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 20)
    wait_until(lambda: read_info(path).frames == 20, "20 frames are stored")
    with pytest.raises(RecordingError, match="is being written"):
        resume_run(path, 5)
    writer.close("stopped")
    with pytest.raises(RecordingError, match="20 frames and cannot be resumed at step 21"):
        resume_run(path, 21)


@pytest.mark.parametrize("living", [True, False])
def test_names_and_notes(path: Path, write: Write, *, living: bool) -> None:
    history = History(begun())
    writer = write(history, name="before")
    append(history, 0, 5)
    if not living:
        writer.close("finished")
    rename(path, "  Ünder σ & <b> ")
    annotate(path, "a note\nof two lines")
    info = read_info(path)
    assert (info.name, info.note) == ("Ünder σ & <b>", "a note\nof two lines")
    if living:
        append(history, 5, 9)
        writer.close("finished")
    info = read_info(path)
    assert (info.name, info.note, info.frames) == ("Ünder σ & <b>", "a note\nof two lines", 9 if living else 5)
    assert settle(path) == "finished"
    with pytest.raises(RecordingError, match="at most 200 characters, not 201"):
        rename(path, "x" * 201)
    with pytest.raises(RecordingError, match="cannot open"):
        rename(path.with_name("nothing"), "x")
