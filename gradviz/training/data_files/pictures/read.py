"""Which files belong together, and what they hold: pictures to train on, and those that are held back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.experiment.data_names import (
    ARCHIVE_ENDINGS,
    is_cifar_name,
    is_classes_name,
    is_idx_name,
    is_picture_name,
)
from gradviz.training.data_files.npz import Arrays
from gradviz.training.data_files.pictures import cifar, idx
from gradviz.training.data_files.pictures.bundle import Bundle, bundle_of

WHERE = (
    "MNIST is four files, train-images-idx3-ubyte.gz and the like, to be had from "
    "https://storage.googleapis.com/cvdf-datasets/mnist/; CIFAR-10 is cifar-10-python.tar.gz or "
    "cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html"
)

Part = tuple[NDArray[Any], NDArray[Any]]


def holds_pictures(path: Path) -> bool:
    """Whether the name says that there are pictures: a folder, an archive, or a file of MNIST or CIFAR."""
    name = path.name
    return name.lower().endswith(ARCHIVE_ENDINGS) or is_picture_name(name) or path.is_dir()


def read_pictures(path: Path) -> Arrays:
    """Read the pictures in a folder, an archive, or a file and those beside it that belong to it.

    Raises DataError, OSError.
    """
    files = _beside(path) if is_picture_name(path.name) and path.is_file() else bundle_of(path, is_picture_name)
    names = sorted(files)
    pictures = [name for name in names if idx.labels_name(name)]
    batches = [name for name in names if is_cifar_name(name)]
    if pictures:
        return _mnist(path, files, pictures)
    if batches:
        return _cifar(path, files, batches)
    raise DataError(f"{path}: holds no pictures in the form of MNIST or CIFAR. {WHERE}")


def _beside(path: Path) -> Bundle:
    """Return the file itself, and of its folder the labels, the test samples and the names of the classes."""
    name, chosen = path.name, {path.name}
    around = bundle_of(path.parent, lambda each: is_picture_name(each) and (path.parent / each).is_file())
    if is_classes_name(name):
        return around
    if is_idx_name(name):
        pictures = [each for each in around if name in (each, idx.labels_name(each))]
        chosen |= {part for each in pictures for part in (each, idx.labels_name(each))}
        tests = [each for each in around if idx.labels_name(each) and idx.is_test(each) and not idx.is_test(name)]
        chosen |= {part for each in tests for part in (each, idx.labels_name(each))}
    else:
        ending = ".bin" if name.endswith(".bin") else ""
        tests = ["test_batch" + ending] if name.startswith("data_batch") else ["test" + ending]
        chosen |= {*tests, *filter(is_classes_name, around)}
    return {each: read for each, read in around.items() if each in chosen}


def _mnist(path: Path, files: Bundle, pictures: Sequence[str]) -> Arrays:
    parts: dict[str, Part] = {}
    for name in pictures:
        other = idx.labels_name(name)
        if other not in files:
            raise DataError(f"{path}: there are the pictures {name}, but not their labels, {other}, beside them")
        parts[name] = _checked(path, name, _idx(path, files, name), _idx(path, files, other))
    return _joined(path, "IDX", parts, idx.is_test)


def _idx(path: Path, files: Bundle, name: str) -> NDArray[Any]:
    try:
        return idx.read_idx(files[name]())
    except idx.IdxError as error:
        raise DataError(f"{path}: {name}: {error}; fetch it again") from None


def _checked(path: Path, name: str, pictures: NDArray[Any], labels: NDArray[Any]) -> Part:
    if pictures.ndim < 2 or labels.ndim != 1 or len(pictures) != len(labels):
        raise DataError(
            f"{path}: {name} holds an array of {' x '.join(map(str, pictures.shape))} and its labels one of "
            f"{' x '.join(map(str, labels.shape))}; there must be one label for each picture"
        )
    return pictures, labels


def _cifar(path: Path, files: Bundle, batches: Sequence[str]) -> Arrays:
    # a folder may hold both forms of the same samples
    binary = [name for name in batches if name.endswith(".bin")]
    parts: dict[str, Part] = {}
    for name in binary or batches:
        try:
            batch = cifar.read_batch(name, files[name]())
        except cifar.CifarError as error:
            raise DataError(f"{path}: {name}: {error}; fetch it again") from None
        parts[name] = batch.pictures, batch.labels
    classes: tuple[str, ...] = ()
    for name in filter(is_classes_name, files):
        try:
            classes = classes or cifar.read_classes(name, files[name]())
        except cifar.CifarError as error:
            raise DataError(f"{path}: {name}: {error}; fetch it again") from None
    form = "CIFAR, binary" if binary else "CIFAR, Python archive"
    return _joined(path, form, parts, lambda name: name.startswith("test"), classes)


def _joined(path: Path, form: str, parts: Mapping[str, Part], is_test: Any, classes: tuple[str, ...] = ()) -> Arrays:
    """Put the parts together, those for testing last; where there are no others, nothing is held back."""
    shapes = {pictures.shape[1:] for pictures, _ in parts.values()}
    if len(shapes) > 1:
        raise DataError(f"{path}: its files hold pictures of different sizes: {', '.join(map(str, sorted(shapes)))}")
    train = [name for name in parts if not is_test(name)]
    tests = [name for name in parts if is_test(name)] if train else []
    order = [*(train or parts), *tests]
    pictures = np.concatenate([parts[name][0] for name in order])
    labels = np.concatenate([parts[name][1] for name in order])
    if not labels.size:
        raise DataError(f"{path}: there is no sample in the file")
    words = f"pictures ({form}) in {', '.join(order)}"
    held_back = sum(len(parts[name][1]) for name in tests)
    return Arrays(words, pictures, list(map(str, labels.tolist())), ("pixels", "labels"), held_back, classes)
