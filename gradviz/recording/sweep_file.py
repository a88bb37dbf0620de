"""A sweep in a file: its grid, and the outcome of each cell as it comes in.

An SQLite database in WAL mode, so that a kill loses no outcome that was written, and a reader sees what there is while
the sweep goes on. Everything in it is JSON that is validated; nothing is ever executed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from gradviz.errors import RecordingError
from gradviz.experiment.grid import Cell, Grid
from gradviz.recording.outcome import Outcome
from gradviz.recording.store.connection import limited
from gradviz.recording.store.error_messages import explained
from gradviz.recording.store.liveness import WriterLock

# "gvsw": what tells a sweep from a run
APPLICATION = 0x67767377
FORMAT = 1
_TABLES = """
CREATE TABLE sweep (name TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT;
CREATE TABLE outcomes (
    x INTEGER NOT NULL, y INTEGER NOT NULL, repeat INTEGER NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (x, y, repeat)
) STRICT;
"""


class SweepFile:
    """The file of a sweep, open for one process to write. Every method raises RecordingError for what the disk does."""

    def __init__(self, path: Path, connection: sqlite3.Connection, grid: Grid, lock: WriterLock | None) -> None:
        self.path, self.grid = path, grid
        self._connection, self._lock = connection, lock

    @classmethod
    def create(cls, path: Path, grid: Grid, environment: Mapping[str, str] | None = None) -> Self:
        """Begin a sweep in a new file. Raises RecordingError where there is one already."""
        if path.exists():
            raise RecordingError(f"{path} exists already; give --resume to go on with it, or another name")
        lock = _locked(path)
        with _given_back_on_failure(lock), _explained(path):
            connection = sqlite3.connect(path, isolation_level=None)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_TABLES)
            documents = {"grid": grid.model_dump_json(), "environment": json.dumps(dict(environment or {}))}
            connection.executemany("INSERT INTO sweep VALUES (?, ?)", documents.items())
        return cls(path, connection, grid, lock)

    @classmethod
    def open(cls, path: Path, *, to_write: bool = False) -> Self:
        """Open the sweep in a file. Raises RecordingError for one that is none, is damaged, or is being written."""
        if not path.is_file():
            raise RecordingError(f"cannot open {path}: there is no such file")
        lock = _locked(path) if to_write else None
        with _given_back_on_failure(lock), _explained(path):
            connection = limited(path, "mode=rw" if to_write else "mode=ro")
            try:
                grid = _grid_in(connection, path)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection, grid, lock)

    def put(self, cell: Cell, outcome: Outcome) -> None:
        """Keep the outcome of a cell; it is on the disk when this returns."""
        with _explained(self.path):
            self._connection.execute(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?)",
                (cell.x, cell.y, cell.repeat, outcome.model_dump_json(exclude_none=True)),
            )

    def outcomes(self) -> dict[Cell, Outcome]:
        """Return every outcome so far. Cells outside of the grid are left out."""
        grid, found = self.grid, {}
        with _explained(self.path):
            for x, y, repeat, content in self._connection.execute("SELECT x, y, repeat, content FROM outcomes"):
                if 0 <= x < grid.width and 0 <= y < grid.height and 0 <= repeat < grid.seeds:
                    found[Cell(x=x, y=y, repeat=repeat)] = Outcome.model_validate_json(content)
        return found

    def close(self) -> None:
        """Close the file; a sweep that was written is one single file then."""
        with suppress(sqlite3.Error):
            if self._lock is not None:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._connection.execute("PRAGMA journal_mode = DELETE")
            self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_sweep(path: Path) -> bool:
    """Whether the file holds a sweep rather than a run; False for one that cannot be read."""
    try:
        SweepFile.open(path).close()
    except RecordingError:
        return False
    return True


def _grid_in(connection: sqlite3.Connection, path: Path) -> Grid:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise RecordingError(f"{path.name} is not a sweep")
    if connection.execute("PRAGMA user_version").fetchone()[0] > FORMAT:
        raise RecordingError(f"{path.name} was written by a newer gradviz; update this one")
    found = connection.execute("SELECT content FROM sweep WHERE name = 'grid'").fetchone()
    if found is None:
        raise RecordingError(f"{path.name} is damaged: it does not say what was swept")
    return Grid.model_validate_json(found[0])


def _locked(path: Path) -> WriterLock:
    try:
        return WriterLock(path)
    except RecordingError:
        raise RecordingError(f"{path.name} is being written by another process") from None
    except OSError as error:
        raise RecordingError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def _given_back_on_failure(lock: WriterLock | None) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if lock is not None:
            lock.release()
        raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what a disk, a database or a stranger's file does into a RecordingError that names the file."""
    with explained(path):
        try:
            yield
        except (ValidationError, UnicodeError, TypeError) as error:
            raise RecordingError(f"{path.name} is damaged: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error).partition("\n")[0]
