"""Notices somebody else's package of the same import name in the environment.

`gradviz` on PyPI is not this program, which is distributed as `gradviz-desktop`; both are imported as `gradviz`. In one
environment the one installed last replaces files of the other. Standard library only, and nothing of gradviz: it must
run where the other package has replaced our `__init__.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

OURS = "gradviz-desktop"
THEIRS = "gradviz"
HERE = Path(__file__).resolve().parent
BAD_ARGUMENTS = 2


@dataclass(frozen=True, slots=True)
class Namesake:
    """Somebody else's package that is imported as `gradviz`, and what it does to this program.

    `mixed`: its files lie among ours, in the same folder. `replaced`: one of them has taken the place of our
    `__init__.py`, and this program cannot run.
    """

    version: str
    mixed: bool
    replaced: bool

    @property
    def what(self) -> str:
        """What is the matter, as a sentence."""
        effect = "its files lie among those of this program" if self.mixed else "both are imported as gradviz"
        if self.replaced:
            effect = "it has replaced files of this program, which cannot run"
        return f"Somebody else's package gradviz ({self.version}) is installed in the same environment: {effect}."

    @property
    def remedy(self) -> str:
        """What to do, as a sentence."""
        return f"Remove it with `pip uninstall gradviz`, then install {OURS} again."

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"


def namesake(path: Sequence[str] | None = None, folder: Path = HERE) -> Namesake | None:
    """Return somebody else's distribution `gradviz`, if one is installed.

    `path` is where to look (None: `sys.path`), `folder` the package folder of this program.
    """
    for found in distributions(name=THEIRS, path=list(sys.path if path is None else path)):
        if not _is_ours(found):
            mixed = any(_folder(found, file) == folder for file in found.files or () if file.suffix == ".py")
            return Namesake(found.version, mixed, mixed and "__version__" not in _source(folder / "__init__.py"))
    return None


def main() -> int:
    """Run `gradviz-desktop`: the command line, or a word on why it cannot run, and return the exit status."""
    other = namesake()
    if other is not None and other.replaced:
        sys.stderr.write(f"{OURS}: {other}\n")
        return BAD_ARGUMENTS
    from gradviz.cli import main as command_line

    return command_line()


def _is_ours(found: Distribution) -> bool:
    """Return whether `found` is this program under the name it had up to 0.1.0."""
    return any(entry.value == "gradviz.cli:main" for entry in found.entry_points)


def _folder(found: Distribution, file: object) -> Path:
    return Path(str(found.locate_file(str(file)))).resolve().parent


def _source(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
