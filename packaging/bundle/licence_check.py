"""Checks that a finished bundle has the licence of every distribution in it, from the bundle itself."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

from contents import NOTICES

from gradviz.licences import RULE
from gradviz_desktop import OURS

SHORTEST_LICENCE = 200


class UnlicensedError(Exception):
    """The bundle contains something whose licence is not in its notices."""


def require_licences(folder: Path) -> None:
    """Raise UnlicensedError unless the notices in the bundle `folder` have a section for each distribution in it."""
    notices = (folder / "_internal" / NOTICES).read_text(encoding="utf-8")
    missing = unlicensed(packages_in(folder), notices)
    if missing:
        raise UnlicensedError("the notices lack the licence of " + ", ".join(missing))


def unlicensed(packages: Iterable[str], notices: str) -> list[str]:
    """Return the distributions of `packages` that have no section with a text in `notices`."""
    known = packages_distributions()
    brought = {name for package in packages for name in known.get(package, ())} - {OURS}
    return sorted(name for name in brought if not _has_text(name, notices))


def packages_in(folder: Path) -> set[str]:
    """Return the names of all Python packages in a bundle: in its archive, and beside it."""
    from PyInstaller.archive.readers import CArchiveReader

    [program] = [path for path in folder.glob("gradviz*") if path.is_file() and path.suffix in ("", ".exe")][:1]
    archive = CArchiveReader(str(program)).open_embedded_archive("PYZ.pyz")
    beside = {path.name for path in (folder / "_internal").iterdir() if path.is_dir()}
    return {name.partition(".")[0] for name in archive.toc} | beside


def _has_text(name: str, notices: str) -> bool:
    """Return whether the section headed by `name` has a text."""
    section = notices.partition(f"{RULE}\n{name} ")[2]
    text = section.partition(f"{RULE}\n")[2].partition(RULE)[0]
    return len(text.strip()) > SHORTEST_LICENCE
