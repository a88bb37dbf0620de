"""The shape of words for a fact."""

from __future__ import annotations

from collections.abc import Callable

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names

Said = tuple[str, str]
"""A few words for the headline, and one or two sentences; either may be empty."""

Words = Callable[[Evidence, Names], Said]
