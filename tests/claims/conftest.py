"""Every claim is measured once in a session: some train a thousand layers."""

from collections.abc import Callable
from functools import cache

import pytest

from gradviz.claims.catalogue import claim
from gradviz.claims.claim import Outcome


@cache
def measured(name: str) -> Outcome:
    return claim(name).measure(lambda _share: None)


@pytest.fixture
def outcome() -> Callable[[str], Outcome]:
    return measured
