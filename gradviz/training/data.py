"""The data a network learns from: standardised inputs, labels, and validation samples, which are not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.experiment import Experiment
from gradviz.recording.frame import HeldOut
from gradviz.resources import resource_path
from gradviz.training import plane
from gradviz.training.data_files import read_data_file

HELD_OUT_SHARE = 0.2
EXTENT_MARGIN = 0.15


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled samples as they come: `inputs` [samples, features], `labels` [samples] index `class_names`.

    `held_out` [samples] marks those that are held out for validation; None where that is still to be decided.
    """

    inputs: NDArray[np.float64]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] | None = None
    held_out: NDArray[np.bool_] | None = None
    channels: int = 1


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data split and ready to train on.

    `train_inputs` [samples, features] and `test_inputs` are standardised with the mean and the standard deviation of
    the training part, feature by feature; a feature that never varies becomes 0. `held_out` keeps the test part as a
    person would look at it.
    """

    train_inputs: NDArray[np.float64]
    train_labels: NDArray[np.int64]
    test_inputs: NDArray[np.float64]
    held_out: HeldOut
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @property
    def features(self) -> int:
        """Numbers per sample."""
        return int(self.train_inputs.shape[1])

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.held_out.class_names)

    def standardise(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bring inputs in the data's own units to the scale the network was trained on."""
        return (inputs - self.mean) / self.scale


def load_data(experiment: Experiment) -> Dataset:
    """Return the data of `experiment`. Raises DataError for a data file that cannot be used."""
    rng = np.random.default_rng(experiment.training.seed)
    if experiment.data.source == "digits":
        samples = _digits()
    elif experiment.data.source == "file":
        read = read_data_file(experiment.data)
        samples = Samples(read.inputs, read.labels, read.class_names, read.image_shape, read.held_out, read.channels)
    else:
        points, labels = plane.GENERATORS[experiment.data.source](experiment.data.samples, experiment.data.noise, rng)
        samples = Samples(points, labels, tuple("ABCDEFGH"[: labels.max() + 1]))
    return _split(samples, rng)


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


def _split(samples: Samples, rng: np.random.Generator) -> Dataset:
    """Standardise, and hold out what the samples say, or else a fifth of each class."""
    held_out = samples.held_out if samples.held_out is not None else _fifth_of_each_class(samples, rng)
    order = rng.permutation(len(samples.labels))
    train, test = order[~held_out[order]], order[held_out[order]]
    mean, scale = _moments(samples.inputs[train])
    planar = samples.inputs.shape[1] == 2
    return Dataset(
        train_inputs=(samples.inputs[train] - mean) / scale,
        train_labels=samples.labels[train],
        test_inputs=(samples.inputs[test] - mean) / scale,
        held_out=HeldOut(
            samples.inputs[test].astype(np.float32),
            samples.labels[test],
            samples.class_names,
            samples.image_shape,
            _extent(samples.inputs) if planar else None,
            samples.channels,
        ),
        mean=mean,
        scale=scale,
    )


def _fifth_of_each_class(samples: Samples, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Mark a fifth of each class, at least one sample of it, so that both parts know every class."""
    held_out = np.zeros(len(samples.labels), dtype=bool)
    for label, name in enumerate(samples.class_names):
        members = rng.permutation(np.flatnonzero(samples.labels == label))
        if len(members) < 2:
            raise DataError(f"class {name!r} has only {len(members)} sample; every class needs at least 2")
        held_out[members[: max(1, round(len(members) * HELD_OUT_SHARE))]] = True
    return held_out


def _moments(inputs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what to subtract from each feature and what to divide it by: mean and standard deviation where it varies.

    A constant feature has a mean that may be off by its last bit and a deviation of that size: divided by it, nothing
    would become 1.
    """
    spread = inputs.std(0)
    varies = (inputs != inputs[0]).any(0) & (spread > 0)
    return np.where(varies, inputs.mean(0), inputs[0]), np.where(varies, spread, 1.0)


def _extent(points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    low, high = points.min(0), points.max(0)
    margin = EXTENT_MARGIN * np.where(high > low, high - low, 1.0)
    (left, bottom), (right, top) = low - margin, high + margin
    return float(left), float(right), float(bottom), float(top)
