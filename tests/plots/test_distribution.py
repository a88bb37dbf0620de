"""Shares of inputs in flat places against the normal distribution and against a plain count of samples."""

import math

import numpy as np
import pytest

from gradviz.plots.distribution import Divided, divide, share_in_words
from gradviz.recording.activations import ActivationCurve

X = np.arange(-3000, 3001) / 100


def curve(name: str) -> ActivationCurve:
    if name == "sigmoid":
        phi = 1 / (1 + np.exp(-X))
        return ActivationCurve(name, X, phi, phi * (1 - phi), 0.25, (0.0, 0.0), True, "at x = 0")
    if name == "tanh":
        return ActivationCurve(name, X, np.tanh(X), 1 - np.tanh(X) ** 2, 1.0, (0.0, 0.0), True, "at x = 0")
    return ActivationCurve(name, X, np.maximum(X, 0), (X > 0) * 1.0, 1.0, (0.0, math.inf), True, "at every x > 0")


def normal_below(x: float, mean: float, std: float) -> float:
    return 0.5 * (1 + math.erf((x - mean) / (std * math.sqrt(2))))


def counted(mean: float, std: float, edges: np.ndarray) -> np.ndarray:
    """What a normal distribution puts into every bin."""
    return np.diff([normal_below(float(edge), mean, std) for edge in edges]) * 1e6


def divided(name: str, edges: np.ndarray, counts: np.ndarray) -> Divided:
    result = divide(curve(name), edges, counts)
    assert result is not None
    return result


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.0, 3.0), (2.0, 4.0), (-9.0, 2.0)])
def test_the_stopped_share_is_the_normal_distributions(mean: float, std: float) -> None:
    edges = np.linspace(mean - 6 * std, mean + 6 * std, 241)
    # sigmoid: s (1 - s) = 0.0025; tanh: 1 - t^2 = 0.01; ReLU: at and below 0
    sigmoid_end = math.log((1 + math.sqrt(0.99)) / (1 - math.sqrt(0.99)))
    for name, ends in (("sigmoid", (-sigmoid_end, sigmoid_end)), ("tanh", (-math.atanh(math.sqrt(0.99)),) * 2)):
        low, high = ends if name == "sigmoid" else (ends[0], -ends[0])
        expected = normal_below(low, mean, std) + 1 - normal_below(high, mean, std)
        assert divided(name, edges, counted(mean, std, edges)).share_stopped == pytest.approx(expected, abs=1e-3)
    relu = divided("relu", edges, counted(mean, std, edges)).share_stopped
    assert relu == pytest.approx(normal_below(0.0, mean, std), abs=1e-3)


def test_the_stopped_share_is_that_of_the_samples_themselves() -> None:
    z = np.random.default_rng(5).gamma(2.0, 2.5, 200_000) - 4
    counts, edges = np.histogram(z, 300)
    s = 1 / (1 + np.exp(-z))
    plain = np.mean(s * (1 - s) < 0.01 * 0.25)
    assert divided("sigmoid", edges, counts).share_stopped == pytest.approx(plain, abs=2e-3)


def test_open_bins_at_both_ends_are_counted_and_not_drawn() -> None:
    edges, counts = np.array([-np.inf, -1.0, 1.0, np.inf]), np.array([300, 500, 200])
    parts = divided("relu", edges, counts)
    assert (parts.edges[0], parts.edges[-1]) == (-1.0, 1.0)
    # the bin in the middle is cut in two at zero
    assert parts.share_stopped == pytest.approx(0.3 + 0.25, abs=1e-3)
    assert parts.beyond(-1, 1) == pytest.approx(0.5)
    assert divided("sigmoid", edges, counts).share_stopped == pytest.approx(0.5)


def test_inputs_beyond_the_curve_meet_the_slope_at_its_end() -> None:
    edges, counts = np.array([-80.0, -40.0, 40.0, 80.0]), np.array([1, 0, 1])
    assert divided("tanh", edges, counts).share_stopped == pytest.approx(1.0)
    assert divided("relu", edges, counts).share_stopped == pytest.approx(0.5)


def test_every_input_is_in_the_picture_once() -> None:
    edges = np.array([-7.0, -3.0, -2.5, 0.5, 1.0, 8.0])
    counts = np.array([4, 1, 5, 10, 20])
    parts = divided("sigmoid", edges, counts)
    assert (parts.density * np.diff(parts.edges)).sum() == pytest.approx(1.0)
    # uneven bins: heights are shares per unit of x
    assert parts.density[0] == pytest.approx(4 / 40 / 4)
    assert parts.density[-1] == pytest.approx(20 / 40 / 7)
    assert parts.stopped.tolist() == [True, False, False, False, False, False, True]


def test_what_lies_beyond_a_range_and_below_a_share() -> None:
    parts = divided("tanh", np.array([-10.0, 0.0, 10.0]), np.array([1, 3]))
    assert parts.beyond(-5, 5) == pytest.approx(0.5)
    assert parts.beyond(-20, 20) == 0
    assert parts.beyond(0, 10) == pytest.approx(0.25)
    assert [parts.quantile(share) for share in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([-10, 0, 10 / 3, 10])


def test_without_inputs_there_is_nothing_to_divide() -> None:
    assert divide(curve("tanh"), np.array([-1.0, 1.0]), np.array([0])) is None
    assert divide(curve("tanh"), np.array([-np.inf, np.inf]), np.array([7])) is None


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0%"), (1.0, "100%"), (0.834, "83%"), (1e-9, "less than 0.1%"), (0.018, "1.8%"), (0.9995, "more than 99.9%"),
     (0.957, "95.7%"), (0.5, "50%")],
)  # fmt: skip
def test_a_share_never_rounds_to_all_or_nothing(share: float, words: str) -> None:
    assert share_in_words(share) == words
