"""The disk writer: a thread that stores a run while it is recorded.

It reads the history like any other reader, so training never waits for a disk. Four times a second it writes what is
new in one transaction. Errors are reported once, and writing is tried again until it succeeds; the history keeps in
memory what is not stored.
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
from gradviz.recording.store import arrays, documents, error_messages, schema
from gradviz.recording.store.error_messages import explained
from gradviz.recording.store.flush import Stored, truncate, write_new
from gradviz.recording.store.live_file import LiveFile
from gradviz.recording.store.metadata import Metadata, State
from gradviz.recording.store.stored_file import StoredFile

FLUSH_EVERY_S = 0.25
TRY_AGAIN_AFTER_S = 2.0
# how long closing tries to store the last frames where the disk is full
LAST_TRIES_S = 3.0
# trouble that returns after so long is reported again
TELL_AGAIN_AFTER_S = 60.0


class StoreWriter:
    """Writes `history` into the file `path` until it is closed. Its thread is called "disk writer".

    There must be no file `path`, unless the run in it is resumed: at step `resume_at` of `history`, which is what
    `resume_run` returned. Raises RecordingError for a file that is there, and for one that cannot be made or is being
    written. Whatever happens later goes to `on_trouble`, once, from the disk writer's thread, and is tried again.
    """

    def __init__(
        self,
        path: Path,
        history: History,
        *,
        environment: Mapping[str, str],
        name: str = "",
        resume_at: int | None = None,
        on_trouble: Callable[[str], None],
    ) -> None:
        self.path = path
        self._history = history
        self._environment = dict(environment)
        self._on_trouble = on_trouble
        self._told_at: float | None = None
        self._stored = Stored()
        self._released = 0
        self._checkpoint: Checkpoint | None = None
        self._checkpoint_lock = threading.Lock()
        self._ended: tuple[Ending, str] = "stopped", ""
        self._closing = threading.Event()
        try:
            with explained(path):
                self._file = self._create(State(name=name)) if resume_at is None else self._resume(resume_at)
        except OSError as error:
            raise RecordingError(f"cannot write {path}: {error_messages.sentence(error)}") from error
        self._source = StoredFile(path, on_damage=self._tell)
        self._thread = threading.Thread(target=self._run, name="disk writer", daemon=True)
        self._thread.start()

    @property
    def stored_frames(self) -> int:
        """How many frames are in the file."""
        return self._stored.frames

    def keep(self, checkpoint: Checkpoint) -> None:
        """Store `checkpoint` in place of the one before, once all frames before its step are stored."""
        arrays.check_types(checkpoint)
        with self._checkpoint_lock:
            self._checkpoint = checkpoint

    def close(self, ending: Ending, why: str = "") -> None:
        """Write what is left and how the run ended, make one single file of it, and return when that is done."""
        if not self._closing.is_set():
            self._ended = ending, why
            self._closing.set()
        # a watched run may be closed by the garbage collector, in whatever thread that runs
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _create(self, before: State) -> LiveFile:
        state = State(name=before.name, note=before.note, created=before.created or time.time())
        started, environment = self._history.started, self._environment
        return LiveFile(self.path, lambda connection: documents.begin(connection, started, environment, state))

    def _resume(self, step: int) -> LiveFile:
        file, history = LiveFile(self.path), self._history
        try:
            with file.transaction():
                schema.complete(file.connection)
                documents.put(file.connection, Metadata.of(history.started, self._environment))
                self._stored = write_new(file.connection, history, truncate(file.connection, history, step))
        except BaseException:
            file.close()
            raise
        return file

    def _run(self) -> None:
        try:
            stored = True
            while not self._closing.wait(FLUSH_EVERY_S if stored else TRY_AGAIN_AFTER_S):
                stored = self._catch_up()
            give_up = time.monotonic() + LAST_TRIES_S
            while not self._catch_up() and time.monotonic() < give_up:
                time.sleep(FLUSH_EVERY_S)
            self._finish()
        except BaseException as error:
            # an internal error; the person has to know that nothing is stored any more
            self._on_trouble(f"{self.path.name} is not written any further: {error!r}")
            self._file.close()
            raise

    def _catch_up(self) -> bool:
        """Write everything that is new at this moment. Returns whether that was possible."""
        frames = self._history.frames
        try:
            if not self._file.is_there:
                self._create_again()
            if self._due_checkpoint() is not None or not self._stored.is_all_of(self._history):
                self._write()
            while self._stored.frames < frames:
                self._write()
        except (sqlite3.Error, OSError, RecordingError) as error:
            self._tell(error_messages.not_stored(self.path, error, self._stored.frames))
            return False
        return True

    def _due_checkpoint(self) -> Checkpoint | None:
        with self._checkpoint_lock:
            checkpoint = self._checkpoint
        # one that is ahead of the frames would leave a gap where the run is resumed
        return checkpoint if checkpoint is not None and checkpoint.step <= self._history.frames else None

    def _write(self) -> None:
        checkpoint = self._due_checkpoint()
        with self._file.transaction():
            stored = write_new(self._file.connection, self._history, self._stored)
            if checkpoint is not None and checkpoint.step <= stored.frames:
                arrays.put_checkpoint(self._file.connection, checkpoint)
        with self._checkpoint_lock:
            if self._checkpoint is checkpoint and checkpoint is not None and checkpoint.step <= stored.frames:
                self._checkpoint = None
        self._stored = stored
        # a file that was created again has to hold first what was released into the one before
        if stored.frames >= self._released:
            self._history.release(self._source, stored.frames)
            self._released = stored.frames

    def _create_again(self) -> None:
        """Create the file that was removed again; what left memory is still read from the old one."""
        if self.path.exists():
            raise RecordingError(error_messages.replaced(self.path))
        if not self.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder")
        self._tell(error_messages.removed(self.path))
        before = self._source
        state, checkpoint = before.read(documents.state), before.read(arrays.get_checkpoint)
        self._file.close()
        self._file, self._stored = self._create(state), Stored()
        self._source = StoredFile(self.path, on_damage=self._tell)
        with self._checkpoint_lock:
            self._checkpoint = self._checkpoint or checkpoint

    def _finish(self) -> None:
        ending, why = self._ended
        if missing := self._history.frames - self._stored.frames:
            ending, why = "interrupted", error_messages.lost(self.path, self._stored.frames, missing)
            self._on_trouble(why)
        try:
            with self._file.transaction():
                state = documents.state(self._file.connection)
                documents.put(self._file.connection, state.changed(ending=ending, why=why))
        except sqlite3.Error as error:
            self._tell(error_messages.not_stored(self.path, error, self._stored.frames))
        self._source.close()
        self._file.finish()

    def _tell(self, text: str) -> None:
        now = time.monotonic()
        if self._told_at is None or now - self._told_at > TELL_AGAIN_AFTER_S:
            self._on_trouble(text)
        self._told_at = now
