"""NPZ files under the names that people give their arrays."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from reading import read, refusal

from gradviz.experiment import Experiment
from gradviz.training.data import load_data
from gradviz.training.data_files import npz as npz_module
from gradviz.training.data_files import read as read_module

X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    return tmp_path / "own.npz"


@pytest.mark.parametrize(
    ("inputs", "labels"),
    [
        ("x", "y"), ("X", "y"), ("X", "Y"), ("data", "target"), ("images", "labels"), ("inputs", "targets"),
        ("features", "label"), ("x_train", "y_train"), ("train_images", "train_labels"), ("X_train", "Y_train"),
    ],
)  # fmt: skip
def test_the_usual_names_are_known(npz: Path, inputs: str, labels: str) -> None:
    np.savez(npz, **{inputs: X, labels: Y, "other": np.zeros(3)})
    data = read(npz)
    np.testing.assert_array_equal(data.inputs, X)
    np.testing.assert_array_equal(data.labels, Y)
    assert data.understood.label == labels


@pytest.mark.parametrize(
    "names",
    [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels"),
     ("X_train", "y_train", "X_val", "y_val")],
)  # fmt: skip
def test_a_part_of_its_own_is_held_out(npz: Path, names: tuple[str, str, str, str]) -> None:
    arrays = (X, Y, X[:2] + 100, Y[:2])
    np.savez(npz, **dict(zip(names, arrays, strict=True)))
    data = load_data(Experiment(data="file", data_file=str(npz)))
    np.testing.assert_array_equal(np.sort(data.held_out.inputs, axis=0), X[:2].astype(np.float32) + 100)
    assert len(data.train_labels) == 6


def test_pictures_keep_their_shape(npz: Path) -> None:
    images = np.arange(4 * 3 * 2, dtype=np.uint8).reshape(4, 3, 2)
    np.savez_compressed(npz, x=images, y=np.array(["no", "yes", "no", "yes"]))
    data = read(npz)
    np.testing.assert_array_equal(data.inputs, images.reshape(4, 6))
    assert data.image_shape == (3, 2)
    assert data.class_names == ("no", "yes")


@pytest.mark.parametrize("channels_last", [True, False])
def test_colour_pictures_have_their_channels_one_after_the_other(npz: Path, channels_last: bool) -> None:
    images = np.arange(40 * 3 * 5 * 4, dtype=np.uint16).reshape(40, 3, 5, 4)
    np.savez(npz, x=np.moveaxis(images, 1, 3) if channels_last else images, y=np.arange(40) % 2)
    data = read(npz)
    assert (data.image_shape, data.channels) == ((5, 4), 3)
    np.testing.assert_array_equal(data.inputs, images.reshape(40, 60))
    held_out = load_data(Experiment(data="file", data_file=str(npz))).held_out
    assert held_out.sample_shape == (3, 5, 4)
    assert held_out.inputs.shape == (8, 60)


def test_a_sample_of_other_axes_is_no_picture(npz: Path) -> None:
    np.savez(npz, x=np.arange(4 * 5 * 5 * 7.0).reshape(4, 5, 5, 7), y=np.arange(4) % 2)
    assert read(npz).image_shape is None


def test_classes_may_be_named_and_labels_be_one_hot_or_a_column(npz: Path) -> None:
    np.savez(npz, x=X, y=np.eye(2)[Y], target_names=np.array(["cat", "dog"]))
    assert read(npz).class_names == ("cat", "dog")
    np.savez(npz, x=X, y=Y[:, np.newaxis])
    np.testing.assert_array_equal(read(npz).labels, Y)


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (Y, ("0", "1")),
        (Y.astype(float), ("0", "1")),
        (Y + 0.5, ("0.5", "1.5")),
        (Y == 1, ("False", "True")),
        (Y.astype(np.uint8) + 254, ("254", "255")),
        (Y.astype("S1"), ("0", "1")),
    ],
)
def test_labels_of_every_type_name_their_classes(npz: Path, y: np.ndarray, names: tuple[str, ...]) -> None:
    np.savez(npz, x=X, y=y)
    data = read(npz)
    assert data.class_names == names
    np.testing.assert_array_equal(data.labels, Y)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"y": Y}, "its arrays are y (6,)"),
        ({"a": X, "b": Y}, "its arrays are a (6, 2), b (6,)"),
        ({"x": X.ravel(), "y": Y}, "x has shape (12,) and y (6,)"),
        ({"x": X, "y": Y[:5]}, "x has shape (6, 2) and y (5,)"),
        ({"x": X, "y": np.eye(6) * 2}, "y (6, 6)"),
        ({"x": np.float64(3), "y": np.int64(3)}, "x has shape () and y ()"),
        ({"x": X.astype(complex), "y": Y}, "x holds complex128, not numbers"),
        ({"x": X.astype(str), "y": Y}, "x holds <U32, not numbers"),
        ({"x": X[:0], "y": Y[:0]}, "there is no sample"),
        ({"x": X[:, :0], "y": Y}, "there is no sample"),
        ({"x": np.where(X == 5, np.nan, X), "y": Y}, "x[1] of sample 3 is nan"),
        ({"x": X, "y": np.where(Y == 1, np.nan, 0.0)}, "sample 2 has no label"),
        ({"x": X, "y": np.array(["a", "b", "", "b", "a", "b"])}, "sample 3 has no label"),
        ({"x": X, "y": Y * 0}, "every label is '0'"),
        ({"x": X, "y": np.arange(6)}, "6 different labels among 6 samples"),
        ({"x_train": X, "y_train": Y, "x_test": X[:, :1], "y_test": Y}, "x_test has shape (6, 1)"),
    ],
)
def test_an_npz_that_cannot_be_used_is_refused_with_the_place(
    npz: Path, arrays: dict[str, np.ndarray], said: str
) -> None:
    np.savez(npz, **arrays)
    assert said in refusal(npz)


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.place,)


@pytest.mark.parametrize("name", ["x", "y"])
def test_python_objects_are_refused_and_never_brought_to_life(npz: Path, tmp_path: Path, name: str) -> None:
    place = tmp_path / "was-run"
    objects = np.array([Bomb(place)] * 6, dtype=object)
    np.savez(npz, **({"x": X, "y": Y} | {name: objects.reshape(6, 1) if name == "x" else objects}))
    assert "holds Python objects" in refusal(npz)
    assert not place.exists()
    with np.load(npz, allow_pickle=True) as archive:  # the trap works
        _ = archive[name]
    assert place.exists()


def test_files_that_only_claim_to_be_npz_are_refused(npz: Path) -> None:
    for content in (b"", b"1,2,a\n", np.random.default_rng(0).bytes(400)):
        npz.write_bytes(content)
        assert "not a readable NPZ file" in refusal(npz)
    with npz.open("wb") as file:
        np.save(file, X)
    assert "not a readable NPZ file" in refusal(npz)
    with zipfile.ZipFile(npz, "w") as archive:
        archive.writestr("x", b"not an array")
        archive.writestr("y", b"not an array")
    assert "x is not an array" in refusal(npz)


def test_an_npz_with_damaged_bytes_is_refused(npz: Path) -> None:
    np.savez_compressed(npz, x=np.random.default_rng(0).random((100, 2)), y=np.arange(100) % 2)
    whole = npz.read_bytes()
    npz.write_bytes(whole[:80] + b"\xff" * 40 + whole[120:])
    assert "not a readable NPZ file" in refusal(npz)
    npz.write_bytes(whole[: len(whole) // 2])
    assert "not a readable NPZ file" in refusal(npz)


def test_what_is_too_large_is_refused_before_it_is_read(npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(npz, x=np.zeros((50_000, 4)), y=np.arange(50_000) % 2)
    assert npz.stat().st_size < 100_000
    monkeypatch.setattr(npz_module, "LARGEST_FILE_BYTES", 1_000_000)
    assert "unpacks to more than 1 MB" in refusal(npz)
    monkeypatch.setattr(read_module, "LARGEST_FILE_BYTES", 1_000)
    assert "larger than" in refusal(npz)
