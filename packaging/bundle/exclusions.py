"""What PyInstaller collects and gradviz never uses: each with a reason and the size it saves.

`saved_mb` is what `measure.py` beside this file measured on Linux with torch 2.13.0 for the CPU, PySide6 6.11.3 and
Python 3.11, in MB (10^6 bytes), each alone; `smoke_test.py` passes without all of them. What the bundle's environment
does not contain was measured with the development packages installed, and is excluded in case somebody builds with
those.

Stripping (`elf.py`) also saves 89.2 MB of libtorch_cpu.so, 17.4 MB of libpython and 8.6 MB of libtorch_python.so. The
source of torch, 48 MB, stays: torch reads it and does not import without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch


@dataclass(frozen=True)
class Exclusion:
    """Modules that are not followed, or files (patterns of paths in the bundle) that are left out."""

    name: str
    reason: str
    saved_mb: float
    modules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


EXCLUSIONS = (
    Exclusion(
        "torch's own tests",
        "C++ test programs and their data, which nothing in Python calls",
        86.2,
        files=("torch/test/*",),
    ),
    Exclusion(
        "torch's programs",
        "compilers and tests for developers; torch_shm_manager stays, because `import torch` looks for it",
        51.7,
        files=("torch/bin/[!t]*", "torch/bin/t[!o]*", "torch/bin/torch_[!s]*"),
    ),
    Exclusion(
        "the GTK theme of Qt",
        "brings GTK 3 and some forty libraries with it; dark mode and file dialogs come through the desktop portal",
        16.8,
        files=("PySide6/Qt/plugins/platformthemes/libqgtk3.so",),
    ),
    Exclusion(
        "Qt without a desktop",
        "platforms for devices and servers; offscreen, xcb and wayland stay",
        2.0,
        files=(
            "PySide6/Qt/plugins/egldeviceintegrations/*",
            "PySide6/Qt/plugins/generic/*",
            "PySide6/Qt/plugins/platforms/libqeglfs.so",
            "PySide6/Qt/plugins/platforms/libqlinuxfb.so",
            "PySide6/Qt/plugins/platforms/libqminimal*",
            "PySide6/Qt/plugins/platforms/libqvkkhrdisplay.so",
            "PySide6/Qt/plugins/platforms/libqvnc.so",
        ),
    ),
    Exclusion(
        "Qt's network",
        "nothing is sent or loaded; with it go OpenSSL's plugin and Kerberos",
        5.5,
        modules=("PySide6.QtNetwork",),
        files=(
            "PySide6/Qt/plugins/tls/*",
            "PySide6/Qt/plugins/networkinformation/*",
            "PySide6/QtNetwork*",
            "PySide6/Qt/lib/libQt6Network*",
        ),
    ),
    Exclusion(
        "Qt's translations",
        "the window speaks English",
        7.0,
        files=("PySide6/Qt/translations/*", "PySide6/translations/*"),
    ),
    Exclusion(
        "Qt's picture formats",
        "SVG stays for the icons; PNG is built into Qt",
        1.8,
        files=("PySide6/Qt/plugins/imageformats/libq[!s]*", "PySide6/plugins/imageformats/q[!s]*"),
    ),
    Exclusion(
        "libraries that must be the system's",
        "the graphics driver needs the newest libstdc++ of the two; fontconfig must fit the system's fonts, the X11 "
        "libraries its server. Every desktop has them, and the package for Debian asks for them",
        5.1,
        files=(
            "libstdc++.so.6", "libgcc_s.so.1", "libX11.so.6", "libX11-xcb.so.1", "libXau.so.6", "libXdmcp.so.6",
            "libfontconfig.so.1", "libfreetype.so.6", "libexpat.so.1", "libz.so.1",
        ),
    ),
    Exclusion(
        "picture formats of Pillow",
        "it writes GIF and WebP; AVIF, fonts, colour profiles and Tk are never asked for",
        9.1,
        modules=("PIL._avif", "PIL._imagingft", "PIL._imagingcms", "PIL._imagingtk", "PIL.ImageTk"),
    ),
    Exclusion(
        "packages that are used where they are there",
        "pyqtgraph, torch and gradviz itself ask for them; not in the environment for bundles",
        393.6,
        modules=(
            "scipy", "h5py", "matplotlib", "sklearn", "pandas", "cupy", "numba", "pyarrow", "tensorboard", "wandb",
            "lightning", "transformers", "accelerate",
        ),
    ),
    Exclusion(
        "other Qt bindings, notebooks, Tk",
        "pyqtgraph asks for them; but for Tk not in the environment for bundles",
        0.0,
        modules=("PyQt5", "PyQt6", "PySide2", "IPython", "jupyter_rfb", "tkinter"),
    ),
    Exclusion(
        "tests and checks",
        "torch imports some of them where they are there; not in the environment for bundles",
        10.4,
        modules=("pytest", "hypothesis", "mypy", "ruff", "pygments", "rich"),
    ),
    Exclusion(
        "building and installing",
        "torch compiles extensions and C++ with it, which takes a compiler that a bundle has not",
        1.3,
        modules=("setuptools", "pip", "wheel", "pkg_resources", "distutils", "_distutils_hack", "PyInstaller"),
    ),
)  # fmt: skip
MODULES = tuple(module for exclusion in EXCLUSIONS for module in exclusion.modules)
FILES = tuple(pattern for exclusion in EXCLUSIONS for pattern in exclusion.files)


def is_excluded(place: str, patterns: Iterable[str] = FILES) -> bool:
    """Return whether the file at `place` in the bundle (with / or \\ between the folders) is left out."""
    place = place.replace("\\", "/")
    return any(fnmatch(place, pattern) for pattern in patterns)
