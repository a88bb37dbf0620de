"""The bundle as one archive: tar.xz on Linux and macOS, zip on Windows."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path


def make_archive(folder: Path, dist: Path, version: str) -> Path:
    """Pack the bundle `folder` with its links as they are, and return the file."""
    stem = dist / f"gradviz-{version}-{sys.platform}-{platform.machine().lower()}"
    if sys.platform == "win32":
        return Path(shutil.make_archive(str(stem), "zip", folder.parent, folder.name))
    if sys.platform == "darwin":
        folder = dist / "gradviz.app"
    return _xz(folder, stem.with_name(stem.name + ".tar.xz"))


def _xz(folder: Path, target: Path) -> Path:
    # Python's own xz uses one core, this program all of them
    with target.open("wb") as file:
        packer = subprocess.Popen(["xz", "-T0", "-6", "--stdout"], stdin=subprocess.PIPE, stdout=file)
        assert packer.stdin is not None
        with packer.stdin, tarfile.open(fileobj=packer.stdin, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            archive.add(folder, folder.name, filter=_owned_by_root)
        if packer.wait():
            raise OSError(f"xz could not write {target}")
    return target


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
