"""The way into gradviz, and a look at who else is called so.

This program is distributed as `gradviz-desktop` and imported as `gradviz`. So is a package of somebody else, which is
called `gradviz` on PyPI. Where both are installed, `import gradviz` gives one of them: the one that comes first on the
path, or in one folder the one installed last. This package is nobody else's: its scripts can still say so. Standard
library only.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, distributions
from pathlib import Path

OURS = "gradviz-desktop"
THEIRS = "gradviz"
BAD_ARGUMENTS = 2


@dataclass(frozen=True, slots=True)
class Namesake:
    """Somebody else's distribution `gradviz`; `hides` this program if `import gradviz` gives that one."""

    version: str
    hides: bool

    @property
    def what(self) -> str:
        """What is wrong, as a sentence."""
        effect = "and hides this program, which cannot run" if self.hides else "and is imported as gradviz, too"
        return f"Somebody else's package gradviz ({self.version}) is installed in the same environment {effect}."

    @property
    def remedy(self) -> str:
        """What to do, as a sentence."""
        return f"Remove it with `pip uninstall gradviz`, then install {OURS} again."

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"


def namesake(path: Sequence[str] | None = None) -> Namesake | None:
    """Return somebody else's distribution `gradviz`, if there is one on `path` (None: `sys.path`)."""
    places = list(sys.path if path is None else path)
    for found in distributions(name=THEIRS, path=places):
        if not _is_ours(found):
            return Namesake(found.version, hides=not _is_imported(places))
    return None


def main() -> int:
    """Run the command line, or say why it cannot run, and return the exit status."""
    other = namesake()
    if other is not None and other.hides:
        sys.stderr.write(f"{OURS}: {other}\n")
        return BAD_ARGUMENTS
    from gradviz.cli import main as command_line

    return command_line()


def _is_ours(found: Distribution) -> bool:
    """Return whether `found` is this program under the name it had before 0.2.0."""
    return any(entry.value == "gradviz.cli:main" for entry in found.entry_points)


def _is_imported(places: Sequence[str]) -> bool:
    """Return whether `import gradviz` gives this program; nothing is imported."""
    spec = PathFinder.find_spec("gradviz", places)
    if spec is None or spec.origin is None:
        return False
    first = Path(spec.origin)
    # the other package may have replaced this one file
    return first.with_name("cli.py").exists() and "__version__" in first.read_text(encoding="utf-8", errors="replace")
