"""The disk writer: a thread that keeps a run on disk while it goes on.

It reads the history like any other reader, so training never waits for a disk. Four times a second it writes what is
new in one transaction. What goes wrong is told once and tried again until it goes right; the history keeps in memory
what is not stored.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.recording.frame import Checkpoint, Ending
from gradviz.recording.history import History
from gradviz.recording.store import arrays, facts, standing, trouble
from gradviz.recording.store.connection import explained
from gradviz.recording.store.continuing import continued_at
from gradviz.recording.store.flush import Stored, is_new, truncated, write_new
from gradviz.recording.store.live_file import LiveFile, start
from gradviz.recording.store.stored_file import StoredFile

FLUSH_EVERY_S = 0.25
BEAT_EVERY_S = 2.0
TRY_AGAIN_AFTER_S = 2.0
# how long closing tries to store the last frames where the disk is full
LAST_TRIES_S = 3.0
# trouble that comes back after so long is worth being told again
TELL_AGAIN_AFTER_S = 60.0


class StoreWriter:
    """Writes `history` into the file `path` until it is closed. Its thread is called "disk writer".

    There must be no file `path`, unless `history` is what `continue_run` returned for it: then it is written on. Raises
    RecordingError for a file that is there, and for one that cannot be made. Whatever happens later goes to
    `on_trouble`, once, from the disk writer's thread, and is tried again.
    """

    def __init__(
        self,
        path: Path,
        history: History,
        *,
        environment: Mapping[str, str],
        name: str = "",
        on_trouble: Callable[[str], None],
    ) -> None:
        self.path = path
        self._history = history
        self._said = {"environment": dict(environment), "name": name, "note": "", "created": time.time()}
        self._on_trouble = on_trouble
        self._told_at: float | None = None
        self._failing = False
        self._stored = Stored()
        self._let_go = 0
        self._checkpoint: Checkpoint | None = None
        self._checkpoint_lock = threading.Lock()
        self._ending: tuple[Ending, str] = "stopped", ""
        self._closing = False
        self._wake = threading.Event()
        self._beaten = time.monotonic()
        self._file = self._begin()
        self._source = StoredFile(path, on_damage=self._tell)
        standing.announce(path, self._wake)
        self._thread = threading.Thread(target=self._run, name="disk writer", daemon=True)
        self._thread.start()

    def keep(self, checkpoint: Checkpoint) -> None:
        """Store `checkpoint` in place of the one before, once all frames before its step are stored."""
        arrays.check_types(checkpoint)
        with self._checkpoint_lock:
            self._checkpoint = checkpoint

    def close(self, ending: Ending, why: str = "") -> None:
        """Write what is left and how the run ended, make one single file of it, and return when that is done."""
        if not self._closing:
            self._ending = ending, why
            self._closing = True
            self._wake.set()
        self._thread.join()

    def _begin(self) -> LiveFile:
        at = continued_at(self.path, self._history) if self.path.exists() else None
        try:
            with explained(self.path):
                if at is None:
                    return start(self.path, self._history.started, {**self._said, "beat": time.time()})
                file = LiveFile(self.path)
                with file.transaction() as connection:
                    facts.put(connection, {"environment": self._said["environment"]})
                    self._stored = write_new(connection, self._history, truncated(connection, self._history, at))
                return file
        except OSError as error:
            raise RecordingError(f"cannot write {self.path}: {error.strerror or error}") from error

    def _run(self) -> None:
        try:
            while not self._closing:
                if self._wake.wait(TRY_AGAIN_AFTER_S if self._failing else FLUSH_EVERY_S):
                    self._wake.clear()
                self._catch_up()
            give_up = time.monotonic() + LAST_TRIES_S
            while not self._catch_up() and time.monotonic() < give_up:
                time.sleep(FLUSH_EVERY_S)
            self._finish()
        except BaseException as error:
            # a defect; whoever looks at the window is to know that nothing is stored any more
            self._on_trouble(f"{self.path.name} is not written any further: {error!r}")
            self._file.close()
            raise
        finally:
            standing.withdraw(self.path)

    def _catch_up(self) -> bool:
        """Write everything that is new at this moment. Returns whether that was possible."""
        try:
            if not self._file.is_there:
                self._begin_anew()
            if self._is_due():
                self._write_up_to(self._history.frames)
            else:
                self._file.breathe()
        except (sqlite3.Error, OSError, RecordingError) as error:
            self._failing = True
            self._tell(trouble.in_words(self.path, error, self._stored.frames))
            return False
        self._failing = False
        return True

    def _is_due(self) -> bool:
        return (
            is_new(self._history, self._stored)
            or self._due_checkpoint() is not None
            or time.monotonic() - self._beaten >= BEAT_EVERY_S
        )

    def _due_checkpoint(self) -> Checkpoint | None:
        with self._checkpoint_lock:
            checkpoint = self._checkpoint
        # one that is ahead of the frames would leave a gap to whoever goes on from it
        return checkpoint if checkpoint is not None and checkpoint.step <= self._history.frames else None

    def _write_up_to(self, frames: int) -> None:
        self._write()
        while self._stored.frames < frames:
            self._write()

    def _write(self) -> None:
        checkpoint = self._due_checkpoint()
        with self._file.transaction() as connection:
            stored = write_new(connection, self._history, self._stored)
            if checkpoint is not None and checkpoint.step <= stored.frames:
                arrays.put_checkpoint(connection, checkpoint)
        if checkpoint is not None and checkpoint.step <= stored.frames:
            with self._checkpoint_lock:
                if self._checkpoint is checkpoint:
                    self._checkpoint = None
        self._stored, self._beaten = stored, time.monotonic()
        # of a file that is written anew only once it holds all that was let go into the one before
        if stored.frames >= self._let_go:
            self._history.let_go(self._source, stored.frames)
            self._let_go = stored.frames

    def _begin_anew(self) -> None:
        """Make another file where the one that was removed was; what left memory is still read from that one."""
        if self.path.exists():
            raise RecordingError(trouble.taken(self.path))
        if not self.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder")
        self._tell(trouble.removed(self.path))
        before = self._source
        said = before.read(lambda connection: facts.get(connection, *self._said))
        file = start(self.path, self._history.started, {**said.all(), "beat": time.time()})
        self._file.close()
        self._file, self._stored = file, Stored()
        self._source = StoredFile(self.path, on_damage=self._tell)
        with self._checkpoint_lock:
            self._checkpoint = self._checkpoint or before.checkpoint()

    def _finish(self) -> None:
        ending, why = self._ending
        if missing := self._history.frames - self._stored.frames:
            ending, why = "interrupted", trouble.lost(self.path, self._stored.frames, missing)
            self._on_trouble(why)
        try:
            with self._file.transaction() as connection:
                facts.put(connection, {"ending": ending, "why": why})
        except sqlite3.Error as error:
            self._tell(trouble.in_words(self.path, error, self._stored.frames))
        self._source.close()
        self._file.finish()

    def _tell(self, text: str) -> None:
        now = time.monotonic()
        if self._told_at is None or now - self._told_at > TELL_AGAIN_AFTER_S:
            self._on_trouble(text)
        self._told_at = now
