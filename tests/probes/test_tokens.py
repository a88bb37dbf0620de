"""Cosine between tokens and entropy of attention, against sums over single pairs, and where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gradviz.probes.modules.tokens import attention_entropy, token_cosine


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_cosine_is_the_mean_over_all_pairs() -> None:
    x = drawn(3, 5, 4) + 0.5
    numbers = x.double().numpy()
    cosines = []
    for sample in numbers:
        pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
        cosines.append(
            np.mean([sample[i] @ sample[j] / np.linalg.norm(sample[i]) / np.linalg.norm(sample[j]) for i, j in pairs])
        )
    assert float(token_cosine(x)) == pytest.approx(float(np.mean(cosines)), abs=1e-12)


def test_the_cosine_where_it_is_known() -> None:
    alike = drawn(2, 1, 4).expand(2, 6, 4) * torch.rand(2, 6, 1)
    assert float(token_cosine(alike)) == pytest.approx(1.0, abs=1e-6)
    assert float(token_cosine(torch.eye(4)[None])) == pytest.approx(0.0, abs=1e-12)
    opposite = torch.tensor([[[1.0, 2.0], [-1.0, -2.0]]])
    assert float(token_cosine(opposite)) == pytest.approx(-1.0, abs=1e-6)


@pytest.mark.parametrize("size", [1e-44, 1e-30, 1e30])
def test_the_cosine_does_not_depend_on_the_size(size: float) -> None:
    x = torch.tensor([[[3.0, 4.0], [4.0, 3.0]]]) * size
    # what is left of 3 and 4 at the smallest numbers that there are: multiples of 1.4e-45
    a, b = x[0, 0].double(), x[0, 1].double()
    assert float(token_cosine(x)) == pytest.approx(float(a @ b / a.norm() / b.norm()), abs=1e-9)


def test_a_token_of_zeros_has_no_direction() -> None:
    assert math.isnan(float(token_cosine(torch.tensor([[[0.0, 0.0], [1.0, 0.0]]]))))


def test_the_entropy_is_that_of_the_softmax() -> None:
    queries, keys = drawn(2, 3, 5, 4), drawn(2, 3, 5, 4, seed=1)
    q, k = queries.double().numpy(), keys.double().numpy()
    entropies = []
    for sample in range(2):
        for head in range(3):
            for token in range(5):
                scores = np.array([q[sample, head, token] @ k[sample, head, other] / 2.0 for other in range(5)])
                weights = np.exp(scores) / np.exp(scores).sum()
                entropies.append(-(weights * np.log(weights)).sum())
    found = float(attention_entropy(queries, keys))
    assert found == pytest.approx(float(np.mean(entropies)) / math.log(5), abs=1e-12)


def test_the_entropy_where_it_is_known() -> None:
    keys = drawn(1, 1, 6, 4)
    assert float(attention_entropy(torch.zeros(1, 1, 6, 4), keys)) == pytest.approx(1.0)
    single = torch.eye(4)[None, None] * 1e4
    assert float(attention_entropy(single, single)) == pytest.approx(0.0, abs=1e-12)
