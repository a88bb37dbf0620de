"""The bundle as a package for Debian, Ubuntu and their relatives."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from elf import is_elf, needed, newest_glibc
from integration import INSTALLER, write_share

from gradviz.system_libraries import COMPILED, DRAWING, WAYLAND_WINDOW, X11_WINDOW

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
HOME = "opt/gradviz"
# the C library is required by version
GLIBC = ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libresolv.so.2")
CONTROL = """\
Package: gradviz
Version: {version}
Architecture: {architecture}
Maintainer: The gradviz authors <gradviz@localhost>
Installed-Size: {installed_kib}
Depends: {depends}
Recommends: fonts-dejavu-core | fonts-liberation | fonts-noto-core
Section: science
Priority: optional
Description: See why deep networks stop learning
 Live heatmaps of the gradient of every layer of a network that you configure, beside what theory expects, and a verdict
 in words. Trains on the processor; everything it needs is inside.
"""


class UnknownLibraryError(Exception):
    """The bundle needs a system library whose package is unknown."""


def can_package() -> bool:
    """Return whether this system can make such a package."""
    return shutil.which("dpkg-deb") is not None and platform.machine() in ARCHITECTURES


def make_package(folder: Path, build: Path, dist: Path, version: str, *, effort: int = 6) -> Path:
    """Pack the bundle `folder` to be installed in /opt, and return the file. `effort` is that of xz, 0 to 9."""
    architecture = ARCHITECTURES[platform.machine()]
    root = build / "package"
    shutil.rmtree(root, ignore_errors=True)
    (root / "DEBIAN").mkdir(parents=True)
    # hard links: nothing is copied; the package replaces the installer
    others = [folder / name for name in INSTALLER]
    shutil.copytree(
        folder, root / HOME, symlinks=True, copy_function=os.link,
        ignore=lambda place, names: [name for name in names if Path(place, name) in others],
    )  # fmt: skip
    (root / "usr" / "bin").mkdir(parents=True)
    (root / "usr" / "bin" / "gradviz").symlink_to(f"/{HOME}/gradviz")
    write_share(root / "usr" / "share", build / "icons", ROOT / "resources" / "icon.svg", version)
    documents = root / "usr" / "share" / "doc" / "gradviz"
    documents.mkdir(parents=True)
    notices = folder / "_internal" / "gradviz" / "_resources" / "licences" / "third-party.txt"
    own = (ROOT / "LICENSE").read_text(encoding="utf-8")
    (documents / "copyright").write_text(own + "\n" + notices.read_text(encoding="utf-8"), encoding="utf-8")
    libraries = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and is_elf(path)]
    control = CONTROL.format(
        version=version,
        architecture=architecture,
        installed_kib=sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) // 1024,
        depends=", ".join([f"libc6 (>= {newest_glibc(libraries)})", *asked_packages(libraries)]),
    )
    (root / "DEBIAN" / "control").write_text(control, encoding="utf-8")
    target = dist / f"gradviz_{version}_{architecture}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{effort}", "--build", str(root), str(target)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return target


def asked_packages(libraries: Iterable[Path]) -> list[str]:
    """Return the packages of the libraries that `libraries` need from outside. Raises UnknownLibraryError."""
    libraries = list(libraries)
    known = {**DRAWING, **X11_WINDOW, **WAYLAND_WINDOW, **COMPILED}
    asked = set[str]().union(*map(needed, libraries)) - {path.name for path in libraries}
    outside = {name for name in asked if name not in GLIBC and not name.startswith("ld-linux")}
    if outside - known.keys():
        raise UnknownLibraryError("no package is known for " + ", ".join(sorted(outside - known.keys())))
    return sorted({known[name][0] for name in outside})
