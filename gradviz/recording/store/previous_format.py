"""Runs as gradviz 0.1 wrote them, in format 1: read, not changed.

What differs is how a run is described: single facts, one column for each attribute of a quantity, layers instead of
rows, and either an experiment or a network that was watched. A connection puts it into the words of today's documents,
in tables of its own, so that nothing but this file knows of such runs; the models of `metadata.py` check it like those.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from typing import Any

from gradviz.recording.store.checks import DamagedError
from gradviz.recording.store.metadata import parsed_experiment

FORMAT = 1
TABLES = (
    "CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE quantities (number INTEGER PRIMARY KEY, name TEXT, label TEXT, unit TEXT, description TEXT, "
    "scale TEXT, signed INTEGER, scheduled INTEGER, beside TEXT, lowest REAL, highest REAL, guide REAL, "
    "guide_name TEXT)",
    "CREATE TABLE arrays (name TEXT, part INTEGER, dtype TEXT, shape TEXT, data BLOB, PRIMARY KEY (name, part))",
    "CREATE TABLE checkpoints (step INTEGER, name TEXT, part INTEGER, dtype TEXT, shape TEXT, data BLOB, "
    "PRIMARY KEY (step, name, part))",
)

LONGEST_FACT = 32_000_000
MOST_ROWS = 10_000


def translate(connection: sqlite3.Connection) -> None:
    """Let this connection see `documents` and `arrays` as today. Raises DamagedError, and RecordingError like `recipe`.

    Checkpoints are left out, because such a run is not resumed.
    """
    try:
        query = "SELECT key, value FROM facts WHERE length(value) <= ? LIMIT ?"
        facts = {key: json.loads(value) for key, value in connection.execute(query, (LONGEST_FACT, MOST_ROWS))}
        documents = {"metadata": _metadata(connection, facts), "state": _state(facts)}
        rows = [(name, json.dumps(document)) for name, document in documents.items()]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise DamagedError("what it says of the run cannot be read") from error
    connection.execute("CREATE TEMP TABLE documents (name, content)")
    connection.executemany("INSERT INTO documents VALUES (?, ?)", rows)
    connection.execute("CREATE TEMP VIEW arrays AS SELECT -1 AS step, name, part, dtype, shape, data FROM main.arrays")


def _metadata(connection: sqlite3.Connection, facts: dict[str, Any]) -> dict[str, Any]:
    watched = facts["started"].get("watched")
    document: dict[str, Any] = facts["started"] | {
        "quantities": _quantities(connection),
        "environment": facts["environment"],
    }
    if watched is not None:
        return document | {
            "title": watched["title"],
            "rows": [{"name": name} for name in watched["layer_names"]],
            "precision": watched["precision"],
            "scheduled_every": watched["every"],
        }
    flat = json.loads(facts["experiment"])
    experiment = parsed_experiment(flat)
    rows = [asdict(row) for row in experiment.network.rows()]
    if len(rows) != document["layers"]:
        raise DamagedError(f"its experiment has {len(rows)} layers")
    return document | {
        "title": experiment.title,
        "rows": rows,
        "precision": experiment.training.precision,
        "scheduled_every": experiment.training.probe_every,
        "planned_steps": experiment.training.steps,
        "experiment": flat,
    }


def _quantities(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    cursor = connection.execute("SELECT * FROM quantities ORDER BY number LIMIT ?", (MOST_ROWS,))
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor]
    for quantity in found:
        quantity["signed"], quantity["scheduled"] = quantity["signed"] == 1, quantity["scheduled"] == 1
        if quantity["lowest"] is not None:
            quantity["bounds"] = quantity["lowest"], quantity["highest"]
        quantity["guide"] = (quantity["guide"], quantity["guide_name"]) if quantity["guide"] is not None else None
    return found


def _state(facts: dict[str, Any]) -> dict[str, Any]:
    diverged = facts["diverged"]
    document: dict[str, Any] = facts["progress"] | {
        "name": facts["name"],
        "note": facts["note"],
        "created": facts["created"],
        "diverged": None if diverged is None else {"step": diverged[0], "loss": diverged[1]},
        "resumed_at": facts["continued"],
        # no process of today writes such a file
        "ending": facts["ending"] or "interrupted",
        "why": facts["why"],
    }
    return document
