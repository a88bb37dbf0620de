"""What the set-up scripts say, and how they give up. Standard library only."""

from __future__ import annotations

import sys


class SetupError(Exception):
    """The set-up cannot go on; the message says what to do."""


def say(text: str) -> None:
    """Tell the person at the terminal what is going on; standard output belongs to the program that is started."""
    print("gradviz: " + text, file=sys.stderr, flush=True)
