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
from itertools import combinations, product
from typing import Any


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
    full = list(product(*(range(len(factor)) for factor in factors)))
    pairs = {case: frozenset(combinations(enumerate(case), 2)) for case in full}
    missing = set().union(*pairs.values())
    chosen = [] if missing else full
    while missing:
        best = max(full, key=lambda case: len(pairs[case] & missing))
        chosen.append(best)
        missing -= pairs[best]
    return [tuple(factor[place] for factor, place in zip(factors, case, strict=True)) for case in sorted(chosen)]


def _refuse_empty(factors: tuple[Sequence[Any], ...]) -> None:
    if not factors or not all(factors):
        raise ValueError("every factor needs a value")
