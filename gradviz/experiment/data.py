"""The data of an experiment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gradviz.experiment.fields import PART_CONFIG, FieldSpec

Missing = Literal["refuse", "drop", "mean"]
Source = Literal["digits", "moons", "circles", "spirals", "xor", "gaussian", "sine", "file", "text"]
InputScaling = Literal["standardised", "minmax", "raw"]
# whose target is a number, which a loss for classes cannot be given
NUMBERS = ("sine",)
# whose target can be one
MAYBE_NUMBERS = (*NUMBERS, "file")


class Data(BaseModel):
    """What the network learns."""

    model_config = PART_CONFIG

    source: Annotated[
        Source,
        Field(
            alias="data",
            description="What to learn: real handwritten digits, generated points in the plane, the sine of a number "
            "(regression), a file of your own, or the next character of a text",
        ),
        FieldSpec("Data", "Data", "x"),
    ] = "digits"
    samples: Annotated[
        int,
        Field(description="Points generated, training and validation together", ge=20, le=100_000),
        FieldSpec("Samples", "Data", "xs", "points"),
    ] = 1000
    noise: Annotated[
        float,
        Field(
            description="Standard deviation of the noise on generated points (a quarter of it for spirals), or on a "
            "generated sine",
            ge=0.0,
            le=1.0,
        ),
        FieldSpec("Noise", "Data", "xn"),
    ] = 0.1
    data_file: Annotated[
        str,
        Field(
            description="Table (CSV, TSV, text, also gzipped; one row per sample), arrays (NPZ) or pictures (a folder, "
            "archive or file as MNIST and CIFAR come) of your own; `gradviz data FILE` says how it is understood. With "
            "data = text, a text; "
            "empty for the one that comes along",
            max_length=4096,
        ),
        FieldSpec("Data file", "Data", ""),
    ] = ""
    context: Annotated[
        int,
        Field(
            description="Characters of a text in one sample; its label is the character that comes next", ge=2, le=256
        ),
        FieldSpec("Context", "Data", "xc", "characters"),
    ] = 16
    label_column: Annotated[
        str,
        Field(
            description="Which column of the table is the label: its name, its number counted from 1, first or last; "
            "empty, to find it out",
            max_length=1000,
        ),
        FieldSpec("Label column", "Data", "", empty_means="found out"),
    ] = ""
    leave_out: Annotated[
        str,
        Field(
            description="Columns of the table that are not trained on: names or numbers, separated by commas",
            max_length=4096,
        ),
        FieldSpec("Leave out", "Data", "", empty_means="nothing"),
    ] = ""
    missing: Annotated[
        Missing,
        Field(
            description="What to do about missing values: refuse the file, drop the rows, or fill in the mean of the "
            "column (of text, the most frequent)",
        ),
        FieldSpec("Missing values", "Data", ""),
    ] = "refuse"
    validation_share: Annotated[
        float,
        Field(
            description="Share of the samples of each class that is kept for validation and never trained on; a file "
            "that has validation samples of its own keeps those",
            ge=0.01,
            le=0.9,
        ),
        FieldSpec("Validation share", "Data", "vs"),
    ] = 0.2
    input_scaling: Annotated[
        InputScaling,
        Field(
            description="What the network is given of each feature: standardised, with mean 0 and standard deviation "
            "1; minmax, from 0 to 1; or raw, as it is (as measured on the training samples)"
        ),
        FieldSpec("Input scaling", "Data", "is"),
    ] = "standardised"
    input_factor: Annotated[
        float,
        Field(description="Factor on every input after that, to see what inputs of another size do", gt=0.0, le=1e6),
        FieldSpec("Input factor", "Data", "xf", logarithmic=True),
    ] = 1.0
    label_noise: Annotated[
        float,
        Field(
            description="Share of the training samples that are given another label than theirs, drawn at random",
            ge=0.0,
            le=1.0,
        ),
        FieldSpec("Label noise", "Data", "xl"),
    ] = 0.0

    @property
    def own_file(self) -> bool:
        """Whether the samples come from a file that no code can carry."""
        return self.source == "file" or (self.source == "text" and bool(self.data_file))

    @property
    def generated(self) -> bool:
        """Whether the samples are points drawn in the plane."""
        return self.source not in ("digits", "file", "text")

    def inapplicable(self) -> dict[str, str]:
        """Return the fields that have no effect given the others, each with the reason in words."""
        points, own = "for generated points only", "for data = file only"
        rules = {
            "samples": (self.generated, points),
            "noise": (self.generated, points),
            "data_file": (self.source in ("file", "text"), "for data = file or text only"),
            "context": (self.source == "text", "for data = text only"),
            "input_scaling": (self.source != "text", "characters are no quantities"),
            "input_factor": (self.source != "text", "characters are no quantities"),
            "label_column": (self.source == "file", own),
            "leave_out": (self.source == "file", own),
            "missing": (self.source == "file", own),
        }
        return {name: reason for name, (holds, reason) in rules.items() if not holds}

    def conflict(self) -> str:
        """Return why the fields do not fit together; empty if they do."""
        if self.source == "file" and not self.data_file:
            return "data_file: '' is not allowed with data = 'file'; name a CSV or NPZ file"
        return ""
