"""Sums and norms per layer against numpy in longer arithmetic than theirs, at every magnitude of floating point."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from gradviz.probes.norms import moments, norm, norms, quick_moments, row_norms, row_sums_and_norms, scaled_norms

# 0.000001 decades, a thousandth of what a pixel of the heatmap shows
CLOSE = 3e-6
SMALLEST_NORMAL, SMALLEST = 2.0**-126, 2.0**-149


def true_norms(x: Tensor) -> np.ndarray:
    """In float64 after dividing by the largest, so that nothing underflows or overflows on the way."""
    rows = x.numpy().astype(np.float64).reshape(len(x), -1)
    largest = np.abs(rows).max(1, keepdims=True)
    unit = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    return np.sqrt(np.square(unit).sum(1)) * largest[:, 0]


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# 20 x 20 and 128 x 32 are taken in one go, 200 x 200 is too much for that; 1 is a bias of one unit
@pytest.mark.slow
@pytest.mark.parametrize("shape", [(5, 20, 20), (300, 4, 4), (3, 128, 32), (7, 200, 200), (2, 1), (1, 3)], ids=str)
def test_norms_are_right_at_every_magnitude_of_float32(shape: tuple[int, ...]) -> None:
    for exponent in (-44, -40, -38, -30, -23, -22, -16, -12, 0, 8, 15, 18, 19, 30, 37):
        x = (normal(*shape) * 10.0**exponent).float()
        np.testing.assert_allclose(row_norms(x).numpy(), true_norms(x), rtol=CLOSE, err_msg=f"10^{exponent}")
        assert row_norms(x).dtype == torch.float64


def test_layers_of_all_magnitudes_side_by_side_do_not_disturb_each_other() -> None:
    x = (normal(90, 16, 16) * 10.0 ** torch.linspace(-46, 37, 90, dtype=torch.float64)[:, None, None]).float()
    np.testing.assert_allclose(row_norms(x).numpy(), true_norms(x), rtol=CLOSE)
    np.testing.assert_array_equal(row_norms(x).numpy() == 0, [not layer.any() for layer in x])


def test_only_exact_zeros_have_norm_zero() -> None:
    x = torch.zeros(4, 8, 8)
    x[1, 3, 3], x[2, 0, 0], x[3, 7, 7] = SMALLEST, -SMALLEST, SMALLEST_NORMAL
    assert row_norms(x).tolist() == [0.0, SMALLEST, SMALLEST, SMALLEST_NORMAL]


def test_the_largest_numbers_do_not_overflow() -> None:
    x = torch.full((2, 100, 100), torch.finfo(torch.float32).max)
    np.testing.assert_allclose(row_norms(x).numpy(), 100 * float(torch.finfo(torch.float32).max), rtol=CLOSE)


def test_one_large_number_among_many_small_ones_drowns_few_of_them() -> None:
    """The worst case for a sum in float32: small squares added to a large one lose their last bits."""
    x = torch.full((5, 16_384), 2.4e-4)
    for layer in range(5):
        x[layer, layer * 1001] = 1.0
    np.testing.assert_allclose(row_norms(x).numpy(), true_norms(x), rtol=1e-4)


def test_heavy_tails_stay_close() -> None:
    x = normal(50, 16_384).mul(2).exp().float()
    np.testing.assert_allclose(row_norms(x).numpy(), true_norms(x), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(6, 24, 24), (3, 200, 200)], ids=str)
@pytest.mark.parametrize("offset", [0.0, 1.0, -50.0])
def test_sums_are_exact_enough_for_a_mean(shape: tuple[int, ...], offset: float) -> None:
    x = (normal(*shape) + offset).float()
    total, norm = row_sums_and_norms(x)
    exact = [float(sum(map(Fraction, layer.flatten().tolist()))) for layer in x]
    count = math.prod(shape[1:])
    np.testing.assert_allclose(total.numpy() / count, np.array(exact) / count, rtol=CLOSE, atol=1e-7)
    np.testing.assert_allclose(norm.numpy(), true_norms(x), rtol=CLOSE)


def test_float64_is_measured_in_float64() -> None:
    x = normal(4, 9, 9) * 10.0 ** torch.tensor([-150.0, -45.0, 0.0, 150.0], dtype=torch.float64)[:, None, None]
    total, norm = row_sums_and_norms(x)
    np.testing.assert_allclose(norm.numpy(), true_norms(x), rtol=1e-13)
    np.testing.assert_allclose(total.numpy(), x.numpy().sum((1, 2)), rtol=1e-11)


@pytest.mark.parametrize("exponent", [-300, -170, 160, 300])
def test_norms_are_right_at_every_magnitude_of_float64(exponent: int) -> None:
    x = normal(3, 9, 9) * 10.0**exponent
    np.testing.assert_allclose(row_norms(x).numpy(), true_norms(x), rtol=1e-13)


@pytest.mark.parametrize("size", [4, 200])
def test_infinity_and_nan_come_through(size: int) -> None:
    x = torch.ones(4, size, size)
    x[0, 1, 1], x[1, 2, 2], x[2, 3, 3] = torch.inf, -torch.inf, torch.nan
    for result in (row_norms(x), row_norms(x.double())):
        assert result.tolist()[:2] == [math.inf, math.inf]
        assert result[2].isnan()
        assert result[3].item() == size
    total, _ = row_sums_and_norms(x)
    assert total.tolist()[:2] == [math.inf, -math.inf]
    assert total[2].isnan()
    assert total[3].item() == size**2


def test_what_does_not_lie_in_one_piece_is_measured_all_the_same() -> None:
    x = normal(6, 10, 12).float()
    for view in (x.transpose(1, 2), x[::2], x[:, 2:7, ::3], x.expand(6, 10, 12)):
        np.testing.assert_allclose(row_norms(view).numpy(), true_norms(view.contiguous()), rtol=CLOSE)


def test_results_of_one_call_survive_the_next() -> None:
    """Room for copies is kept between calls; results must not lie in it."""
    first = row_sums_and_norms((normal(3, 200, 200) * 1e-30).float())
    kept = [item.clone() for item in first]
    row_sums_and_norms(normal(3, 200, 200, seed=2).float())
    assert all(torch.equal(a, b) for a, b in zip(first, kept, strict=True))


@pytest.mark.parametrize("exponent", [-37, -22, 0, 19, 37])
def test_norms_for_devices_without_float64_are_right_in_float32(exponent: int) -> None:
    x = (normal(5, 24 * 24) * 10.0**exponent).float()
    measured = scaled_norms(x)
    assert measured.dtype == torch.float32
    np.testing.assert_allclose(measured.numpy().astype(np.float64), true_norms(x), rtol=1e-6)
    silent = scaled_norms(torch.zeros(2, 9))
    assert silent.tolist() == [0.0, 0.0]


def test_norms_for_devices_without_float64_pass_on_what_is_not_a_number() -> None:
    assert scaled_norms(torch.tensor([[1.0, torch.nan], [1.0, 2.0]])).isnan().tolist() == [True, False]


def test_norms_for_devices_without_float64_pass_on_infinity() -> None:
    assert scaled_norms(torch.tensor([[1.0, torch.inf]])).tolist() == [math.inf]


SHAPES = [(3,), (40, 30), (300, 301), (), (5, 2, 2), (0,)]


@pytest.mark.parametrize(
    ("dtype", "exponent"),
    [
        *product([torch.float32, torch.float64, torch.bfloat16], [-43, -30, -22, 0, 19, 37]),
        *product([torch.float16], [-8, -5, 0, 4]),
    ],
    ids=str,
)
def test_norms_of_many_tensors_are_those_of_each(dtype: torch.dtype, exponent: int) -> None:
    tensors = [
        (normal(*(shape or (1,)), seed=index) * 10.0**exponent).to(dtype).reshape(shape)
        for index, shape in enumerate(SHAPES)
    ]
    found = norms(tensors)
    assert found.dtype == torch.float64
    for tensor, length in zip(tensors, found.tolist(), strict=True):
        rows = tensor.double().reshape(1, -1)
        expected = true_norms(rows)[0] if rows.numel() else 0.0
        assert length == pytest.approx(expected, rel=1e-5, abs=0.0)


def test_complex_numbers_count_by_their_magnitude() -> None:
    pairs = torch.randn(7, 3, 2, dtype=torch.float64)
    assert float(norms([torch.view_as_complex(pairs)])[0]) == pytest.approx(float(pairs.square().sum().sqrt()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("mean", "spread"), [(0.0, 1.0), (1e4, 1e-2), (0.0, 1e-30), (1e30, 1e28)])
def test_moments_are_exact_next_to_a_large_mean(mean: float, spread: float, dtype: torch.dtype) -> None:
    x = (normal(50, 60) * spread + mean).to(dtype)
    wide = [Fraction(value) for value in x.double().flatten().tolist()]
    true_mean = sum(wide) / len(wide)
    true_length = math.sqrt(sum((value - true_mean) ** 2 for value in wide))
    found_mean, found_length = moments(x)
    assert float(found_mean) == pytest.approx(float(true_mean), rel=1e-6, abs=1e-7 * spread)
    assert float(found_length) == pytest.approx(true_length, rel=1e-4, abs=1e-45)


@pytest.mark.parametrize("scale", [1e-38, 1e-25, 1e-6, 1.0, 1e12, 1e30])
@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_numbers_that_the_host_has_at_once_are_as_right_as_those_of_many_tensors(scale: float, shift: float) -> None:
    torch.manual_seed(0)
    for shape in ((7,), (64, 64), (5, 3, 4, 4)):
        x = (torch.randn(shape) + shift) * scale
        exact = x.numpy().astype(np.float64)
        mean, length = quick_moments(x)
        assert float(norm(x)) == pytest.approx(float(np.linalg.norm(exact)), rel=1e-5, abs=1e-45)
        assert float(length) == pytest.approx(float(np.linalg.norm(exact - exact.mean())), rel=1e-5, abs=1e-45)
        assert float(mean) == pytest.approx(exact.mean(), rel=1e-5, abs=1e-6 * scale)


def test_numbers_that_the_host_has_at_once_may_be_infinite_or_none() -> None:
    assert math.isinf(float(norm(torch.tensor([1.0, math.inf]))))
    assert math.isnan(float(norm(torch.tensor([1.0, math.nan]))))
    mean, length = quick_moments(torch.full((8,), 3e38))
    assert float(mean) == pytest.approx(3e38, rel=1e-6)
    assert float(length) < 1e-6 * 3e38
    assert float(norm(torch.zeros(4))) == 0.0
    assert float(norm(torch.tensor([3.0, 4.0], dtype=torch.bfloat16))) == 5.0
