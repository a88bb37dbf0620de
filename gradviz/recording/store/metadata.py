"""What a run file says of its run in words and single numbers: two JSON documents, validated when they are read.

Values have to be of the right type and size. Unknown keys are ignored and missing keys take their defaults, so files of
versions with more attributes, or fewer, are still read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from gradviz.errors import ExperimentError, RecordingError
from gradviz.experiment import Experiment, Row
from gradviz.recording.frame import Diverged, HeldOut, Quantity, Started
from gradviz.recording.named_scalars import MOST_SCALARS
from gradviz.recording.store.checks import LARGEST_NUMBER, LONGEST_TEXT, DamagedError

LARGEST_ROWS = 100_000
LARGEST_FRAMES = 1 << 40
MOST_QUANTITIES = 1000
MOST_CLASSES = 100_000
MOST_SAMPLES = 100_000_000
MOST_RESUMED = 10_000
SPARKS = 64

INPUTS, LABELS, TARGETS = "held_out_inputs", "held_out_labels", "held_out_targets"
MEAN_SQUARE = "input_mean_square"
ARRAYS = (INPUTS, LABELS, TARGETS, MEAN_SQUARE)

T = TypeVar("T")
Arrays = Mapping[str, NDArray[Any]]
Ended = Literal["finished", "stopped", "diverged", "failed", "interrupted"]
Count = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]
Pixels = Annotated[int, Field(ge=1, le=MOST_SAMPLES)]


class _Document(BaseModel):
    model_config = ConfigDict(
        frozen=True, strict=True, extra="ignore", str_max_length=LONGEST_TEXT, ser_json_inf_nan="constants"
    )


class HeldOutSamples(_Document):
    """What `HeldOut` says beside its arrays."""

    class_names: Annotated[tuple[str, ...], Field(max_length=MOST_CLASSES)]
    image_shape: tuple[Pixels, Pixels] | None = None
    extent: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    channels: Pixels = 1
    target_name: str = ""
    characters: bool = False

    def with_arrays(self, arrays: Arrays) -> HeldOut:
        """Return the samples. Raises DamagedError if their arrays are not what they should be."""
        inputs, labels = arrays.get(INPUTS), arrays.get(LABELS)
        if inputs is None or labels is None:
            raise DamagedError("its validation samples are missing")
        fitting = inputs.dtype == np.float32 and inputs.ndim == 2 and labels.dtype == np.int64
        if not fitting or labels.shape != inputs.shape[:1]:
            raise DamagedError("its validation samples are of another kind")
        targets = arrays.get(TARGETS)
        if targets is not None and (targets.dtype != np.float64 or targets.shape != labels.shape):
            raise DamagedError("what is to be predicted of its validation samples is of another kind")
        classes = len(self.class_names) if targets is None else 1
        if labels.size and not 0 <= labels.min() <= labels.max() < classes:
            raise DamagedError("its validation samples belong to classes that do not exist")
        if self.image_shape is not None and math.prod((self.channels, *self.image_shape)) != inputs.shape[1]:
            raise DamagedError("its validation samples are not pictures of that size")
        if self.extent is not None and not (self.extent[0] < self.extent[1] and self.extent[2] < self.extent[3]):
            raise DamagedError("the plane of its samples is empty")
        return HeldOut(
            inputs, labels, self.class_names, self.image_shape, self.extent, self.channels, targets, self.target_name,
            self.characters,
        )  # fmt: skip


class Metadata(_Document):
    """What is known before the first frame: `frame.Started` but for its arrays, and where it was recorded.

    `experiment` holds the fields of the recipe as a person would write them, `environment` versions and the like.
    """

    title: str = ""
    rows: Annotated[tuple[Row, ...], Field(min_length=1, max_length=LARGEST_ROWS)]
    quantities: Annotated[tuple[Quantity, ...], Field(max_length=MOST_QUANTITIES)]
    precision: str = "float32"
    parameters: Count = 0
    device: str = ""
    threads: Count = 0
    planned_steps: Count = 0
    scheduled_every: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)] = 1
    batch_size: Count = 0
    training_samples: Count = 0
    experiment: Annotated[dict[str, Any], Field(max_length=1000)] | None = None
    held_out: HeldOutSamples | None = None
    class_shares: Annotated[tuple[FiniteFloat, ...], Field(max_length=MOST_CLASSES)] = ()
    environment: Annotated[dict[str, str], Field(max_length=1000)] = {}

    @classmethod
    def of(cls, started: Started, environment: Mapping[str, str]) -> Metadata:
        """Return what there is to write of a run that begins."""
        held_out = started.held_out
        return cls(
            **{name: getattr(started, name) for name in _AS_THEY_ARE},
            experiment=started.experiment.flat() if started.experiment is not None else None,
            held_out=HeldOutSamples.model_validate(held_out, from_attributes=True) if held_out is not None else None,
            environment=dict(environment),
        )

    def started(self, arrays: Arrays) -> Started:
        """Return how the run began. Raises DamagedError, or RecordingError for an experiment unknown here."""
        experiment, mean_square = self.recipe(), arrays.get(MEAN_SQUARE)
        if len({quantity.name for quantity in self.quantities}) != len(self.quantities):
            raise DamagedError("two of its quantities have one name")
        if mean_square is not None and (mean_square.dtype != np.float64 or mean_square.ndim != 1):
            raise DamagedError("the mean squares of the inputs are of another kind")
        if experiment is not None and len(experiment.network.rows()) != len(self.rows):
            raise DamagedError(f"{len(self.rows)} rows where its network has {len(experiment.network.rows())}")
        return Started(
            **{name: getattr(self, name) for name in _AS_THEY_ARE},
            experiment=experiment,
            held_out=self.held_out.with_arrays(arrays) if self.held_out is not None else None,
            input_mean_square=mean_square,
        )

    def recipe(self) -> Experiment | None:
        """Return the experiment, if the run has one. Raises RecordingError for one that is unknown here."""
        return parsed_experiment(self.experiment) if self.experiment is not None else None


# the fields that both have
_AS_THEY_ARE = Metadata.model_fields.keys() & {field.name for field in fields(Started)} - {"experiment", "held_out"}


class State(_Document):
    """What changes while a run is recorded, and afterwards.

    `created` is in seconds since 1970. `frames`, `loss`, `accuracy` (of the last evaluation) and up to SPARKS `losses`
    from all of the run tell how far it is; `scalar_names` is what its further numbers per step are called, and
    `resumed_at` are the steps at which it was resumed. `ending` is None until the run ends; a process that is killed
    leaves it at that. `why` says in words what ended it.
    """

    name: str = ""
    note: str = ""
    created: float = 0.0
    frames: Annotated[int, Field(ge=0, le=LARGEST_FRAMES)] = 0
    loss: float | None = None
    accuracy: float | None = None
    losses: Annotated[tuple[float, ...], Field(max_length=SPARKS)] = ()
    diverged: Diverged | None = None
    scalar_names: Annotated[tuple[str, ...], Field(max_length=MOST_SCALARS)] = ()
    resumed_at: Annotated[tuple[Count, ...], Field(max_length=MOST_RESUMED)] = ()
    ending: Ended | None = None
    why: str = ""

    @property
    def origin(self) -> tuple[float, tuple[int, ...]]:
        """Changes when frames that were there are removed."""
        return self.created, self.resumed_at

    def changed(self, **changes: object) -> State:
        """Return a state in which some of it is different."""
        return self.model_copy(update=changes)


def parsed(validate: Callable[[str], T], content: str, name: str) -> T:
    """Return what `validate` makes of `content`. Raises DamagedError with the `name` and the place of the fault."""
    try:
        return validate(content)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in (name, *first["loc"]))
        raise DamagedError(f"{place}: {first['msg'][:100]}") from None


def held_arrays(started: Started) -> dict[str, NDArray[Any]]:
    """Return the arrays of a run that begins, by name."""
    arrays: dict[str, NDArray[Any]] = {}
    if started.held_out is not None:
        arrays |= {INPUTS: started.held_out.inputs, LABELS: started.held_out.labels}
        if started.held_out.targets is not None:
            arrays[TARGETS] = started.held_out.targets
    if started.input_mean_square is not None:
        arrays[MEAN_SQUARE] = started.input_mean_square
    return arrays


def parsed_experiment(flat: Mapping[str, Any]) -> Experiment:
    """Return the experiment with these fields. Raises RecordingError for one that is unknown here."""
    try:
        return Experiment.parse(flat)
    except ExperimentError as error:
        first = str(error).splitlines()[0].partition("; the fields are")[0]
        raise RecordingError(f"this gradviz does not know the experiment of the run: {first}") from error
