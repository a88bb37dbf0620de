"""Few cases that cover many factors, for `pytest.mark.parametrize` where a full factorial says nothing more.

A full factorial of activations, shortcuts, spans and normalisations is hundreds of cases of one statement. Choose by
how the factors meet in the code under test:

- they do not meet: `each_value`, every value of every factor at least once;
- they meet two at a time, as an activation meets the order of a shortcut's branch: `pairwise`, every pair of values of
  any two factors at least once;
- all of them meet in one expression: `itertools.product`.

Both choices depend on nothing but their arguments: every worker of pytest-xdist and every run collects the same cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np


def each_value(*factors: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return cases in which each value of each of `factors` occurs: as many cases as the longest factor has values."""
    _refuse_empty(factors)
    cases = max(len(factor) for factor in factors)
    return [tuple(factor[case % len(factor)] for factor in factors) for case in range(cases)]


def pairwise(*factors: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return cases in which any two values of two of `factors` occur together.

    Greedy: the next case is the one of the full factorial with the most pairs that no case has had, and of equals the
    first. That is at most a few cases more than the product of the two longest factors. Values may be unhashable.
    """
    _refuse_empty(factors)
    sizes = [len(factor) for factor in factors]
    full = np.indices(sizes).reshape(len(sizes), -1)
    if len(sizes) == 1:
        return [(value,) for value in factors[0]]
    # the numbers of the pairs that each case has, [pairs of factors, cases]
    numbers, count = [], 0
    for one, other in combinations(range(len(sizes)), 2):
        numbers.append(count + full[one] * sizes[other] + full[other])
        count += sizes[one] * sizes[other]
    pairs, missing, chosen = np.array(numbers), np.ones(count, np.bool_), []
    while missing.any():
        best = int(missing[pairs].sum(axis=0).argmax())
        chosen.append(tuple(full[:, best].tolist()))
        missing[pairs[:, best]] = False
    return [tuple(factor[place] for factor, place in zip(factors, case, strict=True)) for case in sorted(chosen)]


def _refuse_empty(factors: tuple[Sequence[Any], ...]) -> None:
    if not factors or not all(factors):
        raise ValueError("every factor needs a value")
