"""Make the bundle, called by `bootstrap.py bundle` with the Python of the bundle's own environment.

    python packaging/bundle/make_bundle.py [--packages | --debian]

It writes the folder `dist/gradviz`; with `--packages` also an archive, and on Debian and its relatives a package, which
take minutes each. `--debian` builds only the package, with fast compression, for a trial: it is larger.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from archive import make_archive
from debian_package import can_package, make_package
from elf import is_elf
from integration import add_installer
from licence_check import require_licences

from gradviz import __version__

ROOT = Path(__file__).resolve().parents[2]
BUILD, DIST = ROOT / "build", ROOT / "dist"
FOLDER = DIST / "gradviz"
MB = 1e6
# effort of xz; the first takes several times as long as the second
WELL, QUICKLY = 6, 0


def build() -> None:
    """Make the icons and the folder, replacing an earlier build."""
    icons = [str(ROOT / "packaging" / "bundle" / "icons.py")]
    drawings = [str(ROOT / "resources" / name) for name in ("icon.svg", "icon-small.svg")]
    subprocess.run([sys.executable, *icons, *drawings, str(BUILD / "icons")], check=True)
    places = ["--distpath", str(DIST), "--workpath", str(BUILD)]
    spec = str(ROOT / "packaging" / "gradviz.spec")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *places, spec]
    # it imports every module of torch, and the deprecated ones warn
    subprocess.run(command, check=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    require_licences(FOLDER)
    if sys.platform.startswith("linux"):
        add_installer(FOLDER, BUILD / "icons", ROOT / "resources" / "icon.svg", __version__)


def size_mb(path: Path) -> float:
    """Return the size of a file, or of all files below a folder, in MB (10^6 bytes), without links."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink()) / MB


def by_component(folder: Path) -> dict[str, float]:
    """Return the sizes in MB of the parts of the bundle, the largest first."""
    inside = folder / "_internal"
    parts = {path.name: size_mb(path) for path in inside.iterdir() if path.is_dir() and not path.is_symlink()}
    single = [path for path in inside.iterdir() if path.is_file() and not path.is_symlink()]
    parts["libraries of the system and of Python"] = sum(size_mb(path) for path in single if is_elf(path))
    parts["program, with all modules of Python"] = sum(size_mb(path) for path in folder.iterdir() if path.is_file())
    parts["all"] = size_mb(folder)
    return dict(sorted(parts.items(), key=lambda part: -part[1]))


def main(arguments: list[str]) -> int:
    """Build, and print the sizes."""
    build()
    for name, size in by_component(FOLDER).items():
        if size >= 1:
            print(f"{size:8.1f} MB  {name}")
    made = [make_archive(FOLDER, DIST, __version__)] if "--packages" in arguments else []
    if {"--packages", "--debian"} & set(arguments) and can_package():
        effort = WELL if "--packages" in arguments else QUICKLY
        made.append(make_package(FOLDER, BUILD, DIST, __version__, effort=effort))
    for path in made:
        print(f"{size_mb(path):8.1f} MB  {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
