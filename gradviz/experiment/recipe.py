"""The recipe of a run: everything that defines it, frozen and validated.

One flat model, because its fields are also the names on the form, the keys of the TOML file and of `--set`. What a
field means, its unit, its range and its group are said once, here; the form, the help and the error texts are made
from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from gradviz.errors import ExperimentError

Activation = Literal[
    "linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "silu", "gelu", "softplus", "mish"
]
Shortcut = Literal["none", "identity", "pre_activation", "scaled", "rezero", "highway"]
Normalization = Literal["none", "layer", "rms", "batch"]
Initialization = Literal[
    "pytorch_default", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "orthogonal",
    "gaussian",
]  # fmt: skip
Optimizer = Literal["sgd", "momentum", "adam", "adamw", "rmsprop"]
Precision = Literal["float32", "float64"]
DataName = Literal["digits", "moons", "circles", "spirals", "xor", "gaussian", "file"]
Group = Literal["Network", "Initialisation", "Training", "Data"]

LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Trait:
    """What the form, the help and the short code need to know of a field beside its pydantic constraints.

    `code` is the field's key in the short text code and never changes; `zero_means` is the meaning of the value 0
    where 0 is a word rather than a number; `logarithmic` asks for a slider with a logarithmic feel.
    """

    label: str
    group: Group
    code: str
    unit: str = ""
    zero_means: str = ""
    logarithmic: bool = False


class Experiment(BaseModel):
    """One run, completely: network, initialisation, training and data.

    Raises ExperimentError from `parse` and `changed`, naming the field, the value and what is allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    title: Annotated[
        str,
        Field(description="Name of the experiment, shown above the plots", max_length=80),
        Trait("Title", "Data", ""),
    ] = ""
    notes: Annotated[
        str, Field(description="What there is to see, in words", max_length=2000), Trait("Notes", "Data", "")
    ] = ""

    depth: Annotated[
        int,
        Field(description="Hidden layers, counted from 1 next to the input", ge=1, le=2000),
        Trait("Depth", "Network", "d", "layers", logarithmic=True),
    ] = 30
    activation: Annotated[
        Activation, Field(description="Function applied to every unit"), Trait("Activation", "Network", "a")
    ] = "sigmoid"
    leaky_slope: Annotated[
        float,
        Field(description="Slope of leaky ReLU for negative inputs", ge=0.0, le=1.0),
        Trait("Leaky slope", "Network", "ls"),
    ] = 0.01
    shortcut: Annotated[
        Shortcut,
        Field(
            description="How a layer's input reaches its output: none; identity, x + act(Wx + b); pre_activation, "
            "x + W act(x) + b; scaled, x + s act(Wx + b); rezero, x + a act(Wx + b) with a learnt and 0 at first; "
            "highway, a learnt gate between x and act(Wx + b)"
        ),
        Trait("Shortcut", "Network", "s"),
    ] = "none"
    shortcut_span: Annotated[
        int,
        Field(description="Layers that one shortcut passes over", ge=1, le=4),
        Trait("Shortcut span", "Network", "ss", "layers"),
    ] = 1
    shortcut_scale: Annotated[
        float,
        Field(description="Factor on the residual branch of a scaled shortcut; 0 means 1/sqrt(depth)", ge=0.0, le=10.0),
        Trait("Branch scale", "Network", "sf", zero_means="1/√depth"),
    ] = 0.0
    width: Annotated[
        int, Field(description="Units in every hidden layer", ge=2, le=1024), Trait("Width", "Network", "w", "units")
    ] = 32
    normalization: Annotated[
        Normalization,
        Field(description="Normalisation of what enters the activation, with learnt gain (and offset, but for rms)"),
        Trait("Normalisation", "Network", "n"),
    ] = "none"

    initialization: Annotated[
        Initialization,
        Field(
            description="Distribution of the hidden layers' first weights; the input layer and the head are always "
            "LeCun normal, so that the picture shows what the hidden layers do"
        ),
        Trait("Initialisation", "Initialisation", "i"),
    ] = "glorot_uniform"
    sigma_w: Annotated[
        float,
        Field(description="Gaussian weights have variance sigma_w² / width", ge=0.0, le=20.0),
        Trait("Weight scale σ_w", "Initialisation", "gw"),
    ] = 1.0
    sigma_b: Annotated[
        float,
        Field(description="Gaussian biases have variance sigma_b²", ge=0.0, le=20.0),
        Trait("Bias scale σ_b", "Initialisation", "gb"),
    ] = 0.0
    bias_shift: Annotated[
        float,
        Field(description="Constant added to every hidden bias at the start", ge=-10.0, le=10.0),
        Trait("Bias shift", "Initialisation", "bs"),
    ] = 0.0
    zero_init_branch: Annotated[
        bool,
        Field(
            description="Start the last layer of every residual branch at zero, so that the branch is silent at first"
        ),
        Trait("Silent branches", "Initialisation", "z"),
    ] = False

    optimizer: Annotated[
        Optimizer, Field(description="Rule that turns gradients into steps"), Trait("Optimiser", "Training", "o")
    ] = "sgd"
    learning_rate: Annotated[
        float,
        Field(description="Factor on every step of the optimiser", gt=0.0, le=100.0),
        Trait("Learning rate", "Training", "lr", logarithmic=True),
    ] = 0.1
    momentum: Annotated[
        float,
        Field(description="Share of the last step kept in the next", ge=0.0, lt=1.0),
        Trait("Momentum", "Training", "m"),
    ] = 0.9
    weight_decay: Annotated[
        float,
        Field(description="Pull of the weights towards zero", ge=0.0, le=1.0),
        Trait("Weight decay", "Training", "wd"),
    ] = 0.0
    gradient_clip: Annotated[
        float,
        Field(
            description="Largest L2 norm of the whole gradient; a longer one is shortened to it; 0 means off",
            ge=0.0,
            le=1e6,
        ),
        Trait("Gradient clip", "Training", "gc", zero_means="off"),
    ] = 0.0
    batch_size: Annotated[
        int,
        Field(description="Samples per training step", ge=1, le=4096),
        Trait("Batch size", "Training", "b", "samples"),
    ] = 128
    steps: Annotated[
        int,
        Field(description="Training steps; 0 means until stopped", ge=0, le=10_000_000),
        Trait("Steps", "Training", "t", "steps", zero_means="until stopped"),
    ] = 300
    evaluate_every: Annotated[
        int,
        Field(description="Steps between two measurements of held-out accuracy", ge=1, le=10_000),
        Trait("Evaluate every", "Training", "e", "steps"),
    ] = 10
    probe_every: Annotated[
        int,
        Field(description="Steps between two measurements of what costs too much for every step", ge=1, le=10_000),
        Trait("Measure every", "Training", "pe", "steps"),
    ] = 20
    seed: Annotated[
        int,
        Field(description="Seed of weights, batches and generated data", ge=0, le=2**32 - 1),
        Trait("Seed", "Training", "r"),
    ] = 0
    precision: Annotated[
        Precision, Field(description="Floating-point type of the network"), Trait("Precision", "Training", "p")
    ] = "float32"
    device: Annotated[
        str,
        Field(
            description="Where to train: auto (a GPU if there is one), cpu, cuda, cuda:N or mps",
            pattern=r"^(auto|cpu|cuda|cuda:[0-9]{1,2}|mps)$",
        ),
        Trait("Device", "Training", "dev"),
    ] = "auto"

    data: Annotated[
        DataName,
        Field(
            description="What to learn: real handwritten digits, generated points in the plane, or a file of your own"
        ),
        Trait("Data", "Data", "x"),
    ] = "digits"
    samples: Annotated[
        int,
        Field(description="Points generated, training and held-out together", ge=20, le=100_000),
        Trait("Samples", "Data", "xs", "points"),
    ] = 1000
    noise: Annotated[
        float,
        Field(
            description="Standard deviation of the noise on generated points (a quarter of it for spirals)",
            ge=0.0,
            le=1.0,
        ),
        Trait("Noise", "Data", "xn"),
    ] = 0.1
    data_file: Annotated[
        str,
        Field(
            description="CSV or NPZ file: CSV, one row per sample with the label last; NPZ, arrays x and y",
            max_length=4096,
        ),
        Trait("Data file", "Data", ""),
    ] = ""

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if self.data == "file" and not self.data_file:
            raise ValueError("data_file: '' is not allowed with data = 'file'; name a CSV or NPZ file")
        if self.normalization == "batch" and self.batch_size < 2:
            raise ValueError("batch_size: 1 is not allowed with normalization = 'batch'; allowed: 2 to 4096")
        return self

    @property
    def branch_scale(self) -> float:
        """Factor on the residual branch of a scaled shortcut."""
        return self.shortcut_scale or 1.0 / math.sqrt(self.depth)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Experiment:
        """Validate `values` (field name to value). Raises ExperimentError with one line per mistake."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ExperimentError(_explain(error)) from None

    def changed(self, **values: Any) -> Experiment:
        """Return a copy with some fields changed, validated. Raises ExperimentError."""
        return self.parse(self.model_dump() | values)


def trait(name: str) -> Trait:
    """Return the trait of the field `name`."""
    return next(item for item in Experiment.model_fields[name].metadata if isinstance(item, Trait))


def choices(name: str) -> tuple[str, ...]:
    """Return the words a field may take; empty for numbers and free text."""
    annotation = Experiment.model_fields[name].annotation
    return getattr(annotation, "__args__", ()) if getattr(annotation, "__origin__", None) is Literal else ()


def limits(name: str) -> tuple[float | None, float | None]:
    """Return the smallest and the largest value of a field; an open bound counts as the bound."""
    low = high = None
    for item in Experiment.model_fields[name].metadata:
        low = getattr(item, "ge", getattr(item, "gt", low))
        high = getattr(item, "le", getattr(item, "lt", high))
    return low, high


def allowed(name: str) -> str:
    """Say in words what the field `name` may be."""
    field: FieldInfo = Experiment.model_fields[name]
    if name == "device":
        return "auto, cpu, cuda, cuda:N or mps"
    if words := choices(name):
        return ", ".join(words)
    if field.annotation is bool:
        return "true or false"
    if field.annotation is str:
        longest = next(item.max_length for item in field.metadata if hasattr(item, "max_length"))
        return f"text of at most {longest:,} characters"
    low, high = limits(name)
    opening = "above " if any(getattr(item, "gt", None) is not None for item in field.metadata) else ""
    closing = "below " if any(getattr(item, "lt", None) is not None for item in field.metadata) else ""
    kind = "a whole number from" if field.annotation is int else "a number from"
    return f"{kind} {opening}{low} to {closing}{high}"


def _explain(error: ValidationError) -> str:
    lines = []
    for mistake in error.errors(include_url=False):
        name = mistake["loc"][0] if mistake["loc"] else None
        if "error" in mistake.get("ctx", {}):
            lines.append(str(mistake["ctx"]["error"]))
        elif name in Experiment.model_fields:
            lines.append(f"{name}: {_shown(mistake['input'])} is not allowed; allowed: {allowed(str(name))}")
        else:
            # where a key is not even text, pydantic hands it on as the input
            key = name if mistake["type"] == "extra_forbidden" else mistake["input"]
            lines.append(f"{_key(key)}: there is no such field; the fields are {', '.join(Experiment.model_fields)}")
    return "\n".join(lines)


def _key(key: object) -> str:
    return key if isinstance(key, str) and key.isidentifier() and len(key) <= LONGEST_SHOWN else _shown(key)


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes out no number of thousands of digits, no nesting without end
        text = f"a whole number of {value.bit_length():,} bits" if isinstance(value, int) else "something very long"
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
