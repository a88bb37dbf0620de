"""What is in a run file: an SQLite database whose application id says "gradviz", and whose user version is FORMAT.

| table         | one row for                | columns                                                               |
|---------------|----------------------------|-----------------------------------------------------------------------|
| facts         | each fact                  | key, value (JSON)                                                     |
| quantities    | each quantity              | number, and the fields of `frame.Quantity`; bounds as lowest, highest |
| chunks        | each piece of a chunk      | see below                                                             |
| scalars       | each piece of the scalars  | first, rows, data [rows, 4] float64, columns as in `source.py`        |
| evaluations   | each evaluation            | step, loss, accuracy, samples, predicted, confidence, grid, boundary  |
| distributions | each of them, by kind      | step, kind, bins, ends, missed, counts, zeros, not_finite             |
| arrays        | each part of an array      | name, part, dtype, shape (JSON), data                                 |
| checkpoints   | each part of a tensor      | step, name, part, dtype, shape (JSON), data (raw, not compressed)     |

Arrays are written as `codec.py` says. NaN is NULL in a column and `NaN` in JSON.

A **chunk** (`source.py`) is `rows_per_chunk(layers)` rows of quantity `series` (its number) at a `level`; `kind` is
rows, largest or mean. Level 0 grows while the run goes on: its last chunk is in pieces, each from row `first` of the
chunk on, put together when it is whole; chunks of the other levels are written when they are whole. `data` is float32
[rows, layers]. `measured` belongs to rows, or to rows and layers if `by_layer`; it is NULL where all of a bool array is
true. `lowest` and `highest` are the ends of the finite values measured, at level 0 only.

The **facts**: `started` (what `frame.Started` says, but for arrays), `experiment` (null for a watched network),
`environment`, `created` (seconds since 1970), `name`, `note`, `progress` (frames, loss, accuracy, up to 64 losses from
all of the run), `diverged` ([step, loss], or null), `continued` (the steps at which the run was gone on with after it
had ended), `ending` (null while nobody has ended it), `why`, and `beat` (seconds since 1970; renewed by the process
that writes).
The **arrays**: held_out_inputs, held_out_labels, input_mean_square, where the run has them.
A **checkpoint** is plain tensors, one array each. Nothing in a file is pickled, so there is nothing to execute:
stricter than `torch.load(weights_only=True)`, which still runs an unpickler.

While a run is written the database is in WAL mode and its log lies beside it (`-wal`, `-shm`); a run that has ended is
one single file. The process that writes holds SQLite's write lock but for a moment after each of its transactions: that
is how others know that somebody is writing, and how a run is known to be interrupted once its process is gone.
"""

from __future__ import annotations

import sqlite3

from gradviz.errors import RecordingError

APPLICATION_ID = 0x67726476  # "grdv"
FORMAT = 1

TABLES = (
    "CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE quantities (number INTEGER PRIMARY KEY, name TEXT, label TEXT, unit TEXT, description TEXT, "
    "scale TEXT, signed INTEGER, scheduled INTEGER, beside TEXT, lowest REAL, highest REAL, guide REAL, "
    "guide_name TEXT)",
    "CREATE TABLE chunks (id INTEGER PRIMARY KEY, series INTEGER, level INTEGER, kind TEXT, number INTEGER, "
    "first INTEGER, rows INTEGER, lowest REAL, highest REAL, by_layer INTEGER, measured BLOB, data BLOB)",
    "CREATE UNIQUE INDEX places ON chunks (series, level, kind, number, first, rows, lowest, highest)",
    "CREATE TABLE scalars (first INTEGER PRIMARY KEY, rows INTEGER, data BLOB)",
    "CREATE TABLE evaluations (step INTEGER PRIMARY KEY, loss REAL, accuracy REAL, samples INTEGER, predicted BLOB, "
    "confidence BLOB, grid TEXT, boundary BLOB)",
    "CREATE TABLE distributions (step INTEGER, kind TEXT, bins INTEGER, ends BLOB, missed BLOB, counts BLOB, "
    "zeros BLOB, not_finite BLOB, PRIMARY KEY (step, kind))",
    "CREATE TABLE arrays (name TEXT, part INTEGER, dtype TEXT, shape TEXT, data BLOB, PRIMARY KEY (name, part))",
    "CREATE TABLE checkpoints (step INTEGER, name TEXT, part INTEGER, dtype TEXT, shape TEXT, data BLOB, "
    "PRIMARY KEY (step, name, part))",
)


def create(connection: sqlite3.Connection) -> None:
    """Make the empty tables of a new file."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    for statement in TABLES:
        connection.execute(statement)


def check(connection: sqlite3.Connection) -> None:
    """Raise RecordingError unless the file has exactly our tables, and nothing else that SQLite could run."""
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        raise RecordingError("this is not a run of gradviz")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > FORMAT:
        raise RecordingError(
            f"a newer gradviz has written this run, in format {version}; this one reads formats up to {FORMAT}. "
            "Update gradviz to open it"
        )
    found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL LIMIT ?", (len(TABLES) + 1,))
    if version != FORMAT or sorted(sql for (sql,) in found if isinstance(sql, str)) != sorted(TABLES):
        raise RecordingError("the run is damaged: its tables are not those of a run of gradviz")
