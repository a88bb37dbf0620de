"""What is in a run file: an SQLite database whose application id says "gradviz", and whose user version is FORMAT.

| table         | one row for                | columns                                                               |
|---------------|----------------------------|-----------------------------------------------------------------------|
| documents     | metadata, and state        | name, content (JSON)                                                  |
| arrays        | each part of an array      | step, name, part, dtype, shape (JSON), data                           |
| chunks        | each piece of a chunk      | see below                                                             |
| scalars       | each piece of the scalars  | first, rows, data [rows, 4] float64, columns as in `source.py`        |
| evaluations   | each evaluation            | step, loss, accuracy, samples, predicted, confidence, grid, boundary  |
| distributions | each of them, by kind      | step, kind, bins, ends, missed, counts, zeros, not_finite             |
| more_scalars  | each piece of a number     | series, first, rows, data [rows] float64                              |
| observations  | each observation           | number, content (JSON)                                                |

The **documents** are the models of `metadata.py`: what is known before the first frame, and what changes afterwards.
Readers ignore unknown keys and take the default for missing ones, so a new field of a quantity, of a row or of the
documents themselves needs no new format.

The **arrays** of step -1 are held_out_inputs, held_out_labels, held_out_targets and input_mean_square, where the run
has them; where it has targets, the `confidence` of an evaluation holds its predictions of them. The arrays of another
step are the tensors of a checkpoint. Arrays are written as `codec.py` says. Nothing in a file is pickled, so
there is nothing to execute: stricter than `torch.load(weights_only=True)`, which still runs an unpickler.

A **chunk** (`source.py`) is `rows_per_chunk(layers)` rows of quantity `series` (its number) at a `level`; `kind` is
rows, largest or mean. Level 0 grows with the run: its last chunk is in pieces, each from row `first` of the chunk on,
and they become one when it is complete; chunks of the other levels are written when they are complete. `data` is
float32 or float64 [rows, layers], NULL where nothing was measured. `measured` belongs to rows, or to rows and layers if
`by_layer`; it is NULL where all of a bool array is true. `lowest` and `highest` are the ends of the finite values
measured, at level 0 only. NaN is NULL in a column.

The **more_scalars** are what a script logs of its own; `State.scalar_names` says what `series` is called. A piece in
which nothing was told is left out. Observations are numbered from 0. Files that lack these two tables, from before
there were any, are read as they are, and get them when the run is resumed.

While a run is written the database is in WAL mode and its log lies beside it (`-wal`, `-shm`), and the process that
writes holds a lock (`-lock`, see `liveness.py`); a run that has ended is one single file.
"""

from __future__ import annotations

import sqlite3

from gradviz.errors import RecordingError
from gradviz.recording.store import previous_format
from gradviz.recording.store.checks import DamagedError

APPLICATION_ID = 0x67726476  # "grdv"
FORMAT = 2

# as in the format before
_MEASUREMENTS = (
    "CREATE TABLE chunks (id INTEGER PRIMARY KEY, series INTEGER, level INTEGER, kind TEXT, number INTEGER, "
    "first INTEGER, rows INTEGER, lowest REAL, highest REAL, by_layer INTEGER, measured BLOB, data BLOB)",
    "CREATE UNIQUE INDEX places ON chunks (series, level, kind, number, first, rows, lowest, highest)",
    "CREATE TABLE scalars (first INTEGER PRIMARY KEY, rows INTEGER, data BLOB)",
    "CREATE TABLE evaluations (step INTEGER PRIMARY KEY, loss REAL, accuracy REAL, samples INTEGER, predicted BLOB, "
    "confidence BLOB, grid TEXT, boundary BLOB)",
    "CREATE TABLE distributions (step INTEGER, kind TEXT, bins INTEGER, ends BLOB, missed BLOB, counts BLOB, "
    "zeros BLOB, not_finite BLOB, PRIMARY KEY (step, kind))",
)
# files that were written before there were any lack them
_LATER_TABLES = (
    "CREATE TABLE more_scalars (series INTEGER, first INTEGER, rows INTEGER, data BLOB, PRIMARY KEY (series, first))",
    "CREATE TABLE observations (number INTEGER PRIMARY KEY, content TEXT NOT NULL)",
)
_FIRST_TABLES = (
    "CREATE TABLE documents (name TEXT PRIMARY KEY, content TEXT NOT NULL)",
    "CREATE TABLE arrays (step INTEGER, name TEXT, part INTEGER, dtype TEXT, shape TEXT, data BLOB, "
    "PRIMARY KEY (step, name, part))",
    *_MEASUREMENTS,
)
TABLES = (*_FIRST_TABLES, *_LATER_TABLES)
_TABLES_OF = {
    FORMAT: (TABLES, _FIRST_TABLES),
    previous_format.FORMAT: ((*previous_format.TABLES, *_MEASUREMENTS),),
}


def create(connection: sqlite3.Connection) -> None:
    """Make the empty tables of a new file."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    for statement in TABLES:
        connection.execute(statement)


def complete(connection: sqlite3.Connection, *, for_reading: bool = False) -> None:
    """Add the tables that an earlier file lacks: to the file or, `for_reading`, to what this connection sees of it."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'observations'").fetchone()
    for statement in _LATER_TABLES if there is None else ():
        connection.execute(statement.replace("TABLE", "TEMP TABLE", 1) if for_reading else statement)
    if for_reading and _version(connection) == previous_format.FORMAT:
        previous_format.translate(connection)


def check(connection: sqlite3.Connection, *, to_change: bool) -> None:
    """Raise RecordingError unless the file has exactly our tables, and nothing else that SQLite could run."""
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        raise RecordingError("this is not a run of gradviz")
    found = _version(connection)
    if found > FORMAT:
        raise RecordingError(
            f"a newer gradviz has written this run, in format {found}; this one reads formats up to {FORMAT}. "
            "Update gradviz to open it"
        )
    allowed = [sorted(tables) for tables in _TABLES_OF.get(found, ())]
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL LIMIT ?", (len(TABLES) + 3,))
    if sorted(sql for (sql,) in rows if isinstance(sql, str)) not in allowed:
        raise DamagedError("its tables are not those of a run of gradviz")
    if to_change and found != FORMAT:
        raise RecordingError("an earlier gradviz recorded this run; it can be viewed and exported, but not changed")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
