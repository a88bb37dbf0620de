"""Generated points against the shapes they are named after, and against scikit-learn where it has the same."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from sklearn.datasets import make_circles, make_moons

from gradviz.experiment import Experiment, choices
from gradviz.training.data import load_data
from gradviz.training.plane import GENERATORS, circles, gaussian, moons, spirals, xor


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def cloud(points: np.ndarray) -> np.ndarray:
    """Points in an order of their own, for comparing sets."""
    return points[np.lexsort(np.round(points, 9).T)]


def test_every_generated_data_set_can_be_chosen() -> None:
    assert {*GENERATORS, "digits", "file", "sine", "text"} == set(choices("data"))


@pytest.mark.parametrize("samples", [200, 201])
def test_circles_are_scikit_learns_with_radii_one_and_a_half(samples: int) -> None:
    points, labels = circles(samples, 0.0, rng())
    radii = np.hypot(*points.T)
    np.testing.assert_allclose(radii[labels == 0], 1.0, rtol=1e-14)
    np.testing.assert_allclose(radii[labels == 1], 0.5, rtol=1e-14)
    expected, expected_labels = make_circles(samples, shuffle=False, noise=None, factor=0.5)
    for label in (0, 1):
        np.testing.assert_allclose(
            cloud(points[labels == label]), cloud(expected[expected_labels == label]), rtol=0, atol=1e-12
        )


@pytest.mark.parametrize("samples", [200, 201])
def test_moons_are_scikit_learns(samples: int) -> None:
    points, labels = moons(samples, 0.0, rng())
    expected, expected_labels = make_moons(samples, shuffle=False, noise=None)
    for label in (0, 1):
        np.testing.assert_allclose(
            cloud(points[labels == label]), cloud(expected[expected_labels == label]), rtol=0, atol=1e-12
        )
    np.testing.assert_allclose(np.hypot(*points[labels == 0].T), 1.0, rtol=1e-14)
    np.testing.assert_allclose(np.hypot(*(points[labels == 1] - [1, 0.5]).T), 1.0, rtol=1e-14)


def test_spirals_wind_one_and_a_half_times_and_stay_a_third_apart() -> None:
    points, labels = spirals(4000, 0.0, rng())
    first, second = points[labels == 0], points[labels == 1]
    # the second arm is the first one turned by half a turn
    np.testing.assert_allclose(cloud(second), cloud(-first), rtol=0, atol=1e-12)
    radii = np.hypot(*first.T)
    assert radii.max() == pytest.approx(1.0)
    angle = np.unwrap(np.arctan2(first[:, 1], first[:, 0]))
    # an Archimedean spiral: the angle grows in proportion to the radius
    np.testing.assert_allclose(np.diff(angle) / np.diff(radii), 3 * np.pi, rtol=1e-6)
    outside = first[radii > 0.4]
    apart, _ = cKDTree(second).query(outside)
    # in the radial direction an arm comes again after half a turn: 1/3; straight across it is a little less
    assert 0.28 < apart.min() <= apart.max() <= 1 / 3 + 1e-6


def test_spirals_can_be_told_apart_by_their_formula_and_by_no_straight_line() -> None:
    points, labels = spirals(1000, 0.0, rng())
    radii, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
    turned = np.cos(angle - 3 * np.pi * radii)
    np.testing.assert_array_equal(turned < 0, labels == 1)
    design = np.column_stack([points, np.ones(len(points))])
    best_line, *_ = np.linalg.lstsq(design, 2.0 * labels - 1, rcond=None)
    assert np.mean((design @ best_line > 0) == labels) < 0.7


def test_xor_labels_say_whether_signs_differ() -> None:
    points, labels = xor(2000, 0.0, rng())
    np.testing.assert_array_equal(labels, np.sign(points[:, 0]) != np.sign(points[:, 1]))
    assert np.abs(points).min() >= 0.1
    assert np.abs(points).max() <= 1
    quadrants = np.bincount(2 * (points[:, 0] > 0) + (points[:, 1] > 0), minlength=4)
    # a fair die with four sides: five standard deviations of 500 are 97
    assert np.abs(quadrants - 500).max() < 97
    few, few_labels = xor(20, 1.0, rng())
    assert len(few) == 20
    assert {0, 1} == set(few_labels)


def test_two_clouds_have_their_centres_and_their_spread() -> None:
    points, labels = gaussian(20_000, 0.3, rng())
    for label, centre in ((0, -1), (1, 1)):
        part = points[labels == label]
        np.testing.assert_allclose(part.mean(0), centre, atol=5 * 0.5 / 100)
        # independent spreads add in squares: 0.4 of its own and 0.3 of noise make 0.5
        np.testing.assert_allclose(part.std(0), 0.5, rtol=5 / np.sqrt(2 * 10_000))
        assert abs(np.corrcoef(part.T)[0, 1]) < 0.05


@pytest.mark.parametrize(("name", "share"), [("moons", 1.0), ("circles", 1.0), ("spirals", 0.25), ("xor", 1.0)])
def test_noise_has_the_standard_deviation_asked_for(name: str, share: float) -> None:
    quiet, labels = GENERATORS[name](20_000, 0.0, rng())
    noisy, same_labels = GENERATORS[name](20_000, 0.2, rng())
    np.testing.assert_array_equal(labels, same_labels)
    added = noisy - quiet
    np.testing.assert_allclose(added.std(0), 0.2 * share, rtol=5 / np.sqrt(2 * 20_000))
    np.testing.assert_allclose(added.mean(0), 0, atol=5 * 0.2 * share / np.sqrt(20_000))


@pytest.mark.parametrize("samples", [20, 21, 999])
@pytest.mark.parametrize("name", GENERATORS)
def test_there_are_as_many_points_as_asked_for_in_two_classes(name: str, samples: int) -> None:
    points, labels = GENERATORS[name](samples, 0.1, rng())
    assert points.shape == (samples, 2)
    assert labels.dtype == np.int64
    counts = np.bincount(labels, minlength=2)
    assert counts.sum() == samples
    assert abs(counts[0] - counts[1]) <= (1 if name != "xor" else 5 * np.sqrt(samples))


@pytest.mark.parametrize("name", GENERATORS)
def test_a_seed_fixes_the_points(name: str) -> None:
    def data(seed: int) -> np.ndarray:
        return load_data(Experiment.parse({"data": name, "samples": 100, "seed": seed})).train_inputs

    np.testing.assert_array_equal(data(1), data(1))
    assert not np.array_equal(data(1), data(2))
