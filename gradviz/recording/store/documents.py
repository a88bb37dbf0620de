"""The documents of a run file, and the arrays that belong to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TypeVar

from gradviz.recording.frame import Started
from gradviz.recording.store import arrays
from gradviz.recording.store.checks import checked_text
from gradviz.recording.store.metadata import Metadata, State, held_arrays, parsed

LONGEST_DOCUMENT = 32_000_000

Document = TypeVar("Document", Metadata, State)


def begin(connection: sqlite3.Connection, started: Started, environment: Mapping[str, str], state: State) -> None:
    """Write how a run begins."""
    put(connection, Metadata.of(started, environment))
    put(connection, state)
    arrays.put(connection, held_arrays(started))


def put(connection: sqlite3.Connection, document: Metadata | State) -> None:
    """Write a document in place of the one before."""
    row = type(document).__name__.lower(), document.model_dump_json(exclude_defaults=True)
    connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", row)


def metadata(connection: sqlite3.Connection) -> Metadata:
    """Return what was known before the first frame. Raises DamagedError."""
    return _read(connection, Metadata)


def state(connection: sqlite3.Connection) -> State:
    """Return the state of the run. Raises DamagedError."""
    return _read(connection, State)


def _read(connection: sqlite3.Connection, kind: type[Document]) -> Document:
    name = kind.__name__.lower()
    query = "SELECT content FROM documents WHERE name = ? AND length(content) <= ?"
    found = connection.execute(query, (name, LONGEST_DOCUMENT)).fetchone() or (None,)
    return parsed(kind.model_validate_json, checked_text(found[0], f"its {name}", LONGEST_DOCUMENT), name)
