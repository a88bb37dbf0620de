"""Measure what each exclusion saves, for the table in `exclusions.py`; takes a quarter of an hour.

    .venv-bundle/bin/python packaging/bundle/measure.py [folder with more installed packages]

Every figure is the difference to what PyInstaller makes by itself, with one exclusion and nothing else left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from contents import LINK, Entry, stripped, without, without_orphans
from exclusions import EXCLUSIONS, is_excluded
from make_bundle import ROOT, size_mb


def collected(work: Path, modules: Sequence[str], paths: Sequence[str]) -> Path:
    """Return a bundle as PyInstaller makes it without the spec, but for `modules`."""
    options = [f"--exclude-module={module}" for module in modules] + [f"--paths={path}" for path in paths]
    options += [f"--hidden-import={name}" for name in ("gradviz.app.main_window", "PySide6.QtOpenGLWidgets")]
    options += [f"--add-data={ROOT / 'resources'}:gradviz/_resources", f"--distpath={work}", f"--workpath={work / 'w'}"]
    entry = str(ROOT / "packaging" / "bundle" / "entry.py")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "PyInstaller",
            "--noconfirm",
            "--log-level=ERROR",
            f"--specpath={work}",
            *options,
            entry,
        ],
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    return work / "entry"


def entries_of(folder: Path) -> list[Entry]:
    """Return the files of a bundle as PyInstaller's spec lists them."""
    inside = folder / "_internal"
    files = (path for path in inside.rglob("*") if path.is_symlink() or path.is_file())
    return [
        (str(path.relative_to(inside)), str(path.readlink() if path.is_symlink() else path), LINK)
        if path.is_symlink()
        else (str(path.relative_to(inside)), str(path), "BINARY")
        for path in files
    ]


def weight_mb(entries: Sequence[Entry]) -> float:
    """Return the size in MB of what is listed."""
    return sum(size_mb(Path(source)) for _, source, kind in entries if kind != LINK)


def main(paths: Sequence[str]) -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="gradviz-measure-") as scratch:
        work = Path(scratch)
        folder = collected(work / "all", [], paths)
        entries = entries_of(folder)
        print(f"{size_mb(folder):8.1f} MB  everything")
        print(f"{weight_mb(entries) - weight_mb(without_orphans(entries)):8.1f} MB  libraries that nothing needs")
        for number, exclusion in enumerate(EXCLUSIONS):
            kept = folder
            if exclusion.modules:
                kept = collected(work / str(number), exclusion.modules, paths)
            found = entries_of(kept)
            left = without(found, partial(is_excluded, patterns=exclusion.files))
            by_files = weight_mb(without_orphans(found)) - weight_mb(without_orphans(left))
            print(f"{size_mb(folder) - size_mb(kept) + by_files:8.1f} MB  {exclusion.name}", flush=True)
        smaller = stripped(entries, work / "stripped")
        for before, after in zip(entries, smaller, strict=True):
            if before != after and size_mb(Path(before[1])) - size_mb(Path(after[1])) >= 0.1:
                print(f"{size_mb(Path(before[1])) - size_mb(Path(after[1])):8.1f} MB  stripped: {before[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
