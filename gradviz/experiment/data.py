"""The data of an experiment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gradviz.experiment.fields import PART_CONFIG, FieldSpec

Source = Literal["digits", "moons", "circles", "spirals", "xor", "gaussian", "file"]


class Data(BaseModel):
    """What the network learns."""

    model_config = PART_CONFIG

    source: Annotated[
        Source,
        Field(
            alias="data",
            description="What to learn: real handwritten digits, generated points in the plane, or a file of your own",
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
            description="Standard deviation of the noise on generated points (a quarter of it for spirals)",
            ge=0.0,
            le=1.0,
        ),
        FieldSpec("Noise", "Data", "xn"),
    ] = 0.1
    data_file: Annotated[
        str,
        Field(
            description="CSV or NPZ file: CSV, one row per sample with the label last; NPZ, arrays x and y",
            max_length=4096,
        ),
        FieldSpec("Data file", "Data", ""),
    ] = ""

    @property
    def generated(self) -> bool:
        """Whether the samples are points drawn in the plane."""
        return self.source not in ("digits", "file")

    def inapplicable(self) -> dict[str, str]:
        """Return the fields that have no effect given the others, each with the reason in words."""
        points = "for generated points only"
        rules = {
            "samples": (self.generated, points),
            "noise": (self.generated, points),
            "data_file": (self.source == "file", "for data = file only"),
        }
        return {name: reason for name, (holds, reason) in rules.items() if not holds}

    def conflict(self) -> str:
        """Return why the fields do not fit together; empty if they do."""
        if self.source == "file" and not self.data_file:
            return "data_file: '' is not allowed with data = 'file'; name a CSV or NPZ file"
        return ""
