from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from killed_writer import CHECKPOINT_EVERY, kill_and_look
from made_up_events import assert_holds, checkpoint, frame, same_bits

from gradviz.errors import RecordingError
from gradviz.recording.store import latest_checkpoint, open_run
from gradviz.recording.store.liveness import WriterLock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")

LAYERS = 100

# as somebody who may write nowhere; everything is imported before, because that somebody may not see our libraries
READ_AS_NOBODY = """
import encodings.idna, json, os, sys
from pathlib import Path
from gradviz.errors import RecordingError
from gradviz.recording.store import annotate, latest_checkpoint, open_run

if os.geteuid() == 0:
    os.setuid(65534)
run = open_run(Path(sys.argv[1]))
try:
    annotate(run.info.path, "a note")
    refused = ""
except RecordingError as error:
    refused = str(error)
row, checkpoint = run.history.row("mean", run.history.frames - 1), latest_checkpoint(run.info.path)
print(json.dumps([
    run.info.ending, run.history.frames, row is not None and row.tolist(), checkpoint and checkpoint.step, refused
]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.02, 1.1])
def test_a_killed_run_opens_and_has_lost_a_second_at_most(path: Path, after_s: float) -> None:
    lost = kill_and_look(path, LAYERS, 300.0, after_s)
    assert lost.seconds < 1.0 + 0.5  # a machine under load is given half a second
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    with open_run(path) as run:
        assert_holds(run.history, lost.stored, may_be_ahead=True)
    if lost.stored > 2 * CHECKPOINT_EVERY:
        found = latest_checkpoint(path)
        assert 0 <= lost.stored - found.step <= CHECKPOINT_EVERY
        for name, array in checkpoint(found.step).arrays.items():
            assert same_bits(found.arrays[name], array)


@pytest.fixture
def shown_around() -> Iterator[Path]:
    """A folder into which anybody may look, unlike those that pytest makes."""
    folder = Path(tempfile.mkdtemp(prefix="gradviz-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def is_whole(path: Path) -> bool:
    """Ask SQLite itself, of the file alone."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
            return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def what_is_said_of(path: Path) -> str:
    try:
        run = open_run(path, on_damage=lambda words: None)
    except RecordingError as error:
        return str(error)
    run.close()
    return "damaged where nobody looked"


@pytest.mark.slow
@pytest.mark.parametrize("what", ["killed", "killed, and its log lost", "ended", "living"])
def test_what_may_only_be_read_is_read(shown_around: Path, what: str) -> None:
    path = shown_around / "run.gradviz"
    lost = kill_and_look(path, LAYERS, 300.0, 0.0, least=60, look=what == "ended")
    if what == "killed, and its log lost":
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink()
        if not is_whole(path):
            # killed while the log was copied into the file: without the log that is damage, to be called so once met
            assert "damaged" in what_is_said_of(path)
            return
    lock = WriterLock(path) if what == "living" else None
    for each in path.parent.iterdir():
        each.chmod(0o444)
    path.parent.chmod(0o555)
    before = {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-shm")}
    done = subprocess.run(
        [sys.executable, "-c", READ_AS_NOBODY, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    ending, frames, row, step, refused = json.loads(done.stdout)
    assert ending == ("recording" if what == "living" else "interrupted")
    assert "read-only" in refused
    assert frames >= lost.stored
    if what == "killed, and its log lost" and not frames:
        # none had come further than into the log
        return
    assert row == pytest.approx(frame(frames - 1, LAYERS).rows["mean"].tolist(), nan_ok=True, rel=0, abs=0)
    assert step % CHECKPOINT_EVERY == 0
    assert before == {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-shm")}
    if lock is not None:
        lock.release()
