"""Whatever a run recorded, a diagnosis finds words for it, and none of them is the name of a float."""

from __future__ import annotations

import math
import re

import made_up_scripts
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up_findings import EVERYTHING, append, history_of, kinds

from gradviz.diagnosis import Finding, diagnose, severity_scores, words, worst_rows
from gradviz.experiment import choices
from gradviz.recording.frame import Frame
from gradviz.recording.history import History

NO_WORDS = re.compile(r"\b(nan|inf|none)\b", re.IGNORECASE)
NUMBER = st.one_of(
    st.sampled_from([-math.inf, math.inf, math.nan, 0.0, -1.0, 1.0, -3.0, -45.2, -600.0, 600.0]),
    st.floats(-50.0, 50.0, width=32),
    st.floats(width=32),
)
SETTINGS = {
    name: st.sampled_from(choices(name))
    for name in ("activation", "shortcut", "normalization", "initialization", "optimizer", "precision")
} | {
    "shortcut_span": st.integers(1, 4),
    "zero_init_branch": st.booleans(),
    "sigma_w": st.floats(0.0, 20.0),
    "learning_rate": st.floats(1e-12, 100.0),
    "bias_shift": st.sampled_from([0.0, -3.0]),
    "probe_every": st.sampled_from([1, 2, 10]),
}


@st.composite
def runs(draw: st.DrawFn) -> History:
    layers = draw(st.integers(1, 7))
    measures = draw(st.lists(st.sampled_from(EVERYTHING), unique=True))
    history = history_of(
        layers, measures=measures, classes=draw(st.integers(1, 3)), **draw(st.fixed_dictionaries(SETTINGS))
    )
    row = st.lists(NUMBER, min_size=layers, max_size=layers)
    for _ in range(draw(st.integers(0, 4))):
        there = draw(st.sets(st.sampled_from(measures))) if measures else ()
        loss = draw(st.one_of(st.floats(0.0, 100.0), st.floats()))
        append(history, {name: draw(row) for name in sorted(there)}, loss)
    return history


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(history=runs(), step=st.one_of(st.none(), st.integers(-2, 6)))
def test_there_are_words_for_everything(history: History, step: int | None) -> None:
    findings = diagnose(history, step)
    layers = len(history.started.rows)
    check(findings, history)
    for finding in findings:
        for remedy in finding.remedies:
            assert remedy.apply(history.started.experiment) != history.started.experiment
    assert sorted(worst_rows(history, step)) == list(range(1, layers + 1))
    scores = severity_scores(history, step)
    assert (np.diff(scores[worst_rows(history, step) - 1]) <= 0).all()


def check(findings: list[Finding], history: History) -> None:
    """What holds of every diagnosis."""
    names, rows = words.Names.of(history.started), len(history.started.rows)
    assert findings
    for finding in findings:
        said = [words.headline(finding, names), words.evidence(finding, names)]
        said += [words.remedy(remedy, names) for remedy in finding.remedies]
        assert all(text and not NO_WORDS.search(text) for text in said), said
        assert list(finding.rows) == sorted(set(finding.rows))
        assert all(1 <= row <= rows for row in finding.rows)
        assert finding.worst_row is None or 1 <= finding.worst_row <= rows
        for fact in finding.evidence:
            assert fact.at is None or 1 <= fact.at <= rows
            assert 0 <= fact.step < max(history.frames, 1)
    line = words.verdict(findings, names)
    assert not NO_WORDS.search(line)
    assert "\n" not in line
    assert [finding.severity for finding in findings] == sorted((each.severity for each in findings), reverse=True)
    if "healthy" in kinds(findings):
        assert kinds(findings) == {"healthy"}
    scores = severity_scores(history)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()


@st.composite
def watched_runs(draw: st.DrawFn) -> History:
    measures = draw(st.lists(st.sampled_from(made_up_scripts.EVERYTHING), unique=True))
    every = draw(st.sampled_from([1, 2, 20]))
    history = History(made_up_scripts.started(("a", "b.0", "b.1", "c"), measures, every))
    row, mask = st.lists(NUMBER, min_size=4, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4)
    for step in range(draw(st.integers(0, 25))):
        there = sorted(draw(st.sets(st.sampled_from(measures)))) if measures else []
        rows = {name: np.asarray(draw(row), np.float32) for name in there}
        known = {name: np.array(draw(mask)) for name in there if draw(st.booleans())}
        told = draw(st.floats()), draw(st.floats())
        history.append(Frame(step, told[0], told[1], told[1], rows, known, draw(st.booleans())))
    return history


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(history=watched_runs(), step=st.one_of(st.none(), st.integers(-2, 26)))
def test_there_are_words_for_every_watched_network(history: History, step: int | None) -> None:
    findings = diagnose(history, step)
    check(findings, history)
    assert not any(remedy.changes for finding in findings for remedy in finding.remedies)
