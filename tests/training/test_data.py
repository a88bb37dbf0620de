"""The data: the digits against scikit-learn, the split, the standardisation, the plane's grid."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from gradviz.experiment import Experiment
from gradviz.recording.frame import HeldOut
from gradviz.training.data import Dataset, boundary_grid, load_data


def load(**values: object) -> Dataset:
    return load_data(Experiment.parse({"data": "digits"} | values))


def train_in_own_units(data: Dataset) -> np.ndarray:
    return data.train_inputs * data.scale + data.mean


def rows(inputs: np.ndarray, labels: np.ndarray) -> list[tuple[float, ...]]:
    """Samples with their labels, sorted, so that an order does not matter."""
    return sorted((*map(float, sample), int(label)) for sample, label in zip(inputs, labels, strict=True))


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    """300 samples of 4 features in three classes of 100, 150 and 50, every sample different from all others."""
    rng = np.random.default_rng(1)
    x = rng.permutation(1200).reshape(300, 4).astype(float)
    y = rng.permutation(np.repeat([0, 1, 2], [100, 150, 50]))
    np.savez(tmp_path / "own.npz", x=x, y=y)
    return tmp_path / "own.npz"


def test_the_digits_are_scikit_learns_number_by_number() -> None:
    expected = load_digits()
    data = load()
    both = np.concatenate([np.round(train_in_own_units(data)), data.held_out.inputs])
    labels = np.concatenate([data.train_labels, data.held_out.labels])
    assert rows(both, labels) == rows(expected.data, expected.target)
    assert data.held_out.class_names == tuple(map(str, expected.target_names))
    assert data.held_out.image_shape == expected.images.shape[1:] == (8, 8)
    assert (data.features, data.classes) == (64, 10)


def test_a_fifth_of_every_digit_is_held_out() -> None:
    target, data = load_digits().target, load()
    everyone = np.bincount(target)
    held_out, trained = np.bincount(data.held_out.labels), np.bincount(data.train_labels)
    np.testing.assert_array_equal(held_out + trained, everyone)
    assert np.abs(held_out - everyone / 5).max() <= 0.5
    assert len(data.held_out.labels) / len(target) == pytest.approx(0.2, abs=0.002)


@pytest.mark.parametrize("seed", [0, 1, 77])
def test_no_sample_is_in_both_parts(own_file: Path, seed: int) -> None:
    data = load(data="file", data_file=str(own_file), seed=seed)
    with np.load(own_file) as archive:
        expected = rows(archive["x"], archive["y"])
    trained = rows(np.round(train_in_own_units(data)), data.train_labels)
    held_out = rows(data.held_out.inputs, data.held_out.labels)
    assert not set(trained) & set(held_out)
    assert sorted(trained + held_out) == expected
    np.testing.assert_array_equal(np.bincount(data.held_out.labels), [20, 30, 10])


def test_the_held_out_inputs_are_what_is_shown_in_the_networks_scale() -> None:
    data = load()
    np.testing.assert_allclose(data.test_inputs, data.standardise(data.held_out.inputs), rtol=0, atol=1e-12)


def test_standardisation_is_scikit_learns_and_knows_only_the_training_part(own_file: Path) -> None:
    for values in ({}, {"data": "file", "data_file": str(own_file)}, {"data": "moons", "noise": 0.3}):
        data = load(**values)
        scaler = StandardScaler().fit(train_in_own_units(data))
        np.testing.assert_allclose(data.train_inputs, scaler.transform(train_in_own_units(data)), rtol=0, atol=1e-9)
        np.testing.assert_allclose(data.test_inputs, scaler.transform(data.held_out.inputs), rtol=0, atol=1e-5)
        varying = scaler.scale_ != 1
        np.testing.assert_allclose(data.train_inputs.mean(0), 0, atol=1e-12)
        np.testing.assert_allclose(data.train_inputs.std(0)[varying], 1, rtol=1e-12)
        # the held-out part is not brought to mean 0 by itself
        assert np.abs(data.test_inputs.mean(0)).max() > 1e-3


def test_a_feature_that_never_varies_is_zero(tmp_path: Path) -> None:
    """0.1 is no binary fraction: the mean of many of them is not 0.1, and their spread is not 0."""
    x = np.random.default_rng(0).normal(size=(1437, 3))
    x[:, 1] = 0.1
    assert x[:, 1].std() > 0
    np.savez(tmp_path / "own.npz", x=x, y=np.arange(1437) % 2)
    data = load(data="file", data_file=str(tmp_path / "own.npz"))
    assert not data.train_inputs[:, 1].any()
    assert not data.test_inputs[:, 1].any()
    np.testing.assert_array_equal(data.standardise(np.array([[0.0, 1.1, 0.0]]))[0, 1], 1.1 - 0.1)


def test_the_digits_dark_corners_are_zero() -> None:
    data = load()
    never = load_digits().data.std(0) == 0
    assert never.sum() == 3
    assert not data.train_inputs[:, never].any()


def test_a_seed_fixes_the_split_and_another_changes_it() -> None:
    first, again, other = load(seed=4), load(seed=4), load(seed=5)
    np.testing.assert_array_equal(first.train_inputs, again.train_inputs)
    np.testing.assert_array_equal(first.held_out.inputs, again.held_out.inputs)
    assert not np.array_equal(first.held_out.inputs, other.held_out.inputs)


def test_samples_come_in_no_order_of_classes() -> None:
    """Sorted labels change 9 times; shuffled ones about nine times in ten."""
    for labels in (load().train_labels, load().held_out.labels):
        assert np.mean(labels[1:] != labels[:-1]) == pytest.approx(0.9, abs=0.06)


def test_a_class_of_two_has_one_sample_on_either_side(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", x=np.arange(12.0).reshape(6, 2), y=[0, 0, 1, 1, 1, 1])
    data = load(data="file", data_file=str(tmp_path / "own.npz"))
    np.testing.assert_array_equal(np.bincount(data.held_out.labels), [1, 1])
    np.testing.assert_array_equal(np.bincount(data.train_labels), [1, 3])


def test_only_points_in_the_plane_have_an_extent_and_only_pictures_a_shape(own_file: Path) -> None:
    assert load().held_out.extent is None
    plane = load(data="circles", noise=0.0, samples=400).held_out
    assert plane.image_shape is None
    assert plane.extent == pytest.approx((-1.3, 1.3, -1.3, 1.3), abs=1e-12)
    assert load(data="file", data_file=str(own_file)).held_out.extent is None


@pytest.mark.parametrize("name", ["moons", "circles", "spirals", "xor", "gaussian"])
def test_every_point_lies_within_the_extent(name: str) -> None:
    data = load(data=name, noise=0.3, samples=500)
    left, right, bottom, top = data.held_out.extent
    for x, y in (train_in_own_units(data).T, data.held_out.inputs.T):
        assert left < x.min() < x.max() < right
        assert bottom < y.min() < y.max() < top


def test_grid_points_are_cell_centres_from_the_bottom_left() -> None:
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("A", "B"), extent=(-1.0, 3.0, 10.0, 12.0))
    expected = [(-0.5 + column, 10.25 + row / 2) for row in range(4) for column in range(4)]
    np.testing.assert_allclose(boundary_grid(held_out, 4), expected, rtol=0, atol=1e-15)
