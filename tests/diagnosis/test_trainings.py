"""The first finding names the cause of what is broken, and no training that is well is warned about."""

from __future__ import annotations

import pytest
import torch
from trainings.broken import BROKEN
from trainings.healthy import HEALTHY

from gradviz.diagnosis import Severity, diagnose, words

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread"), pytest.mark.filterwarnings("ignore")]

# the first steps may look odd
SETTLED = 10


def test_there_are_enough_of_both() -> None:
    assert len(BROKEN) >= 40
    assert len(HEALTHY) >= 25


@pytest.mark.parametrize("name", BROKEN)
def test_the_first_finding_names_the_cause(name: str) -> None:
    torch.manual_seed(0)
    history = BROKEN[name].run()
    findings = diagnose(history)
    first = findings[0]
    names = words.Names.of(history.started)
    assert all(words.headline(each, names) and words.evidence(each, names) for each in findings)
    assert all(words.remedy(remedy, names) for each in findings for remedy in each.remedies)
    assert first.remedies or first.severity <= Severity.NOTICE
    assert BROKEN[name].causes & {first.kind, *(fact.fact for fact in first.evidence)}, first


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_against_what_is_well(name: str) -> None:
    torch.manual_seed(0)
    history = HEALTHY[name]()
    for step in range(SETTLED + 1, history.frames):
        worst = diagnose(history, step)[0]
        assert worst.severity < Severity.WARNING, (step, worst)
