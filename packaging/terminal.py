"""Messages and errors of the set-up scripts. Standard library only."""

from __future__ import annotations

import sys


class SetupError(Exception):
    """The set-up cannot continue; the message says what to do."""


def say(text: str) -> None:
    """Print a message on standard error; standard output belongs to the program that is started."""
    print("gradviz: " + text, file=sys.stderr, flush=True)
