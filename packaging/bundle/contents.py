"""What goes into the bundle, of all that PyInstaller found."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from elf import is_elf, orphans, strip
from notices import page

# (place in the bundle, where it comes from, kind), as PyInstaller writes it
Entry = tuple[str, str, str]

LINK = "SYMLINK"
# below this there is nothing to gain
STRIPPED_FROM_BYTES = 1_000_000
NOTICES = "gradviz/_resources/licences/third-party.txt"


def without(entries: Iterable[Entry], is_excluded: Callable[[str], bool]) -> list[Entry]:
    """Return `entries` without those that are excluded, and without links to them."""
    kept = [entry for entry in entries if not is_excluded(entry[0])]
    places = {place for place, _, kind in kept if kind != LINK}
    return [entry for entry in kept if entry[2] != LINK or _target(entry) in places]


def without_orphans(entries: Iterable[Entry]) -> list[Entry]:
    """Return `entries` without the libraries that only excluded files needed (on Linux)."""
    entries = list(entries)
    if not sys.platform.startswith("linux"):
        return entries
    files = [(place, Path(source)) for place, source, kind in entries if kind != LINK]
    libraries = {Path(place).name: source for place, source in files if _is_library(place)}
    users = [source for place, source in files if not _is_library(place) and is_elf(source)]
    needless = orphans(libraries, users)
    return without(entries, lambda place: _is_library(place) and Path(place).name in needless)


def stripped(entries: Iterable[Entry], work: Path) -> list[Entry]:
    """Return `entries` with stripped copies, made in `work`, of the large libraries that strip leaves intact."""
    if not sys.platform.startswith("linux"):
        return list(entries)
    work.mkdir(parents=True, exist_ok=True)
    return [_stripped(entry, work) for entry in entries]


def notices_file(entries: Iterable[Entry], root: Path, work: Path) -> Entry:
    """Write the licences of everything in `entries` into `work` and return that file as an entry."""
    sources = (Path(source) for _, source, kind in entries if kind != LINK)
    target = work / "third-party.txt"
    target.write_text(page((source for source in sources if source.is_file()), (root, work)), encoding="utf-8")
    return NOTICES, str(target), "DATA"


def _stripped(entry: Entry, work: Path) -> Entry:
    place, source, kind = entry
    if kind == LINK or Path(source).stat().st_size < STRIPPED_FROM_BYTES or not is_elf(Path(source)):
        return entry
    target = work / place.replace("/", "-")
    return (place, str(target), kind) if strip(Path(source), target) else entry


def _target(link: Entry) -> str:
    """Return the place that a link in the bundle leads to."""
    place, target, _ = link
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), target))


def _is_library(place: str) -> bool:
    """Return whether a file is a shared library that others link to, not a module or a plugin."""
    path = Path(place)
    shared = path.parent == Path() or path.parent.suffix == ".libs" or path.match("PySide6/Qt/lib/*")
    # the program itself opens the library of Python
    return shared and path.name.startswith("lib") and not path.name.startswith("libpython")
