"""The data a network learns from: scaled inputs, labels, and validation samples, which are not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.experiment import Experiment
from gradviz.recording.frame import HeldOut
from gradviz.resources import resource_path
from gradviz.training import plane
from gradviz.training.characters import read_characters
from gradviz.training.data_files import read_data_file
from gradviz.training.scaling import scaling
from gradviz.training.sine import sine

EXTENT_MARGIN = 0.15
SAMPLES_AT_ONCE = 4096
# what sets the draw of wrong labels apart from the others of a seed
LABEL_NOISE = 1


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled samples as they come: `inputs` [samples, features], `labels` [samples] index `class_names`.

    Where a number is to be predicted, `targets` [samples] are it, called `target_name`, and all labels are 0.
    `held_out` [samples] marks those that are held out for validation; None where that is still to be decided.
    """

    inputs: NDArray[np.float64] | NDArray[np.uint8]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] | None = None
    held_out: NDArray[np.bool_] | None = None
    channels: int = 1
    targets: NDArray[np.float64] | None = None
    target_name: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data split and ready to train on.

    `train_inputs` [samples, features] and `test_inputs` are what the network is given: features less `mean`, divided by
    `scale`, both taken from the training part and as the experiment asks for; standardised, a feature that never varies
    becomes 0, and numbers of characters stay as they are. `train_labels` [samples] have the experiment's label noise.
    Where a number is to be predicted, `train_targets` and `test_targets` [samples] are standardised with `target_mean`
    and `target_scale`, those of the training part. `held_out` keeps the test part as a person would look at it.
    """

    train_inputs: NDArray[np.float64]
    train_labels: NDArray[np.int64]
    test_inputs: NDArray[np.float64]
    held_out: HeldOut
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    train_targets: NDArray[np.float64] | None = None
    test_targets: NDArray[np.float64] | None = None
    target_mean: float = 0.0
    target_scale: float = 1.0

    @property
    def features(self) -> int:
        """Numbers per sample."""
        return int(self.train_inputs.shape[1])

    @property
    def classes(self) -> int:
        """Number of classes; 0 where a number is to be predicted."""
        return len(self.held_out.class_names)

    @property
    def class_shares(self) -> tuple[float, ...]:
        """How often each label is among the training samples; empty where a number is to be predicted."""
        if not self.classes:
            return ()
        return tuple((np.bincount(self.train_labels) / len(self.train_labels)).tolist())

    @property
    def mean_squares(self) -> NDArray[np.float64]:
        """The mean square of the features of each training sample, as the network is given them, [samples]."""
        parts = range(0, len(self.train_inputs), SAMPLES_AT_ONCE)
        return np.concatenate(
            [np.square(self.train_inputs[first : first + SAMPLES_AT_ONCE]).mean(1) for first in parts]
        )

    def standardise(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bring inputs in the data's own units to the scale the network was trained on."""
        return (inputs - self.mean) / self.scale


def load_data(experiment: Experiment) -> Dataset:
    """Return the data of `experiment`. Raises DataError for a data file that cannot be used."""
    rng = np.random.default_rng(experiment.training.seed)
    data = experiment.data
    if data.source == "text":
        return _of_text(experiment)
    if data.source == "digits":
        samples = _digits()
    elif data.source == "file":
        read = read_data_file(data, regression=experiment.regression)
        samples = Samples(
            read.inputs, read.labels, read.class_names, read.image_shape, read.held_out, read.channels,
            read.targets, read.understood.label,
        )  # fmt: skip
    elif data.source == "sine":
        inputs, targets = sine(data.samples, data.noise, rng)
        samples = Samples(inputs, np.zeros(len(inputs), np.int64), (), targets=targets, target_name="sin x")
    else:
        points, labels = plane.GENERATORS[data.source](data.samples, data.noise, rng)
        samples = Samples(points, labels, tuple("ABCDEFGH"[: labels.max() + 1]))
    return _split(samples, experiment, rng)


def boundary_grid(held_out: HeldOut, cells: int) -> NDArray[np.float64]:
    """Return the cell centres of a grid over the plane, [cells * cells, 2] in the data's units, row 0 at the bottom."""
    assert held_out.extent is not None, "only points in the plane have a boundary to draw"
    left, right, bottom, top = held_out.extent
    across = left + (np.arange(cells) + 0.5) * (right - left) / cells
    up = bottom + (np.arange(cells) + 0.5) * (top - bottom) / cells
    return np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)


def _digits() -> Samples:
    with np.load(resource_path("data/digits.npz"), allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    inputs = images.reshape(len(images), -1).astype(np.float64)
    return Samples(inputs, labels.astype(np.int64), tuple("0123456789"), images.shape[1:])


def _of_text(experiment: Experiment) -> Dataset:
    """Return characters by number, which are no quantities and are left as they are."""
    read, nothing = read_characters(experiment.data), np.zeros(experiment.data.context)
    return Dataset(
        train_inputs=read.train_inputs,
        train_labels=_with_noise(read.train_labels, len(read.names), experiment),
        test_inputs=read.test_inputs,
        held_out=HeldOut(read.test_inputs.astype(np.float32), read.test_labels, read.names, characters=True),
        mean=nothing,
        scale=nothing + 1.0,
    )


def _split(samples: Samples, experiment: Experiment, rng: np.random.Generator) -> Dataset:
    """Scale, and hold out what the samples say, or else a share of each class."""
    held_out = samples.held_out
    if held_out is None:
        share = experiment.data.validation_share
        held_out = _some_of_each_class(samples, share, rng) if samples.targets is None else _some(samples, share, rng)
    order = rng.permutation(len(samples.labels))
    train, test = order[~held_out[order]], order[held_out[order]]
    # of large data each further copy counts
    train_inputs = samples.inputs[train].astype(np.float64, copy=False)
    mean, scale = scaling(train_inputs, experiment.data)
    train_inputs -= mean
    train_inputs /= scale
    planar = samples.inputs.shape[1] == 2 and samples.targets is None
    targets, center, width = samples.targets, 0.0, 1.0
    if targets is not None:
        center, width = _moments_of_targets(targets[train], samples.target_name)
    return Dataset(
        train_inputs=train_inputs,
        train_labels=_with_noise(samples.labels[train], len(samples.class_names), experiment),
        test_inputs=(samples.inputs[test] - mean) / scale,
        held_out=HeldOut(
            samples.inputs[test].astype(np.float32),
            samples.labels[test],
            samples.class_names,
            samples.image_shape,
            _extent(samples.inputs.astype(np.float64)) if planar else None,
            samples.channels,
            targets[test] if targets is not None else None,
            samples.target_name,
        ),
        mean=mean,
        scale=scale,
        train_targets=(targets[train] - center) / width if targets is not None else None,
        test_targets=(targets[test] - center) / width if targets is not None else None,
        target_mean=center,
        target_scale=width,
    )


def _some_of_each_class(samples: Samples, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Mark a share of each class, at least one sample of it and never all, so that both parts know every class."""
    held_out = np.zeros(len(samples.labels), dtype=bool)
    for label, name in enumerate(samples.class_names):
        members = rng.permutation(np.flatnonzero(samples.labels == label))
        if len(members) < 2:
            raise DataError(f"class {name!r} has only {len(members)} sample; every class needs at least 2")
        held_out[members[: min(max(1, round(len(members) * share)), len(members) - 1)]] = True
    return held_out


def _some(samples: Samples, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Mark a share of all samples; R squared needs two on either side."""
    count = len(samples.labels)
    if count < 4:
        raise DataError(f"there are only {count} samples; a number cannot be learnt from fewer than 4")
    held_out = np.zeros(count, dtype=bool)
    held_out[rng.permutation(count)[: min(max(2, round(count * share)), count - 2)]] = True
    return held_out


def _moments_of_targets(targets: NDArray[np.float64], name: str) -> tuple[float, float]:
    width = float(targets.std())
    if not width > 0.0:
        raise DataError(f"{name} is {targets[0]:g} in every training sample; there is nothing to predict")
    return float(targets.mean()), width


def _with_noise(labels: NDArray[np.int64], classes: int, experiment: Experiment) -> NDArray[np.int64]:
    """Give a share of the samples another label, each of the others as likely."""
    count = round(experiment.data.label_noise * len(labels)) if classes else 0
    if not count:
        return labels
    # of its own, so that the same samples are held out whatever the noise
    rng = np.random.default_rng((experiment.training.seed, LABEL_NOISE))
    noisy, wrong = labels.copy(), rng.permutation(len(labels))[:count]
    noisy[wrong] = (labels[wrong] + rng.integers(1, classes, count)) % classes
    return noisy


def _extent(points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    low, high = points.min(0), points.max(0)
    margin = EXTENT_MARGIN * np.where(high > low, high - low, 1.0)
    (left, bottom), (right, top) = low - margin, high + margin
    return float(left), float(right), float(bottom), float(top)
