"""Findings in words: numbers and rows as people write them."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_findings import run_of, the

from gradviz.diagnosis import Finding, Remedy, Severity, diagnose, words
from gradviz.diagnosis.finding import evidence
from gradviz.diagnosis.remedies import script
from gradviz.diagnosis.rules import RULES
from gradviz.diagnosis.words import numbers
from gradviz.diagnosis.words.facts import TITLES, comparison
from gradviz.diagnosis.words.remedies import REMEDIES

STACK = words.Names(("",) * 100)
SCRIPT = words.Names(("stem", "block.0", "block.1", "neck", "head"))


@pytest.mark.parametrize(
    ("rows", "stack", "script"),
    [
        ((1,), "layer 1", "stem"),
        ((2, 3), "layers 2 and 3", "block.0 and block.1"),
        ((1, 3, 5), "layers 1, 3 and 5", "stem, block.1 and head"),
        ((1, 2, 3, 4, 5), "layers 1 to 5", "stem, block.0 and 3 more modules"),
    ],
)
def test_rows_are_named(rows: tuple[int, ...], stack: str, script: str) -> None:
    assert STACK.several(rows) == stack
    assert SCRIPT.several(rows) == script


@given(st.sets(st.integers(1, 60), min_size=1))
def test_layers_are_named_so_that_they_can_be_found_again(layers: set[int]) -> None:
    said = STACK.several(sorted(layers))
    if " between " in said:
        count, first, last = map(int, re.findall(r"\d+", said))
        assert (count, first, last) == (len(layers), min(layers), max(layers))
        return
    found: set[int] = set()
    for part in re.split(", | and ", said.removeprefix("layers ").removeprefix("layer ")):
        first, _, last = part.partition(" to ")
        found |= set(range(int(first), int(last or first) + 1))
    assert found == layers


@pytest.mark.parametrize(
    ("log10", "written"),
    [(-600.5, "3.2e-601"), (-7.0, "1.0e-7"), (-1.0, "0.1"), (-1.5, "0.032"), (0.0, "1"), (3.0, "1,000"), (7.3, "2.0e7"),
     (-math.inf, "exactly zero"), (math.inf, "infinite"), (math.nan, "not a number")],
)  # fmt: skip
def test_powers_of_ten_are_written_as_people_write_them(log10: float, written: str) -> None:
    assert numbers.power(log10) == written


@given(st.floats(-700, 300))
def test_no_power_of_ten_is_off_by_more_than_its_last_digit(exponent: float) -> None:
    written = numbers.power(exponent).replace(",", "")
    mantissa, _, tail = written.partition("e")
    assert math.isclose(math.log10(float(mantissa)) + int(tail or 0), exponent, abs_tol=0.022)


@pytest.mark.parametrize(
    ("value", "written"),
    [(3.0, "3"), (0.1, "0.1"), (1e-6, "1e-6"), (2.302585, "2.3"), (1234.5, "1,230"), (1e12, "1e12"),
     (1.7976e308, "1.8e308"), (-0.5, "-0.5"), (0.0, "0"), (math.nan, "not a number"), (-math.inf, "minus infinite")],
)  # fmt: skip
def test_plain_numbers(value: float, written: str) -> None:
    assert numbers.plain(value) == written


def test_counts_and_factors() -> None:
    assert (numbers.counted(1, "layer"), numbers.counted(1200, "step")) == ("1 layer", "1,200 steps")
    assert (numbers.fold(10.0), numbers.fold(12000.0)) == ("tenfold", "by a factor of 12,000")
    assert (numbers.share(0.9), numbers.share(0.999), numbers.share(1.0)) == ("90%", "nearly 100%", "100%")
    assert (numbers.part(6.0), numbers.part(4.5), numbers.part(12.0)) == ("a millionth", "1/32,000", "10^-12")


def test_a_finding_in_words() -> None:
    falls = evidence(
        "falls", "activation_grad_rms", 7, tuple(range(1, 31)), decades=18.0, decades_per_row=0.62, allowed_decades=3.0
    )
    finding = Finding("vanishing", Severity.CRITICAL, 7, (falls,), rows=falls.rows, worst_row=1)
    assert words.title(finding) == "Vanishing gradient"
    assert words.headline(finding, STACK) == "falls by 0.62 decades per layer from layer 30 back to layer 1"
    assert words.evidence(finding, STACK) == (
        "The gradient falls by 0.62 decades per layer from layer 30 back to layer 1: 18.0 decades in all (allowed: 3)."
    )
    assert words.verdict([finding] * 5, STACK).count("Vanishing gradient: ") == 3
    assert words.verdict([finding] * 5, STACK).endswith(" · and 2 more")


def test_names_of_rows_keep_their_letters() -> None:
    found = evidence(
        "no_gradient",
        "weight_grad_norm",
        7,
        (4,),
        4,
        gradient_log10=-math.inf,
        median_log10=-1.0,
        allowed_decades=4.0,
        steps=1,
    )
    finding = Finding("vanishing", Severity.CRITICAL, 7, (found,), rows=(4,), worst_row=4)
    headline = words.headline(finding, SCRIPT)
    assert words.capitalised(headline, SCRIPT) == headline == "neck gets no gradient (exactly zero)"
    assert words.capitalised("gradient level", SCRIPT) == "Gradient level"
    assert words.evidence(finding, SCRIPT) == (
        "The weights of neck got no gradient at the latest step; the median of all modules is 0.1."
    )


@pytest.mark.parametrize(("depth", "said"), [(1, "1 layer:"), (12, "12 layers:")])
def test_a_remedy_counts_right(depth: int, said: str) -> None:
    remedy = Remedy("fewer_layers", (("depth", depth),), details=(("allowed_decades", 3.0),))
    assert words.remedy(remedy, STACK).startswith(f"Use {said}")


def test_there_are_words_for_every_kind_and_every_remedy() -> None:
    of_two_runs = set(comparison.TITLES)
    assert {rule.kind for rule in RULES} | {"healthy", "not_measured"} | of_two_runs == set(TITLES)
    advice = {kind for each in vars(script).values() if isinstance(each, tuple) for kind in each}
    assert len(advice) > 15
    assert advice < set(REMEDIES)


def test_a_run_is_told_in_one_line() -> None:
    findings = diagnose(run_of(30, steps=0))
    names = words.Names.of(run_of(30).started)
    assert words.verdict(findings, names) == "Healthy: gradient level within 0.1 decades · Not measured: update ratio"
    assert the("healthy", findings).severity is Severity.FINE
