"""Every claim is measured once: some train a thousand layers."""

from collections.abc import Callable
from functools import cache

import pytest
from trained_runs import trained

from gradviz.claims import outcomes
from gradviz.claims.catalogue import claim
from gradviz.claims.claim import Outcome
from gradviz.experiment import load_preset


@cache
def measured(name: str) -> Outcome:
    return claim(name).measure(lambda _share: None)


@pytest.fixture
def outcome() -> Callable[[str], Outcome]:
    return measured


@pytest.fixture
def shared_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge the presets by the runs that their notes are tested with, where training them again takes minutes."""
    monkeypatch.setattr(outcomes, "recorded_preset", lambda name, _progress: trained(load_preset(name)))
