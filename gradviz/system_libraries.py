"""The system libraries that Qt and torch need on Linux, and the packages that contain them.

Standard library only, and parsed by Pythons too old for gradviz: the set-up reads it before anything is installed.
"""

from __future__ import annotations

import ctypes
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # names of one package on Debian and Ubuntu, on Fedora, on Arch
    Packages = tuple[str, str, str]

# Library file -> its package: the libraries in the ELF headers of Qt's libraries and plugins that PySide6 does not
# include. A test reads the headers again.
DRAWING = {
    "libGL.so.1": ("libgl1", "libglvnd-glx", "libglvnd"),
    "libEGL.so.1": ("libegl1", "libglvnd-egl", "libglvnd"),
    "libX11.so.6": ("libx11-6", "libX11", "libx11"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2", "glib2"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype", "freetype2"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs", "dbus"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    "libz.so.1": ("zlib1g", "zlib", "zlib"),
    "libzstd.so.1": ("libzstd1", "libzstd", "zstd"),
}
X11_WINDOW = {
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb", "libx11"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
    "libxcb.so.1": ("libxcb1", "libxcb", "libxcb"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb", "libxcb"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb", "libxcb"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util", "xcb-util"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb", "libxcb"),
}
WAYLAND_WINDOW = {
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client", "wayland"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor", "wayland"),
    "libwayland-egl.so.1": ("libwayland-egl1", "libwayland-egl", "wayland"),
}
# what every C++ program needs; a bundle uses the system's, because the graphics driver needs it, too
COMPILED = {
    "libstdc++.so.6": ("libstdc++6", "libstdc++", "gcc-libs"),
    "libgcc_s.so.1": ("libgcc-s1", "libgcc", "gcc-libs"),
}
INSTALLERS = (
    ("apt-get", ["apt-get", "install", "-y", "--no-install-recommends"]),
    ("dnf", ["dnf", "install", "-y"]),
    ("pacman", ["pacman", "-S", "--needed"]),
)
# what the dynamic linker reports for a library that is missing or broken
NOT_LOADED = re.compile(r"(?:^|/)(lib[^/:\s]+\.so[.\d]*): ")


def can_load(library: str) -> bool:
    """Return whether the dynamic linker finds `library`."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def lacking(libraries: Mapping[str, Packages], loadable: Callable[[str], bool] = can_load) -> dict[str, Packages]:
    """Return the part of `libraries` that cannot be loaded here."""
    return {library: packages for library, packages in libraries.items() if not loadable(library)}


def lacking_by(error: ImportError, loadable: Callable[[str], bool] = can_load) -> dict[str, Packages]:
    """Return the system library that an import failed for, and others of the same table that are missing, too.

    Empty if the import failed for another reason.
    """
    named = NOT_LOADED.search(str(error))
    library = named.group(1) if named else ""
    for libraries in (DRAWING, X11_WINDOW, WAYLAND_WINDOW, COMPILED):
        if library in libraries:
            return {library: libraries[library], **lacking(libraries, loadable)}
    return {}


def install_command(missing: Iterable[Packages], which: Callable[[str], str | None] = shutil.which) -> list[str] | None:
    """Return the command that installs `missing` here, None without a known package manager."""
    for column, (program, start) in enumerate(INSTALLERS):
        if which(program):
            return start + sorted({packages[column] for packages in missing})
    return None


def in_one_line(lacking: Mapping[str, Packages]) -> str:
    """Return which libraries are missing and what to type to install them."""
    names = " ".join(sorted({packages[0] for packages in lacking.values()}))
    command = install_command(lacking.values())
    cure = "install " + names + " (Debian's names)" if command is None else "type: sudo " + " ".join(command)
    return "this system lacks " + ", ".join(lacking) + "; " + cure
