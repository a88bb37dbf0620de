"""What crosses from training to the recording and the views: frozen events over plain numpy arrays.

The training loop yields exactly these, in this order: one `Started`, then `Frame` (every step), `Evaluation` and
`Distributions` (each on a schedule of the experiment, before the frame of its step), then possibly one `Diverged`; and
a `Checkpoint`, before the frame of its step, where one was asked for. `Observation` may come at any time. A network of
a person's own that is watched gives `Started`, `Frame` and `Observation` alone. Reading this file is reading the whole
vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from gradviz.experiment import Experiment, Row, to_json
from gradviz.experiment.rows import Span, shortcuts_around
from gradviz.recording.score import Score, score_of

Scale = Literal["log10", "linear"]
# how a recorded run stands; the last two of a run that nobody ended: its process is gone, or still writes
Ending = Literal["finished", "stopped", "diverged", "failed", "interrupted", "recording"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """What one probe measures per layer, for axes, legends, tooltips and exports.

    A `log10` quantity is non-negative and travels as its log10, minus infinity for an exact zero: norms far below the
    smallest float32 keep their place. A `linear` quantity travels as it is; `signed` ones get a diverging colour map.
    A `scheduled` quantity costs too much for every step and is measured every `probe_every` steps of the experiment.
    `beside` names the quantity that is drawn beside this one, because the distance between the two is what counts.
    `bounds` are the ends of what it can be, where a view shows all of it always: a share goes from 0 to 1. `guide` is a
    value to compare with, in the quantity's scale, and what to call it.
    """

    name: str
    label: str
    unit: str
    description: str
    scale: Scale = "log10"
    signed: bool = False
    scheduled: bool = False
    beside: str = ""
    bounds: tuple[float, float] | None = None
    guide: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The samples that the network never trains on, as a person would look at them.

    `inputs` [samples, features] in the data's own units, `labels` [samples] index `class_names`. `image_shape` is
    (rows, columns) where a sample is a picture, of one or three `channels` that come one after the other; `extent` is
    (left, right, bottom, top) of the plane where it is a point. `characters` says that inputs number characters,
    as labels do.

    Where a number is predicted there are no classes: `targets` [samples] are these numbers in their own units, and
    `target_name` is what they are; `labels` are 0. What the network makes of them is `Evaluation.values`, in the same
    units.
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] | None = None
    extent: tuple[float, float, float, float] | None = None
    channels: int = 1
    targets: NDArray[np.float64] | None = None
    target_name: str = ""
    characters: bool = False

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(channels, rows, columns) of a picture, (features,) of anything else; samples are kept flat."""
        return (self.inputs.shape[1],) if self.image_shape is None else (self.channels, *self.image_shape)


@dataclass(frozen=True, slots=True)
class Started:
    """The network stands and is about to be measured.

    Row l of every quantity, counted from 1, belongs to `rows[l - 1]`. Of a network that gradviz builds the `experiment`
    is given, and with it validation samples; a watched network has neither. `precision` is the type of most parameters,
    such as float32 or bfloat16. `planned_steps` is the last step, 0 where the run goes on until somebody ends it;
    quantities that are scheduled are measured every `scheduled_every` steps. `batch_size` and `training_samples` are 0
    where they are not known. `input_mean_square` [training samples]: mean square of the features of each, as the
    network is given them. `class_shares` [classes]: how often each label is among the training samples, adding up to 1;
    empty where there are none, or nobody knows.
    """

    title: str
    rows: tuple[Row, ...]
    quantities: tuple[Quantity, ...]
    precision: str
    parameters: int
    device: str
    threads: int
    planned_steps: int = 0
    scheduled_every: int = 1
    batch_size: int = 0
    training_samples: int = 0
    experiment: Experiment | None = None
    held_out: HeldOut | None = None
    input_mean_square: NDArray[np.float64] | None = None
    class_shares: tuple[float, ...] = ()

    @classmethod
    def of_experiment(cls, experiment: Experiment, **known: Any) -> Self:
        """Return how a run of `experiment` begins; `known` are the fields that the experiment does not tell."""
        training = experiment.training
        return cls(
            title=experiment.title,
            rows=experiment.network.rows(),
            precision=training.precision,
            planned_steps=training.steps,
            scheduled_every=training.probe_every,
            experiment=experiment,
            **known,
        )

    @property
    def experiment_json(self) -> str | None:
        """The experiment as JSON, to be put into files; None if there is none."""
        return to_json(self.experiment) if self.experiment is not None else None

    @property
    def shortcuts(self) -> tuple[Span, ...]:
        """The first and the last row, counted from 1, of what each shortcut passes over."""
        return self.experiment.network.shortcuts() if self.experiment is not None else shortcuts_around(self.rows)

    @property
    def loss_optional(self) -> bool:
        """Whether a loss that is not a number may be one that was not told: a script of a person's own trains."""
        return self.experiment is None

    @property
    def regression(self) -> bool:
        """Whether the network predicts a number, so that R squared stands wherever accuracy does otherwise."""
        return self.experiment is not None and self.experiment.regression

    @property
    def score(self) -> Score:
        """What accuracies of this run are."""
        return score_of(self.experiment)

    @property
    def double(self) -> bool:
        """Whether the network computes in float64."""
        return self.precision == "float64"

    @property
    def row_names(self) -> tuple[str, ...]:
        """What the rows are called; empty where all have only numbers."""
        names = tuple(row.name for row in self.rows)
        return names if any(names) else ()

    def row_name(self, number: int) -> str:
        """Return what to call the row of that number, counted from 1: with its name where it has one."""
        name = self.rows[number - 1].name
        return f"layer {number} ({name})" if name else f"layer {number}"


@dataclass(frozen=True, slots=True)
class Frame:
    """What was measured in the state before update `step`; step 0 is the network as initialised.

    `loss` (mean over the batch), `batch_accuracy` (share of the batch classified rightly; R squared of the batch where
    a number is predicted) and `learning_rate` are numbers, NaN where a watched script does not tell; `rows` holds, per
    probe name, one row [layers], layer 1 first, in the quantity's own scale: float32, or float64 where a linear
    quantity of a float64 network is told. A probe that measured nothing at this step is absent (`update_ratio` at step
    0: there was no update yet). Where only some layers of a watched network could be measured, `measured` says which,
    per probe name, bool [layers]: a module without parameters has no weight norm. `skipped` marks a step that the
    optimiser did not make, because gradients had overflowed. `scalars` are further numbers of the step by name, such as
    what a script logs of its own, or the norm of the gradient before it was clipped; none of them has to be there at
    each step.
    """

    step: int
    loss: float
    batch_accuracy: float
    learning_rate: float
    rows: Mapping[str, NDArray[np.floating[Any]]]
    measured: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    skipped: bool = False
    scalars: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that holds from `step` on, and that no number per row tells: about parameters, the batch, the loop.

    `kind` is one of `observations.KINDS`. What holds is said once, when it begins or changes, and not at every step; an
    observation that no longer `holds` ends the one before it of its kind. `rows` are the rows concerned, counted from 1
    and ascending, `names` the modules or parameters, and `numbers` what else there is to know.
    """

    step: int
    kind: str
    rows: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    holds: bool = True

    def number(self, name: str) -> float:
        """Return the number called `name`. Raises KeyError."""
        return dict(self.numbers)[name]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Validation samples put through the network in the state before update `step`.

    `predicted` [samples] class indices, `confidence` [samples] the probability given to the predicted class.
    `boundary` [rows, columns, classes], for data in the plane only: class probabilities on a regular grid over
    `HeldOut.extent`, row 0 at the bottom, column 0 at the left, cell centres.

    Where a number is predicted, `values` [samples] are the predictions in the units of `HeldOut.targets`, to which they
    belong one by one, and `accuracy` is R squared, 1 for perfect ones and 0 for the mean of the targets; `predicted`
    and `confidence` are 0. Read them through `History.latest_evaluation` or `History.evaluation_at(step)`.
    """

    step: int
    loss: float
    accuracy: float
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32]
    boundary: NDArray[np.float32] | None = None
    values: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """Numbers whose distribution within a layer is worth a look, and the scale it is looked at on.

    Of a `log10` kind only magnitudes are told apart, a zero being none of them.
    """

    name: str
    label: str
    unit: str
    description: str
    scale: Scale = "linear"


KINDS = (
    Kind(
        "pre_activations",
        "Pre-activations",
        "z",
        "What a layer's activations are given, over units and samples: those of the probe batch in a fully connected "
        "stack, of the training batch in all other networks",
    ),
    Kind(
        "activations",
        "Activations",
        "h",
        "What a layer hands on, over units and the same samples",
    ),
    Kind(
        "gradients",
        "Gradients",
        "|∂loss/∂h|",
        "One sample's loss gradient at a layer's output as the backward pass delivered it, over units and the samples "
        "of the training batch",
        scale="log10",
    ),
    Kind("weights", "Weights", "W", "A layer's weights"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """How numbers of one kind are spread within each layer, layer 1 first.

    Bin b of layer l holds `counts[l, b]` numbers from `edges[l, b]` up to `edges[l, b + 1]`, edges on the scale of the
    kind: from the layer's smallest finite number to its largest, in even steps. On a logarithmic scale exact zeros have
    no bin and are counted in `zeros` [layers]; NaN and infinity have none on any (`not_finite` [layers]).
    """

    kind: Kind
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    zeros: NDArray[np.int64]
    not_finite: NDArray[np.int64]

    @property
    def totals(self) -> NDArray[np.int64]:
        """Numbers in each layer, [layers]; 0 where a layer has none of the kind."""
        totals: NDArray[np.int64] = self.counts.sum(1) + self.zeros + self.not_finite
        return totals


@dataclass(frozen=True, slots=True, eq=False)
class Distributions:
    """The distributions of all `KINDS`, by name, in the state before update `step`."""

    step: int
    by_kind: Mapping[str, Distribution]


@dataclass(frozen=True, slots=True)
class Diverged:
    """The loss at `step` was not finite; nothing after it can be trained."""

    step: int
    loss: float


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """Everything that is needed to go on from the state before update `step`, as plain arrays by name."""

    step: int
    arrays: Mapping[str, NDArray[np.generic]]


Event = Started | Frame | Observation | Evaluation | Distributions | Diverged | Checkpoint
