"""C12e and C12f: Transformers, whose presets take minutes; and before training, what they begin with."""

from collections.abc import Callable

import pytest

from gradviz.claims.claim import Outcome
from gradviz.experiment import load_preset
from gradviz.training.loop import first_frame


@pytest.mark.benchmark
@pytest.mark.usefixtures("shared_presets")
def test_post_norm_does_not_bear_depth_at_this_rate(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C12e")
    assert result.holds
    assert result.numbers["transformer-pre-norm-24"] > 0.85


@pytest.mark.benchmark
@pytest.mark.usefixtures("shared_presets")
def test_without_shortcuts_nothing_is_learnt(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C12f")
    assert result.holds
    assert result.numbers["decades"] < 2.0


def test_the_presets_begin_as_they_say() -> None:
    alike = {}
    for name in ("transformer-no-shortcut", "transformer-pre-norm-24", "transformer-rescued"):
        _, frame = first_frame(load_preset(name).changed(device="cpu"))
        alike[name] = frame.rows["token_cosine"]
    assert alike["transformer-no-shortcut"][5:].min() >= 0.99
    assert max(alike["transformer-pre-norm-24"].max(), alike["transformer-rescued"].max()) < 0.95
