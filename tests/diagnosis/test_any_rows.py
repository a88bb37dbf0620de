"""Whatever a run recorded, a diagnosis finds words for it, and none of them is the name of a float."""

from __future__ import annotations

import math
import re

import made_up_watched
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up_findings import EVERYTHING, append, history_of, kinds

from gradviz.diagnosis import badness, diagnose, verdict, worst_layers
from gradviz.diagnosis.words import layers_in_words, power
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


@settings(max_examples=400, deadline=None)
@given(history=runs(), step=st.one_of(st.none(), st.integers(-2, 6)))
def test_there_are_words_for_everything(history: History, step: int | None) -> None:
    findings = diagnose(history, step)
    layers = len(history.started.rows)
    assert findings
    for finding in findings:
        said = [finding.headline, finding.evidence, *(suggestion.words for suggestion in finding.suggestions)]
        assert all(text and not NO_WORDS.search(text) for text in said), said
        assert finding.layers is None or 1 <= finding.layers[0] <= finding.layers[1] <= layers
        assert finding.worst_layer is None or 1 <= finding.worst_layer <= layers
        assert finding.rate is None or math.isfinite(finding.rate)
        for suggestion in finding.suggestions:
            assert suggestion.apply(history.started.experiment) != history.started.experiment
    assert not NO_WORDS.search(verdict(findings))
    assert "\n" not in verdict(findings)
    assert [finding.severity for finding in findings] == sorted((each.severity for each in findings), reverse=True)
    if "healthy" in kinds(findings):
        assert kinds(findings) == {"healthy"}
    assert sorted(worst_layers(history, step)) == list(range(1, layers + 1))
    bad = badness(history, step)
    assert np.isfinite(bad).all()
    assert (bad >= 0).all()
    assert (np.diff(bad[worst_layers(history, step) - 1]) <= 0).all()


@st.composite
def watched_runs(draw: st.DrawFn) -> History:
    measures = draw(st.lists(st.sampled_from(made_up_watched.EVERYTHING), unique=True))
    every = draw(st.sampled_from([1, 2, 20]))
    history = History(made_up_watched.started(("a", "b.0", "b.1", "c"), measures, every))
    row, mask = st.lists(NUMBER, min_size=4, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4)
    for step in range(draw(st.integers(0, 25))):
        there = sorted(draw(st.sets(st.sampled_from(measures)))) if measures else []
        rows = {name: np.asarray(draw(row), np.float32) for name in there}
        known = {name: np.array(draw(mask)) for name in there if draw(st.booleans())}
        told = draw(st.floats()), draw(st.floats())
        history.append(Frame(step, told[0], told[1], told[1], rows, known, draw(st.booleans())))
    return history


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(history=watched_runs(), step=st.one_of(st.none(), st.integers(-2, 26)))
def test_there_are_words_for_every_watched_network(history: History, step: int | None) -> None:
    findings = diagnose(history, step)
    assert findings
    for finding in findings:
        said = [finding.headline, finding.evidence, *(suggestion.words for suggestion in finding.suggestions)]
        assert all(text and not NO_WORDS.search(text) for text in said), said
        assert finding.layers is None or 1 <= finding.layers[0] <= finding.layers[1] <= 4
        assert finding.worst_layer is None or 1 <= finding.worst_layer <= 4
        assert not any(suggestion.changes for suggestion in finding.suggestions)
    if "healthy" in kinds(findings):
        assert kinds(findings) == {"healthy"}
    bad = badness(history, step)
    assert np.isfinite(bad).all()
    assert (bad >= 0).all()


@given(st.floats(-700, 300))
def test_powers_of_ten_are_said_as_python_says_them(exponent: float) -> None:
    if exponent > -307:
        assert math.isclose(float(power(exponent)), 10.0**exponent, rel_tol=0.051)
    else:
        mantissa, tail = power(exponent).split("e")
        assert math.isclose(math.log10(float(mantissa)) + int(tail), exponent, abs_tol=0.022)


@given(st.sets(st.integers(1, 60), min_size=1))
def test_layers_are_named_so_that_they_can_be_found_again(layers: set[int]) -> None:
    ascending = np.array(sorted(layers))
    said = layers_in_words(ascending)
    if " between " in said:
        count, first, last = map(int, re.findall(r"\d+", said))
        assert (count, first, last) == (len(layers), min(layers), max(layers))
        return
    found: set[int] = set()
    for part in re.split(", | and ", said.removeprefix("layers ").removeprefix("layer ")):
        first, _, last = part.partition(" to ")
        found |= set(range(int(first), int(last or first) + 1))
    assert found == layers
