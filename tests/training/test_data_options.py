"""Scaling against scikit-learn's, wrong labels and validation shares by counting."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from gradviz.experiment import Experiment
from gradviz.training.data import Dataset, load_data

SEEDS = (0, 1)


def moons(**values: object) -> Dataset:
    return load_data(Experiment.parse({"data": "moons", "samples": 200, **values}))


@pytest.mark.parametrize("factor", [1.0, 0.01, 250.0])
@pytest.mark.parametrize("scaling", ["standardised", "minmax", "raw"])
def test_inputs_are_scaled_by_the_training_part_alone(scaling: str, factor: float) -> None:
    raw = moons(input_scaling="raw")
    data = moons(input_scaling=scaling, input_factor=factor)
    if scaling == "raw":
        expected = raw.train_inputs, raw.test_inputs
    else:
        scaler = (StandardScaler() if scaling == "standardised" else MinMaxScaler()).fit(raw.train_inputs)
        expected = scaler.transform(raw.train_inputs), scaler.transform(raw.test_inputs)
    np.testing.assert_allclose(data.train_inputs, factor * expected[0], rtol=1e-12, atol=1e-12 * factor)
    np.testing.assert_allclose(data.test_inputs, factor * expected[1], rtol=1e-12, atol=1e-12 * factor)
    # a person still looks at them as they are, and so does the grid behind the boundary
    np.testing.assert_allclose(data.held_out.inputs, raw.held_out.inputs)
    np.testing.assert_allclose(data.standardise(raw.test_inputs), data.test_inputs)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_that_share_of_the_training_labels_is_wrong_and_no_validation_label(share: float, seed: int) -> None:
    clean = load_data(Experiment(seed=seed))
    noisy = load_data(Experiment(seed=seed, label_noise=share))
    np.testing.assert_array_equal(noisy.train_inputs, clean.train_inputs)
    np.testing.assert_array_equal(noisy.held_out.labels, clean.held_out.labels)
    wrong = noisy.train_labels != clean.train_labels
    assert wrong.sum() == round(share * len(wrong))
    assert noisy.train_labels.min() == 0
    assert noisy.train_labels.max() == 9
    if share == 1.0:
        # each of the nine others about as often: of 1437 labels 160 each, within five standard deviations
        distances = np.bincount((noisy.train_labels - clean.train_labels) % 10, minlength=10)
        assert distances[0] == 0
        assert np.abs(distances[1:] - len(wrong) / 9).max() < 5 * np.sqrt(len(wrong) / 9)
    assert sum(noisy.class_shares) == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_that_share_of_each_class_is_kept_for_validation(share: float) -> None:
    data = moons(validation_share=share)
    assert np.bincount(data.held_out.labels).tolist() == [max(1, round(100 * share))] * 2
    assert len(data.train_labels) + len(data.held_out.labels) == 200
    assert np.bincount(data.train_labels).min() >= 1
