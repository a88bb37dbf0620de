"""How far the reading of a large file is, for whoever waits; and how they end it."""

from __future__ import annotations

from collections.abc import Callable

# told the bytes that are done, and all of them; raises ReadingCancelledError where nobody waits any more
Progress = Callable[[int, int], None]


class ReadingCancelledError(Exception):
    """Nobody wants the file any more."""


def unheard(_done: int, _total: int) -> None:
    """Take no notice of progress."""
