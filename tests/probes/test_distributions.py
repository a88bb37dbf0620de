"""Histograms of all layers at once against numpy's, layer by layer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from plain_oracle import batch, experiment, measured_network, truth
from torch import Tensor

from gradviz.network import cache
from gradviz.probes.fused.distributions import DistributionProbe, distributions
from gradviz.probes.histograms import BINS, Histograms, Indices
from gradviz.probes.observer import Due
from gradviz.recording.frame import KINDS, Distribution, Distributions
from gradviz.training.loop import train
from gradviz.training.run import TrainingRun

# a number that lies within rounding of an edge may fall to the other side of it
STRAY = 1


def histogram(x: Tensor, *, magnitudes: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Edges [layers, BINS + 1], counts [layers, BINS], what lies below and what beyond [layers], in their scale."""
    histograms = Histograms(len(x), Indices(), magnitudes=magnitudes)
    histograms.add(x)
    rows = histograms.take().numpy().astype(np.float64)
    edges = rows[:, :1] + rows[:, 1:2] * np.arange(BINS + 1) / BINS
    return edges, rows[:, 3:-1], rows[:, 2], rows[:, -1]


def assert_like_numpy(values: np.ndarray, edges: np.ndarray, counts: np.ndarray, stray: int = STRAY) -> None:
    """Compare one layer's counts with numpy's between the same edges, from the left up to each of them."""
    values, width = values.astype(np.float64), edges[1] - edges[0]
    inside = values.clip(edges[0], edges[-1])
    assert np.abs(values - inside).max() <= 1e-4 * width
    expected, _ = np.histogram(inside, edges)
    assert counts.sum() == expected.sum() == values.size
    assert np.abs(np.cumsum(counts - expected)).max() <= stray


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("shape", [(5, 300), (200, 33, 31), (3, 400, 400)], ids=str)
def test_counts_are_numpys(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    scale = 10.0 ** torch.randint(-12, 12, (shape[0], *(1 for _ in shape[1:])), generator=generator)
    x = ((torch.randn(shape, generator=generator, dtype=torch.float64) + 3) * scale).to(dtype)
    edges, counts, below, beyond = histogram(x)
    for layer, values in enumerate(x.flatten(1).numpy()):
        assert_like_numpy(values, edges[layer], counts[layer])
        # from the smallest to the largest, as numpy chooses its range
        assert edges[layer, 0] == values.min()
        assert edges[layer, -1] == pytest.approx(values.max(), abs=2e-6 * np.ptp(values.astype(np.float64)))
    assert not below.any()
    assert not beyond.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_magnitudes_are_counted_by_their_logarithm(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(1)
    exponents = torch.rand(20, 500, generator=generator, dtype=torch.float64) * 70 - 40
    x = (10.0**exponents * torch.randn(20, 500, generator=generator, dtype=torch.float64)).to(dtype)
    x[3, :20] = 0.0
    x[4] = 0.0
    x[5, 7], x[5, 8] = math.nan, -math.inf
    edges, counts, below, beyond = histogram(x, magnitudes=True)
    for layer, values in enumerate(np.abs(x.numpy().astype(np.float64))):
        kept = values[np.isfinite(values) & (values > 0)]
        assert below[layer] == (values == 0).sum()
        assert beyond[layer] == (~np.isfinite(values)).sum()
        if kept.size:
            # log2 itself is rounded: to 1e-5 of the bins' width here
            assert_like_numpy(np.log2(kept), edges[layer], counts[layer], stray=2)
    assert below[4] == 500


def test_numbers_all_alike_lie_in_one_bin_within_its_edges() -> None:
    x = torch.tensor([0.0, 0.5, -3e8, 1e-42, 7e-20, 3e38])[:, None].expand(6, 40)
    edges, counts, _, _ = histogram(x)
    for layer, value in enumerate(x[:, 0].double().tolist()):
        (place,) = np.flatnonzero(counts[layer])
        assert counts[layer, place] == 40
        assert edges[layer, place] <= value <= edges[layer, place + 1]
        assert edges[layer, -1] > edges[layer, 0]


def test_what_is_not_finite_has_no_bin_and_is_counted() -> None:
    x = torch.arange(5.0).repeat(4, 1)
    x[0, 2], x[1, 0], x[2, 4] = math.nan, -math.inf, math.inf
    x[3] = math.nan
    edges, counts, below, beyond = histogram(x)
    np.testing.assert_array_equal(counts.sum(1), [4, 4, 4, 0])
    np.testing.assert_array_equal(below + beyond, [1, 1, 1, 5])
    np.testing.assert_allclose(edges[:3, [0, -1]], [[0, 4], [1, 4], [0, 3]], rtol=2e-6)


def test_ends_farther_apart_than_the_largest_number_are_two_ends() -> None:
    x = torch.tensor([[-3e38, 0.0, 1.0, 3e38]])
    edges, counts, below, beyond = histogram(x)
    assert (below[0], beyond[0]) == (0, 0)
    assert counts[0, 0] == counts[0, -1] == 1
    assert edges[0, [0, -1]] == pytest.approx([-3e38, 3e38], rel=1e-5)


def test_layers_added_in_parts_of_any_size_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(23, 50, generator=torch.Generator().manual_seed(2))
    whole = histogram(x)
    monkeypatch.setattr(cache, "CACHED_NUMBERS", 4 * 50)
    parts = Histograms(23, Indices())
    for part in torch.split(x, [1, 6, 2, 9, 5]):
        parts.add(part)
    rows = parts.take().numpy()
    np.testing.assert_array_equal(rows[:, 3:-1], whole[1])
    np.testing.assert_array_equal(rows[:, 0], whole[0][:, 0])


def of_run(run: TrainingRun) -> Distributions:
    (taken,) = (event for event in run.events(wait=True) if isinstance(event, Distributions))
    return taken


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("shortcut", ["none", "scaled", "pre_activation"])
def test_a_run_counts_what_it_says_it_counts(shortcut: str, precision: str) -> None:
    run = TrainingRun(experiment(depth=9, width=64, shortcut=shortcut, precision=precision, activation="relu"))
    run.measure(0)
    taken, trace = of_run(run), run.network.trace
    assert taken.step == 0
    assert set(taken.by_kind) == {kind.name for kind in KINDS}
    chunks = list(run.network.chunks(run.probe_batch))
    expected = {
        "pre_activations": torch.cat([chunk.pre_activations() for chunk in chunks])[:, :32],
        "activations": torch.cat([chunk.outputs() for chunk in chunks])[:, :32],
        "weights": trace.weights,
    }
    for name, numbers in expected.items():
        distribution = taken.by_kind[name]
        assert set(distribution.totals) == {numbers[0].numel()}
        for layer, values in enumerate(numbers.flatten(1).numpy()):
            assert_like_numpy(values, distribution.edges[layer], distribution.counts[layer])


def test_gradients_are_those_of_each_samples_own_loss() -> None:
    e, (x, y) = experiment(width=40), batch(20)
    network = measured_network(e, x, y)
    probe = DistributionProbe(e.network.depth)
    for chunk in network.chunks(x):
        probe.look_at(chunk)
    gradients = distributions(probe.measure(network.trace).numpy(), batch_size=20)["gradients"]
    assert set(gradients.totals) == {20 * 40}
    for layer, grads in enumerate(truth(e, network, x, y).sample_grads):
        logs = np.log10(np.abs(grads)).ravel()
        assert gradients.edges[layer, [0, -1]] == pytest.approx([logs.min(), logs.max()], abs=1e-5)
        assert_like_numpy(logs, gradients.edges[layer], gradients.counts[layer])


def test_gradients_that_underflow_are_counted_as_zeros() -> None:
    run = TrainingRun(
        experiment(depth=120, width=16, activation="sigmoid", precision="float32", initialization="pytorch_default")
    )
    run.measure(0)
    delivered = run.network.trace.output_grads
    # before the exact gradient overwrites them; a run of its own delivers them once more
    again = TrainingRun(run.experiment)
    again.measure(0, Due(thorough=False))
    zeros = (again.network.trace.output_grads[:, :64] == 0).sum((1, 2)).numpy()
    gradients = of_run(run).by_kind["gradients"]
    assert zeros.max() == gradients.totals[0] == 64 * 16
    assert zeros.min() == 0
    np.testing.assert_array_equal(gradients.zeros, zeros)
    assert not gradients.not_finite.any()
    assert (delivered != 0).any()


def test_narrow_layers_are_counted_over_more_samples() -> None:
    run = TrainingRun(experiment(depth=2, width=4, batch_size=100))
    run.measure(0)
    taken = of_run(run).by_kind
    # all 256 of the probe batch; all 100 of the training batch
    assert set(taken["activations"].totals) == {1024}
    assert set(taken["gradients"].totals) == {400}
    assert set(taken["weights"].totals) == {16}


def test_counts_are_whole_and_every_layer_is_there() -> None:
    e = experiment(depth=5, width=3, steps=1, batch_size=16)
    taken = [event for event in train(e) if isinstance(event, Distributions)]
    assert [each.step for each in taken] == [0, 1]
    for distribution in taken[-1].by_kind.values():
        assert isinstance(distribution, Distribution)
        assert distribution.counts.shape == (5, BINS)
        assert distribution.counts.dtype == np.int64
        assert distribution.edges.shape == (5, BINS + 1)
        assert (np.diff(distribution.edges, axis=1) > 0).all()
        totals = distribution.counts.sum(1) + distribution.zeros + distribution.not_finite
        assert set(totals) == set(distribution.totals)
