from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up_events import append, assert_holds, begun, checkpoint, wait_until

from gradviz.errors import RecordingError
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, error_messages, latest_checkpoint, open_run, read_info, rename
from gradviz.recording.zoom.chunks import rows_per_chunk

FULL = OSError(errno.ENOSPC, "No space left on device")
Write = Callable[..., StoreWriter]

# in a process of its own, because the limit is the process's: no file may grow beyond it, as on a disk that is full
FULL_DISK = """
import resource, sys
from pathlib import Path
from gradviz.recording.store import StoreWriter, open_run, read_info, writer
from gradviz.recording.history import History
from made_up_events import append, assert_holds, begun, wait_until

writer.FLUSH_EVERY_S = writer.TRY_AGAIN_AFTER_S = 0.01
path, troubles = Path(sys.argv[1]), []
history = History(begun())
store = StoreWriter(path, history, environment={}, on_trouble=troubles.append)
append(history, 0, 40)
wait_until(lambda: read_info(path).frames == 40, "40 frames are stored")
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
append(history, 40, 200)
wait_until(lambda: troubles, "trouble is told")
stored = read_info(path).frames
assert 40 <= stored < 200, stored
append(history, 200, 220)
tries, write_new = [], writer.write_new
writer.write_new = lambda *new: tries.append(1) or write_new(*new)
wait_until(lambda: len(tries) > 2, "it is tried again")
if sys.argv[2] == "space again":
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    wait_until(lambda: read_info(path).frames == 220, "everything is stored")
    append(history, 220, 230)
    store.close("finished")
else:
    writer.LAST_TRIES_S = 0.1
    store.close("finished")
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
# training has lost nothing, whatever the disk did
assert_holds(history, history.frames)
print(stored, *troubles, sep="\\n")
"""


def on_a_full_disk(path: Path, then: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), then],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=Path(__file__).parent,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_full_disk_is_told_once_and_nothing_is_missing_once_there_is_space(path: Path) -> None:
    stored, *troubles = on_a_full_disk(path, "space again")
    assert troubles == [error_messages.not_stored(path, FULL, int(stored))]
    with open_run(path) as run:
        assert run.info.ending == "finished"
        assert_holds(run.history, 230)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_what_a_full_disk_kept_is_whole_and_what_is_missing_is_said(path: Path) -> None:
    stored, *troubles = on_a_full_disk(path, "never")
    assert len(troubles) == 2
    with open_run(path) as run:
        assert run.info.ending == "interrupted"
        assert run.history.frames >= int(stored)
        assert troubles[1] == error_messages.lost(path, run.history.frames, 220 - run.history.frames)
        assert_holds(run.history, run.history.frames)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be removed there")
def test_a_file_that_is_removed_is_written_anew_even_what_had_left_memory(
    path: Path, write: Write, troubles: list[str]
) -> None:
    history = History(begun())
    writer = write(history, name="mine")
    whole = 3 * rows_per_chunk(len(history.started.rows))
    append(history, 0, whole + 5)
    writer.keep(checkpoint(whole))
    wait_until(lambda: latest_checkpoint(path) is not None, "all is stored")
    rename(path, "renamed")
    for each in path.parent.iterdir():
        each.unlink()
    wait_until(path.exists, "there is a file again")
    append(history, whole + 5, whole + 9)
    writer.close("finished")
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert troubles == [error_messages.removed(path)]
    with open_run(path) as run:
        assert (run.info.name, run.info.ending) == ("renamed", "finished")
        assert_holds(run.history, whole + 9)
    assert latest_checkpoint(path).step == whole
    assert_holds(history, whole + 9)


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be moved there")
def test_a_folder_that_vanishes_is_told_and_written_into_when_it_comes_back(
    tmp_path: Path, path: Path, write: Write, troubles: list[str]
) -> None:
    path.parent.joinpath("folder").mkdir()
    inside = path.parent / "folder" / path.name
    history = History(begun())
    writer = StoreWriter(inside, history, environment={}, on_trouble=troubles.append)
    append(history, 0, 10)
    wait_until(lambda: read_info(inside).frames == 10, "10 frames are stored")
    inside.parent.rename(tmp_path / "elsewhere")
    append(history, 10, 20)
    wait_until(lambda: troubles, "trouble is told")
    assert troubles == [error_messages.not_stored(inside, FileNotFoundError(errno.ENOENT, ""), 10)]
    inside.parent.mkdir()
    wait_until(lambda: inside.exists() and read_info(inside).frames == 20, "everything is stored")
    writer.close("finished")
    assert len(troubles) == 1
    with open_run(inside) as run:
        assert_holds(run.history, 20)


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be replaced there")
def test_never_over_a_file_of_somebody_else(path: Path, write: Write, troubles: list[str]) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 10)
    wait_until(lambda: read_info(path).frames == 10, "10 frames are stored")
    letter = path.with_name("letter")
    letter.write_text("a letter")
    letter.replace(path)
    append(history, 10, 20)
    wait_until(lambda: troubles, "trouble is told")
    assert troubles == [error_messages.not_stored(path, RecordingError(error_messages.replaced(path)), 10)]
    assert path.read_text() == "a letter"
    path.unlink()
    wait_until(lambda: path.exists() and read_info(path).frames == 20, "everything is stored")
    writer.close("finished")
    with open_run(path) as run:
        assert_holds(run.history, 20)


def test_a_reader_in_the_way_does_not_stop_the_writer(path: Path, write: Write, troubles: list[str]) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 10)
    wait_until(lambda: read_info(path).frames == 10, "10 frames are stored")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT sum(rows) FROM scalars").fetchone() == (10,)
    append(history, 10, 30)
    wait_until(lambda: read_info(path).frames == 30, "30 frames are stored")
    assert reader.execute("SELECT sum(rows) FROM scalars").fetchone() == (10,)
    writer.close("finished")
    reader.close()
    assert troubles == []
    with open_run(path) as run:
        assert_holds(run.history, 30)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "run.gradviz"
    with pytest.raises(RecordingError, match=str(path)):
        StoreWriter(path, History(begun()), environment={}, on_trouble=print)
