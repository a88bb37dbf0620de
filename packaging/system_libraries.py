"""The libraries of the Linux system that Qt needs, and the packages they come in. Standard library only."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from terminal import SetupError, say

if TYPE_CHECKING:
    # names of one package on Debian and Ubuntu, on Fedora, on Arch
    Packages = tuple[str, str, str]

# Library file -> its package. These are the libraries that the ELF headers of Qt's libraries and plugins name and that
# PySide6 does not bring along; a test reads the headers again.
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
# without any font every letter is an empty box
FONT_PACKAGES = ("fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
INSTALLERS = (
    ("apt-get", ["apt-get", "install", "-y", "--no-install-recommends"]),
    ("dnf", ["dnf", "install", "-y"]),
    ("pacman", ["pacman", "-S", "--needed"]),
)


def prepare_system(environment: Mapping[str, str]) -> None:
    """See to what Qt needs for the display that `environment` names: as root with apt install it, else say how.

    Raises SetupError if a library is missing afterwards. Without a font everything works but the letters, so that is
    only said.
    """
    if not sys.platform.startswith("linux"):
        return
    libraries = needed_libraries(environment)
    missing = missing_packages(libraries)
    if not missing:
        return
    command = install_command(missing)
    if command and command[0] == "apt-get" and os.geteuid() == 0:
        say("step 1 of 3: installing system packages that Qt needs: " + " ".join(command[4:]))
        install_with_apt(command)
        missing = missing_packages(libraries)
    if missing == [FONT_PACKAGES]:
        say(advice(missing))
    elif missing:
        raise SetupError(advice(missing))


def needed_libraries(environment: Mapping[str, str]) -> dict[str, Packages]:
    """Return the part of the tables that this display needs; drawing into files needs the first only."""
    libraries = dict(DRAWING)
    if environment.get("DISPLAY"):
        libraries.update(X11_WINDOW)
    if environment.get("WAYLAND_DISPLAY"):
        libraries.update(WAYLAND_WINDOW)
    return libraries


def can_load(library: str) -> bool:
    """Return whether the dynamic linker finds `library`."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_font() -> bool:
    """Return whether any font is installed."""
    folders = [Path(folder).expanduser() for folder in FONT_FOLDERS]
    kinds = ("*.ttf", "*.otf", "*.ttc")
    return any(next(folder.rglob(kind), None) for folder in folders if folder.is_dir() for kind in kinds)


def missing_packages(
    libraries: Mapping[str, Packages],
    loadable: Callable[[str], bool] = can_load,
    font: Callable[[], bool] = has_font,
) -> list[Packages]:
    """Return the missing packages as rows of (Debian, Fedora, Arch) names."""
    missing = [packages for library, packages in libraries.items() if not loadable(library)]
    return missing if font() else [*missing, FONT_PACKAGES]


def install_command(missing: Iterable[Packages], which: Callable[[str], str | None] = shutil.which) -> list[str] | None:
    """Return the command that installs `missing` here; None where no known installer is there."""
    for column, (program, start) in enumerate(INSTALLERS):
        if which(program):
            return start + sorted({packages[column] for packages in missing})
    return None


def install_with_apt(command: list[str]) -> None:
    """Install as root, without questions. Raises SetupError with all that apt-get said."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    said = ""
    # the lists may be stale or absent; if they cannot be had, the packages may be there all the same
    for step in (["apt-get", "update"], command):
        done = subprocess.run(
            step,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
        said += done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise SetupError("apt-get could not install what Qt needs:\n" + said)


def advice(missing: list[Packages]) -> str:
    """Say what to type to get `missing`."""
    lack = "Qt needs system libraries that are missing here"
    if missing == [FONT_PACKAGES]:
        lack = "There is no font here, so letters will be empty boxes"
    command = install_command(missing)
    if command is None:
        names = " ".join(sorted({packages[0] for packages in missing}))
        return lack + "; install these (their names on Debian): " + names
    return lack + ". Type this, then try again:\n    sudo " + " ".join(command)
