"""What is known before the first frame (`frame.Started`), into a run file and out of it."""

from __future__ import annotations

import math
import sqlite3
from typing import Any, Literal

import numpy as np

from gradviz.errors import ExperimentError, RecordingError
from gradviz.experiment import Experiment, Row, from_json
from gradviz.recording.frame import HeldOut, Quantity, Started
from gradviz.recording.store import arrays, facts
from gradviz.recording.store.codec import DamagedError
from gradviz.recording.store.facts import Facts, checked_number, checked_text, checked_whole

LARGEST_LAYERS = 100_000
MOST_QUANTITIES = 1000
MOST_CLASSES = 100_000
MOST_SAMPLES = 100_000_000

_INPUTS, _LABELS, _MEAN_SQUARE = "held_out_inputs", "held_out_labels", "input_mean_square"


def put(connection: sqlite3.Connection, started: Started) -> None:
    """Write down how a run began."""
    held_out = started.held_out
    said: dict[str, Any] = {
        "layers": len(started.rows),
        "batch_size": started.batch_size,
        "training_samples": started.training_samples,
        "parameters": started.parameters,
        "device": started.device,
        "threads": started.threads,
    }
    if started.experiment is None:
        said["watched"] = {
            "title": started.title,
            "layer_names": list(started.row_names),
            "precision": started.precision,
            "every": started.scheduled_every,
        }
    stored: dict[str, Any] = {}
    if held_out is not None:
        said["held_out"] = {
            "class_names": list(held_out.class_names),
            "image_shape": held_out.image_shape,
            "extent": held_out.extent,
        }
        stored |= {_INPUTS: held_out.inputs, _LABELS: held_out.labels}
    if started.input_mean_square is not None:
        stored[_MEAN_SQUARE] = started.input_mean_square
    facts.put(connection, {"started": said, "experiment": started.experiment_json})
    arrays.put(connection, stored)
    connection.executemany(
        f"INSERT INTO quantities VALUES ({', '.join('?' * 13)})",
        [_quantity_row(number, quantity) for number, quantity in enumerate(started.quantities)],
    )


def get(connection: sqlite3.Connection) -> Started:
    """Return how the run began. Raises DamagedError, or RecordingError for an experiment that is unknown here."""
    said = facts.get(connection, "started").inner("started")
    stored = arrays.get(connection, (_INPUTS, _LABELS, _MEAN_SQUARE))
    mean_square = stored.get(_MEAN_SQUARE)
    if mean_square is not None and (mean_square.dtype != np.float64 or mean_square.ndim != 1):
        raise DamagedError("the mean squares of the inputs are of another kind")
    layers = said.whole("layers", 1, LARGEST_LAYERS)
    chosen = experiment(connection)
    if (chosen is None) != said.has("watched"):
        raise DamagedError("it is neither that of an experiment nor of a watched network")
    known: dict[str, Any] = {
        "quantities": quantities(connection),
        "held_out": _held_out(said.inner("held_out"), stored) if said.has("held_out") else None,
        "batch_size": said.whole("batch_size"),
        "training_samples": said.whole("training_samples"),
        "parameters": said.whole("parameters"),
        "device": said.text("device"),
        "threads": said.whole("threads"),
        "input_mean_square": mean_square,
    }
    if chosen is None:
        return Started(**_of_watched(said, layers), **known)
    started = Started.of_experiment(chosen, **known)
    if len(started.rows) != layers:
        raise DamagedError(f"{layers} layers where the experiment has {len(started.rows)}")
    return started


def _of_watched(said: Facts, layers: int) -> dict[str, Any]:
    watched = said.inner("watched")
    names = watched.texts("layer_names", LARGEST_LAYERS)
    if len(names) != layers:
        raise DamagedError(f"{len(names)} names for {layers} layers")
    return {
        "title": watched.text("title"),
        "rows": tuple(Row(name) for name in names),
        "precision": watched.text("precision"),
        "scheduled_every": watched.whole("every", 1),
    }


def experiment(connection: sqlite3.Connection) -> Experiment | None:
    """Return the experiment; None for a watched network. Raises RecordingError for one that is unknown here."""
    said = facts.get(connection, "experiment")
    if not said.has("experiment"):
        return None
    try:
        return from_json(said.text("experiment"))
    except ExperimentError as error:
        first = str(error).splitlines()[0].partition("; the fields are")[0]
        raise RecordingError(f"this gradviz does not know the experiment of the run: {first}") from error


def watched_title(connection: sqlite3.Connection) -> str | None:
    """Return what the watched network is called; None for an experiment."""
    said = facts.get(connection, "started").inner("started")
    return said.inner("watched").text("title") if said.has("watched") else None


def quantities(connection: sqlite3.Connection) -> tuple[Quantity, ...]:
    """Return what was measured. Raises DamagedError."""
    rows = connection.execute("SELECT * FROM quantities ORDER BY number LIMIT ?", (MOST_QUANTITIES + 1,)).fetchall()
    if len(rows) > MOST_QUANTITIES or [row[0] for row in rows] != list(range(len(rows))):
        raise DamagedError("its quantities are not numbered from 0")
    found = tuple(_quantity(row) for row in rows)
    if len({quantity.name for quantity in found}) != len(found):
        raise DamagedError("two of its quantities have one name")
    return found


def _quantity_row(number: int, quantity: Quantity) -> tuple[Any, ...]:
    low, high = quantity.bounds or (None, None)
    guide, guide_name = quantity.guide or (None, None)
    return (
        number, quantity.name, quantity.label, quantity.unit, quantity.description, quantity.scale, quantity.signed,
        quantity.scheduled, quantity.beside, low, high, guide, guide_name,
    )  # fmt: skip


def _quantity(row: tuple[Any, ...]) -> Quantity:
    _, name, label, unit, description, scale, signed, scheduled, beside, low, high, guide, guide_name = row
    return Quantity(
        name=checked_text(name, "a quantity"),
        label=checked_text(label, "a quantity"),
        unit=checked_text(unit, "a quantity"),
        description=checked_text(description, "a quantity"),
        scale=_scale(scale),
        signed=bool(checked_whole(signed, "a quantity", 0, 1)),
        scheduled=bool(checked_whole(scheduled, "a quantity", 0, 1)),
        beside=checked_text(beside, "a quantity"),
        bounds=None if low is None else (_finite(low), _finite(high)),
        guide=None if guide is None else (_finite(guide), checked_text(guide_name, "a guide")),
    )


def _scale(value: object) -> Literal["log10", "linear"]:
    if value not in ("log10", "linear"):
        raise DamagedError(f"there is no scale {str(value)[:20]!r}")
    return "log10" if value == "log10" else "linear"


def _finite(value: object) -> float:
    number = checked_number(value, "an end of a quantity")
    if not math.isfinite(number):
        raise DamagedError("an end of a quantity is not finite")
    return number


def _held_out(said: Facts, stored: dict[str, Any]) -> HeldOut:
    inputs, labels = stored.get(_INPUTS), stored.get(_LABELS)
    if inputs is None or labels is None:
        raise DamagedError("its held-out samples are missing")
    names = said.texts("class_names", MOST_CLASSES)
    fitting = inputs.dtype == np.float32 and inputs.ndim == 2 and labels.dtype == np.int64
    if not fitting or labels.shape != inputs.shape[:1]:
        raise DamagedError("its held-out samples are of another kind")
    if labels.size and not 0 <= labels.min() <= labels.max() < len(names):
        raise DamagedError("its held-out samples belong to classes that there are not")
    return HeldOut(inputs, labels, names, _image_shape(said, inputs.shape[1]), _extent(said))


def _image_shape(said: Facts, features: int) -> tuple[int, int] | None:
    if not said.has("image_shape"):
        return None
    rows, columns = (_whole_of(value) for value in _exactly(said, "image_shape", 2))
    if rows * columns != features:
        raise DamagedError("its held-out samples are no pictures of that size")
    return rows, columns


def _extent(said: Facts) -> tuple[float, float, float, float] | None:
    if not said.has("extent"):
        return None
    left, right, bottom, top = (_finite(value) for value in _exactly(said, "extent", 4))
    if not (left < right and bottom < top):
        raise DamagedError("the plane of its samples is empty")
    return left, right, bottom, top


def _exactly(said: Facts, key: str, count: int) -> tuple[float, ...]:
    values = said.numbers(key, count)
    if len(values) != count:
        raise DamagedError(f"{key} is not {count} numbers")
    return values


def _whole_of(value: float) -> int:
    if not value.is_integer() or not 1 <= value <= MOST_SAMPLES:
        raise DamagedError("a picture has no such size")
    return int(value)
