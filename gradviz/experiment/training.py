"""The training of an experiment: optimiser, schedule, seed, precision and device."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gradviz.experiment.fields import PART_CONFIG, FieldSpec

Optimizer = Literal["sgd", "momentum", "adam", "adamw", "rmsprop"]
Precision = Literal["float32", "float64"]
Schedule = Literal["constant", "cosine", "step"]
Loss = Literal["cross_entropy", "binary_cross_entropy", "mse"]
ClassWeights = Literal["none", "balanced"]

LARGEST_LEARNING_RATE = 100.0


class Training(BaseModel):
    """How the network is trained, for how long, and what is measured when."""

    model_config = PART_CONFIG

    loss: Annotated[
        Loss,
        Field(
            description="What is made small: cross_entropy of a softmax; binary_cross_entropy, a yes or no for each "
            "class, one for both where there are two; mse, the mean squared error of a number to be predicted "
            "(regression; the label column of a file, or sine), or with classes, of a 1 for the right one and 0 else"
        ),
        FieldSpec("Loss", "Training", "lo"),
    ] = "cross_entropy"
    label_smoothing: Annotated[
        float,
        Field(description="Share of each label that is spread evenly over all classes", ge=0.0, lt=1.0),
        FieldSpec("Label smoothing", "Training", "lm"),
    ] = 0.0
    class_weights: Annotated[
        ClassWeights,
        Field(
            description="What a sample counts in the loss: all the same, or balanced, the less the more samples its "
            "class has"
        ),
        FieldSpec("Class weights", "Training", "cw"),
    ] = "none"
    optimizer: Annotated[
        Optimizer, Field(description="Rule that turns gradients into steps"), FieldSpec("Optimiser", "Training", "o")
    ] = "sgd"
    learning_rate: Annotated[
        float,
        Field(description="Factor on every step of the optimiser", gt=0.0, le=LARGEST_LEARNING_RATE),
        FieldSpec("Learning rate", "Training", "lr", logarithmic=True),
    ] = 0.1
    schedule: Annotated[
        Schedule,
        Field(
            description="How the learning rate goes on after the warm-up: constant; cosine, down to zero at the last "
            "step along half a wave; step, times the decay factor every so many steps"
        ),
        FieldSpec("Schedule", "Training", "sc"),
    ] = "constant"
    warmup_steps: Annotated[
        int,
        Field(
            description="Steps in which the learning rate rises evenly to its full size, the first of them at that "
            "share of it; 0 means none",
            ge=0,
            le=1_000_000,
        ),
        FieldSpec("Warm-up", "Training", "wu", "steps", zero_means="none"),
    ] = 0
    decay_every: Annotated[
        int,
        Field(description="Steps after which the step schedule lowers the learning rate", ge=1, le=10_000_000),
        FieldSpec("Decay every", "Training", "de", "steps"),
    ] = 100
    decay_factor: Annotated[
        float,
        Field(description="What the step schedule multiplies the learning rate with", gt=0.0, le=1.0),
        FieldSpec("Decay factor", "Training", "df"),
    ] = 0.1
    momentum: Annotated[
        float,
        Field(description="Share of the last step kept in the next", ge=0.0, lt=1.0),
        FieldSpec("Momentum", "Training", "m"),
    ] = 0.9
    weight_decay: Annotated[
        float,
        Field(description="Pull of the weights towards zero", ge=0.0, le=10.0),
        FieldSpec("Weight decay", "Training", "wd"),
    ] = 0.0
    gradient_clip: Annotated[
        float,
        Field(
            description="Largest L2 norm of the whole gradient; a longer one is shortened to it; 0 means off",
            ge=0.0,
            le=1e6,
        ),
        FieldSpec("Gradient clip", "Training", "gc", zero_means="off"),
    ] = 0.0
    batch_size: Annotated[
        int,
        Field(description="Samples per training step", ge=1, le=4096),
        FieldSpec("Batch size", "Training", "b", "samples"),
    ] = 128
    steps: Annotated[
        int,
        Field(description="Training steps; 0 means until stopped", ge=0, le=10_000_000),
        FieldSpec("Steps", "Training", "t", "steps", zero_means="until stopped"),
    ] = 300
    evaluate_every: Annotated[
        int,
        Field(description="Steps between two measurements of validation accuracy", ge=1, le=10_000),
        FieldSpec("Evaluate every", "Training", "e", "steps"),
    ] = 10
    probe_every: Annotated[
        int,
        Field(description="Steps between two measurements of what costs too much for every step", ge=1, le=10_000),
        FieldSpec("Measure every", "Training", "pe", "steps"),
    ] = 20
    seed: Annotated[
        int,
        Field(description="Seed of weights, batches and generated data", ge=0, le=2**32 - 1),
        FieldSpec("Seed", "Training", "r"),
    ] = 0
    precision: Annotated[
        Precision, Field(description="Floating-point type of the network"), FieldSpec("Precision", "Training", "p")
    ] = "float32"
    device: Annotated[
        str,
        Field(
            description="Where to train: auto (a GPU if there is one), cpu, cuda, cuda:N or mps",
            pattern=r"^(auto|cpu|cuda|cuda:[0-9]{1,2}|mps)$",
        ),
        FieldSpec("Device", "Training", "dev"),
    ] = "auto"

    def rate_factor(self, step: int) -> float:
        """Return what the schedule multiplies the learning rate of update `step` (from 0) with.

        In a warm-up of n steps that is 1/n, 2/n, ... 1 (Goyal et al. 2017, 1706.02677, section 2.2); the cosine is
        that of Loshchilov & Hutter 2017 (1608.03983), eq. 5, without restarts.
        """
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        since = step - self.warmup_steps
        if self.schedule == "cosine":
            # the update after the last step, which only a checkpoint at the end is made of, is none
            share = since / max(self.steps - self.warmup_steps, 1)
            return 0.5 * (1.0 + math.cos(math.pi * min(share, 1.0)))
        if self.schedule == "step":
            return self.decay_factor ** (since // self.decay_every)
        return 1.0

    def inapplicable(self) -> dict[str, str]:
        """Return the fields that have no effect given the others, each with the reason in words."""
        rules = {
            "momentum": (self.optimizer == "momentum", "for momentum only"),
            "label_smoothing": (self.loss == "cross_entropy", "for cross-entropy only"),
            "class_weights": (self.loss != "mse", "not for the squared error"),
            "decay_every": (self.schedule == "step", "for the step schedule only"),
            "decay_factor": (self.schedule == "step", "for the step schedule only"),
        }
        return {name: reason for name, (holds, reason) in rules.items() if not holds}

    def conflict(self) -> str:
        """Return why the fields do not fit together; empty if they do."""
        if self.schedule == "cosine" and not self.steps:
            return "schedule: 'cosine' is not allowed with steps = 0; it ends with the last step, so say which that is"
        return ""
