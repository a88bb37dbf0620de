"""The choice of cases: complete, small, and the same every time."""

from itertools import combinations, product

import pytest
from covering import each_value, pairwise

FACTORS = {
    "one": ("a",),
    "two": ("ab", "xyz"),
    "three": ("abcdefghijk", "uvwxyz", "0123"),
    "four": ("abcdefghijk", "uvwxyz", "123", "0123"),
    "single values": ("a", "b", "c"),
}


@pytest.mark.parametrize("factors", FACTORS.values(), ids=FACTORS)
def test_pairwise_has_every_pair_of_values(factors: tuple[str, ...]) -> None:
    cases = pairwise(*factors)
    for one, other in combinations(range(len(factors)), 2):
        assert {(case[one], case[other]) for case in cases} == set(product(factors[one], factors[other]))
    assert set(cases) <= set(product(*factors))
    assert len(set(cases)) == len(cases)


@pytest.mark.parametrize("factors", FACTORS.values(), ids=FACTORS)
def test_each_value_has_every_value_and_no_more_cases_than_that_takes(factors: tuple[str, ...]) -> None:
    cases = each_value(*factors)
    for place, factor in enumerate(factors):
        assert {case[place] for case in cases} == set(factor)
    assert len(cases) == max(map(len, factors))


@pytest.mark.parametrize(("name", "at_most"), [("one", 1), ("two", 6), ("three", 70), ("four", 72)])
def test_pairwise_is_not_much_larger_than_it_must_be(name: str, at_most: int) -> None:
    assert len(pairwise(*FACTORS[name])) <= at_most


def test_the_choice_is_the_same_every_time_and_takes_what_cannot_be_hashed() -> None:
    values: list[list[object]] = [[{"depth": 1}, {"depth": 2}], [[1], [2]]]
    assert pairwise(*values) == pairwise(*values) == list(product(*values))


@pytest.mark.parametrize("choose", [each_value, pairwise])
def test_a_factor_without_values_is_refused(choose: object) -> None:
    for factors in ((), ("ab", "")):
        with pytest.raises(ValueError, match="value"):
            choose(*factors)
