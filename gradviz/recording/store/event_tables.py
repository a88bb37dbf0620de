"""Scalars, evaluations and distributions in a run file."""

from __future__ import annotations

import json
import sqlite3
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import KINDS, Distribution, Distributions, Evaluation, HeldOut
from gradviz.recording.store.checks import LARGEST_NUMBER, DamagedError, checked_number, checked_shape, checked_whole
from gradviz.recording.store.codec import (
    pack,
    pack_edges,
    pack_whole_numbers,
    unpack,
    unpack_edges,
    unpack_whole_numbers,
)
from gradviz.recording.store.metadata import MOST_CLASSES, MOST_SAMPLES

EventTable = Literal["evaluations", "distributions"]

SCALARS = 4
SCALARS_PER_CHUNK = 4096
MOST_BINS = 100_000
MOST_GRID_CELLS = 10_000


def put_scalars(connection: sqlite3.Connection, first: int, scalars: NDArray[np.float64]) -> None:
    """Write `scalars` [rows, 4] of the steps from `first` on."""
    connection.execute("INSERT INTO scalars VALUES (?, ?, ?)", (first, len(scalars), pack(scalars)))


def remove_scalars(connection: sqlite3.Connection, first: int) -> None:
    """Remove the pieces of scalars that begin at step `first` or later."""
    connection.execute("DELETE FROM scalars WHERE first >= ?", (first,))


def get_scalars(connection: sqlite3.Connection, first: int, frames: int) -> NDArray[np.float64]:
    """Return the scalars of the steps `first` to `frames`, without it; float64 [steps, 4]. Raises DamagedError."""
    there = first // SCALARS_PER_CHUNK * SCALARS_PER_CHUNK
    found, skipped = [np.empty((0, SCALARS))], first - there
    rows = connection.execute("SELECT * FROM scalars WHERE first >= ? AND first < ? ORDER BY first", (there, frames))
    for begin, count, data in rows:
        if begin != there:
            break
        count = checked_whole(count, "a number of rows", 1, SCALARS_PER_CHUNK)
        found.append(unpack(data, np.float64, (count, SCALARS)))
        there += count
    if there < frames:
        raise DamagedError("losses are missing")
    return np.concatenate(found)[skipped : skipped + frames - first]


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
            pack_whole_numbers(evaluation.predicted),
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
    guesses = unpack_whole_numbers(predicted, (samples,))
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
            pack_whole_numbers(each.counts),
            pack_whole_numbers(each.zeros),
            pack_whole_numbers(each.not_finite),
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
                counts=unpack_whole_numbers(counts, (layers, bins)),
                zeros=unpack_whole_numbers(zeros, (layers,)),
                not_finite=unpack_whole_numbers(not_finite, (layers,)),
            )
    return Distributions(step, by_kind)


def get_steps(
    connection: sqlite3.Connection, table: EventTable, *, after: int = -1, below: int = LARGEST_NUMBER
) -> NDArray[np.int64]:
    """Return the steps between `after` and `below` that are in `table`, rising."""
    query = f"SELECT DISTINCT step FROM {table} WHERE step > ? AND step < ? ORDER BY step"
    return np.array([checked_whole(step, "a step") for (step,) in connection.execute(query, (after, below))], np.int64)


def truncate(connection: sqlite3.Connection, scalars: int, frames: int) -> None:
    """Remove evaluations and distributions of step `frames` and later, and scalars from step `scalars` on."""
    remove_scalars(connection, scalars)
    for table in ("evaluations", "distributions"):
        connection.execute(f"DELETE FROM {table} WHERE step >= ?", (frames,))


def _grid(text: object, classes: int) -> tuple[int, ...]:
    shape = checked_shape(text, "a grid", 3)
    if len(shape) != 3 or not all(1 <= extent <= MOST_GRID_CELLS for extent in shape[:2]) or shape[2] > classes:
        raise DamagedError("a grid has no shape")
    return shape
