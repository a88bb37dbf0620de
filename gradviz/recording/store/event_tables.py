"""What happens at some steps only, in a run file: evaluations, distributions and observations."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from gradviz.recording.frame import KINDS, Distribution, Distributions, Evaluation, HeldOut, Observation
from gradviz.recording.observations import MOST_OBSERVATIONS
from gradviz.recording.store.checks import (
    LARGEST_NUMBER,
    DamagedError,
    checked_number,
    checked_shape,
    checked_text,
    checked_whole,
)
from gradviz.recording.store.codec import pack, pack_edges, unpack, unpack_edges
from gradviz.recording.store.metadata import MOST_CLASSES, MOST_SAMPLES, parsed

EventTable = Literal["evaluations", "distributions"]

LONGEST_OBSERVATION = 32_000_000
MOST_BINS = 100_000
MOST_GRID_CELLS = 10_000

_OBSERVATION = TypeAdapter(Observation)


def put_evaluation(connection: sqlite3.Connection, evaluation: Evaluation) -> None:
    """Write an evaluation."""
    boundary = evaluation.boundary
    connection.execute(
        "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            evaluation.step,
            evaluation.loss,
            evaluation.accuracy,
            len(evaluation.predicted),
            pack(evaluation.predicted),
            pack(evaluation.confidence if evaluation.values is None else evaluation.values),
            None if boundary is None else json.dumps(boundary.shape),
            None if boundary is None else pack(boundary),
        ),
    )


def get_evaluation(connection: sqlite3.Connection, step: int, held_out: HeldOut | None) -> Evaluation:
    """Return the evaluation of `step`, of these samples if they are known. Raises DamagedError."""
    row = connection.execute("SELECT * FROM evaluations WHERE step = ?", (step,)).fetchone()
    if row is None:
        raise DamagedError(f"the evaluation of step {step} is missing")
    _, loss, accuracy, samples, predicted, confidence, grid, boundary = row
    samples = checked_whole(samples, "a number of samples", 0, MOST_SAMPLES)
    classes = MOST_CLASSES
    if held_out is not None:
        classes = len(held_out.class_names) if held_out.targets is None else 1
        if samples != len(held_out.labels):
            raise DamagedError(f"the evaluation of step {step} is of other samples")
    guesses = unpack(predicted, np.int64, (samples,))
    if samples and not 0 <= guesses.min() <= guesses.max() < classes:
        raise DamagedError(f"the evaluation of step {step} predicts classes that there are not")
    numbers = unpack(confidence, np.float32, (samples,))
    predicts_numbers = held_out is not None and held_out.targets is not None
    return Evaluation(
        step=step,
        loss=checked_number(loss, "a loss"),
        accuracy=checked_number(accuracy, "an accuracy"),
        predicted=guesses,
        confidence=np.zeros_like(numbers) if predicts_numbers else numbers,
        values=numbers if predicts_numbers else None,
        boundary=None if grid is None else unpack(boundary, np.float32, _grid(grid, classes)),
    )


def get_evaluation_scalars(connection: sqlite3.Connection, below: int = LARGEST_NUMBER) -> NDArray[np.float64]:
    """Return step, loss and accuracy of all evaluations of steps below `below`, [evaluations, 3]."""
    rows = connection.execute("SELECT step, loss, accuracy FROM evaluations WHERE step < ? ORDER BY step", (below,))
    found = [
        (float(checked_whole(step, "a step")), checked_number(loss, "a loss"), checked_number(accuracy, "an accuracy"))
        for step, loss, accuracy in rows
    ]
    return np.array(found, np.float64).reshape(-1, 3)


def put_distributions(connection: sqlite3.Connection, distributions: Distributions) -> None:
    """Write the distributions of one step."""
    rows = [
        (
            distributions.step,
            name,
            each.counts.shape[1],
            *pack_edges(each.edges),
            pack(each.counts),
            pack(each.zeros),
            pack(each.not_finite),
        )
        for name, each in distributions.by_kind.items()
    ]
    connection.executemany("INSERT INTO distributions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def get_distributions(connection: sqlite3.Connection, step: int, layers: int) -> Distributions:
    """Return the distributions of `step`. Raises DamagedError."""
    rows = connection.execute("SELECT * FROM distributions WHERE step = ?", (step,))
    by_name = {name: numbers for _, name, *numbers in rows}
    kinds = {kind.name: kind for kind in KINDS}
    if not by_name or not by_name.keys() <= kinds.keys():
        raise DamagedError(f"the distributions of step {step} are missing")
    by_kind = {}
    for name, kind in kinds.items():
        if name in by_name:
            bins, ends, missed, counts, zeros, not_finite = by_name[name]
            bins = checked_whole(bins, "a number of bins", 1, MOST_BINS)
            by_kind[name] = Distribution(
                kind=kind,
                edges=unpack_edges(ends, missed, layers, bins),
                counts=unpack(counts, np.int64, (layers, bins)),
                zeros=unpack(zeros, np.int64, (layers,)),
                not_finite=unpack(not_finite, np.int64, (layers,)),
            )
    return Distributions(step, by_kind)


def get_steps(
    connection: sqlite3.Connection, table: EventTable, *, after: int = -1, below: int = LARGEST_NUMBER
) -> NDArray[np.int64]:
    """Return the steps between `after` and `below` that are in `table`, rising."""
    query = f"SELECT DISTINCT step FROM {table} WHERE step > ? AND step < ? ORDER BY step"
    return np.array([checked_whole(step, "a step") for (step,) in connection.execute(query, (after, below))], np.int64)


def put_observation(connection: sqlite3.Connection, number: int, observation: Observation) -> None:
    """Write an observation."""
    content = json.dumps(asdict(observation), default=lambda of_numpy: of_numpy.item())
    connection.execute("INSERT INTO observations VALUES (?, ?)", (number, content))


def get_observations(
    connection: sqlite3.Connection, rows: int, known: Sequence[Observation] = (), below: int = LARGEST_NUMBER
) -> tuple[Observation, ...]:
    """Return the observations of steps below `below` that come after those `known`, oldest first.

    They are of a run of so many `rows`. Raises DamagedError.
    """
    found: list[Observation] = []
    latest = known[-1].step if known else 0
    query = "SELECT number, content FROM observations WHERE number >= ? ORDER BY number LIMIT ?"
    asked_for = len(known), MOST_OBSERVATIONS - len(known)
    for expected, (number, content) in enumerate(connection.execute(query, asked_for), len(known)):
        text = checked_text(content, "an observation", LONGEST_OBSERVATION)
        observation = parsed(partial(_OBSERVATION.validate_json, strict=True), text, "observation")
        if number != expected:
            raise DamagedError("some of its observations are missing")
        if not latest <= observation.step <= LARGEST_NUMBER:
            raise DamagedError("its observations are out of order")
        if list(observation.rows) != sorted({row for row in observation.rows if 1 <= row <= rows}):
            raise DamagedError("an observation is about rows that do not exist")
        latest = observation.step
        if latest >= below:
            break
        found.append(observation)
    return tuple(found)


def truncate(connection: sqlite3.Connection, frames: int, observations: int) -> None:
    """Remove evaluations and distributions of step `frames` and later, and all but the first few observations."""
    for table in ("evaluations", "distributions"):
        connection.execute(f"DELETE FROM {table} WHERE step >= ?", (frames,))
    connection.execute("DELETE FROM observations WHERE number >= ?", (observations,))


def _grid(text: object, classes: int) -> tuple[int, ...]:
    shape = checked_shape(text, "a grid", 3)
    if len(shape) != 3 or not all(1 <= extent <= MOST_GRID_CELLS for extent in shape[:2]) or shape[2] > classes:
        raise DamagedError("a grid has no shape")
    return shape
