"""A recording as an event file of TensorBoard, for comparison with other runs there.

Written through the library `tensorboard`, which comes with the extra `tensorboard`; TensorFlow is not needed. Scalars
are `loss`, `batch_accuracy`, `learning_rate`, `held_out_loss` and `held_out_accuracy`, further numbers per step as they
were called, and `NAME/layer_0001` for every quantity and layer (`NAME/module.name` for a watched network), in a
quantity's own values. Observations are texts, `observed/KIND`. TensorBoard keeps float32:
what is smaller is 0 there, and `exact_log10_...` stay logarithms. The times of the steps are not recorded, so all
events have that of the writing.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gradviz.errors import ExportError
from gradviz.recording.atomic_file import replacing
from gradviz.recording.exports.table_blocks import (
    CancelledError,
    Progress,
    blocks,
    every_step,
    own_values,
    scalar_columns,
)
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History, Series

# TensorBoard takes whatever has `tfevents` in its name for one; without a time in it, the next export replaces it
FILE_NAME = "events.out.tfevents.gradviz"
FILE_VERSION = "brain.Event:2"
# of layers; some ten seconds of writing and of TensorBoard's reading
MOST_VALUES = 1_000_000


def save_events(folder: Path, history: History, every: int | None = None, progress: Progress | None = None) -> bool:
    """Write the frames recorded so far into `folder`, which is created if necessary.

    Of the layers every `every`-th step is written (None: as many as `MOST_VALUES` allows), and whatever is measured
    more rarely as often as it was; loss, accuracy and learning rate at every step. `progress(done, total)` ends the
    writing by returning False; then nothing is left behind and the result is False. Raises ExportError where
    tensorboard is missing or the file cannot be written.
    """
    library = _Library()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    steps = history.frames
    try:
        with replacing(folder / FILE_NAME) as file:
            events = _Events(library, library.record_writer(file))
            events.begin()
            _write_scalars(events, history, steps)
            _write_layers(events, history, steps, every or suited_every(history), progress or every_step)
            _write_texts(events, history)
    except CancelledError:
        return False
    return True


def suited_every(history: History) -> int:
    """Return every how many steps of the layers fit into `MOST_VALUES`."""
    values = history.frames * len(history.started.rows) * len(history.quantities)
    return max(-(-values // MOST_VALUES), 1)


class _Library:
    """The parts of `tensorboard` that are needed. Raises ExportError where it is not installed."""

    def __init__(self) -> None:
        try:
            self.record_writer = importlib.import_module("tensorboard.summary.writer.record_writer").RecordWriter
            self.event = importlib.import_module("tensorboard.compat.proto.event_pb2").Event
            self.tensor = importlib.import_module("tensorboard.compat.proto.tensor_pb2").TensorProto
            self.string = importlib.import_module("tensorboard.compat.proto.types_pb2").DT_STRING
            self.text = importlib.import_module("tensorboard.plugins.text.metadata").create_summary_metadata
        except ImportError:
            raise ExportError(
                'TensorBoard files need tensorboard, which is not installed: pip install "gradviz-desktop[tensorboard]"'
            ) from None


class _Events:
    """Puts one event after the other into a file."""

    def __init__(self, library: _Library, writer: Any) -> None:
        self._library, self._writer = library, writer
        self._now_s = time.time()

    def begin(self) -> None:
        self._writer.write(self._event(file_version=FILE_VERSION).SerializeToString())

    def scalars(self, step: int, values: Iterator[tuple[str, float]]) -> None:
        event = self._event(step=step)
        for tag, value in values:
            event.summary.value.add(tag=tag, simple_value=value)
        self._writer.write(event.SerializeToString())

    def text(self, tag: str, text: str, step: int = 0) -> None:
        """Write Markdown for TensorBoard's page of texts."""
        event = self._event(step=step)
        tensor = self._library.tensor(dtype=self._library.string, string_val=[text.encode()])
        event.summary.value.add(tag=tag, tensor=tensor, metadata=self._library.text(tag, ""))
        self._writer.write(event.SerializeToString())

    def _event(self, **fields: object) -> Any:
        return self._library.event(wall_time=self._now_s, **fields)


def _write_scalars(events: _Events, history: History, steps: int) -> None:
    series: dict[str, Series] = {
        "loss": history.losses(),
        "batch_accuracy": history.batch_accuracies(),
        "learning_rate": history.learning_rates(),
        "held_out_loss": history.evaluation_losses(),
        "held_out_accuracy": history.accuracies(),
    }
    for tag, (at, values) in series.items():
        # a watched script may not tell its loss
        if np.isnan(values).all():
            continue
        for step, value in zip(at.tolist(), values.tolist(), strict=True):
            if step < steps:
                events.scalars(step, iter([(tag, value)]))
    for tag, name in scalar_columns(history, series).items():
        values = history.scalar_part(name, 0, steps)
        told = np.flatnonzero(~np.isnan(values))
        for step, value in zip(told.tolist(), values[told].tolist(), strict=True):
            events.scalars(step, iter([(tag, value)]))


def _write_layers(events: _Events, history: History, steps: int, every: int, progress: Progress) -> None:
    places = history.started.row_names or [f"layer_{layer:04d}" for layer in range(1, len(history.started.rows) + 1)]
    tags = {quantity.name: [f"{quantity.name}/{place}" for place in places] for quantity in history.quantities}
    due = dict.fromkeys(tags, 0)
    for first, end in blocks(0, steps, steps, progress):
        for quantity in history.quantities:
            due[quantity.name] = _write_block(
                events, history, quantity, tags[quantity.name], (first, end), due[quantity.name], every
            )


def _write_block(
    events: _Events, history: History, quantity: Quantity, tags: list[str], block: tuple[int, int], due: int, every: int
) -> int:
    """Write what was measured first at or after each step that is `due`; return when it is next."""
    values, measured = own_values(history, quantity, *block)
    for step in range(*block):
        row, there = values[step - block[0]].tolist(), measured[step - block[0]]
        if step < due or not there.any():
            continue
        due = step - step % every + every
        known = there.tolist()
        events.scalars(step, ((tag, value) for tag, value, here in zip(tags, row, known, strict=True) if here))
    return due


def _write_texts(events: _Events, history: History) -> None:
    if (experiment := history.started.experiment_json) is not None:
        # indented by four, Markdown shows it as it is
        events.text("experiment", f"    {experiment}")
    for each in history.observations:
        facts = {"holds": each.holds, "rows": each.rows, "names": each.names, "numbers": dict(each.numbers)}
        events.text(f"observed/{each.kind}", f"    {json.dumps(facts)}", each.step)
