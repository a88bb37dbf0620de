"""The Linux packages that gradviz and its bundle need: installed with apt as root, otherwise listed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from terminal import SetupError, say

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from gradviz.system_libraries import (
    DRAWING,
    WAYLAND_WINDOW,
    X11_WINDOW,
    can_load,
    install_command,
    lacking,
)

if TYPE_CHECKING:
    from gradviz.system_libraries import Packages

# without a font every letter is an empty box
FONT_PACKAGES = ("fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu")
# what builds and tests a bundle: program -> its package
BUNDLE_PROGRAMS = {
    "objdump": ("binutils", "binutils", "binutils"),
    "readelf": ("binutils", "binutils", "binutils"),
    "strip": ("binutils", "binutils", "binutils"),
    "xz": ("xz-utils", "xz", "xz"),
    "Xvfb": ("xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"),
    "appstreamcli": ("appstream", "appstream", "appstream"),
    "desktop-file-validate": ("desktop-file-utils", "desktop-file-utils", "desktop-file-utils"),
    "update-mime-database": ("shared-mime-info", "shared-mime-info", "shared-mime-info"),
    "gio": ("libglib2.0-bin", "glib2", "glib2"),
}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")


def prepare_system(environment: Mapping[str, str], programs: Mapping[str, Packages] = {}) -> None:
    """Install with apt, as root, what Qt needs for the display that `environment` names; otherwise say how to.

    The same for `programs`, given with their packages. Raises SetupError if something is still missing. A missing font
    is only reported: everything but the letters works without one.
    """
    if not sys.platform.startswith("linux"):
        return
    libraries = needed_libraries(environment)
    missing = missing_packages(libraries, programs)
    if not missing:
        return
    command = install_command(missing)
    if command and command[0] == "apt-get" and os.geteuid() == 0:
        say("step 1 of 3: installing system packages: " + " ".join(command[4:]))
        install_with_apt(command)
        missing = missing_packages(libraries, programs)
    if missing == [FONT_PACKAGES]:
        say(advice(missing))
    elif missing:
        raise SetupError(advice(missing))


def needed_libraries(environment: Mapping[str, str]) -> dict[str, Packages]:
    """Return the libraries that this display needs; drawing into files needs only `DRAWING`."""
    libraries = dict(DRAWING)
    if environment.get("DISPLAY"):
        libraries.update(X11_WINDOW)
    if environment.get("WAYLAND_DISPLAY"):
        libraries.update(WAYLAND_WINDOW)
    return libraries


def has_font() -> bool:
    """Return whether any font is installed."""
    folders = [Path(folder).expanduser() for folder in FONT_FOLDERS]
    kinds = ("*.ttf", "*.otf", "*.ttc")
    return any(next(folder.rglob(kind), None) for folder in folders if folder.is_dir() for kind in kinds)


def missing_packages(
    libraries: Mapping[str, Packages],
    programs: Mapping[str, Packages] = {},
    loadable: Callable[[str], bool] = can_load,
    font: Callable[[], bool] = has_font,
    which: Callable[[str], str | None] = shutil.which,
) -> list[Packages]:
    """Return the missing packages as rows of (Debian, Fedora, Arch) names."""
    missing = list(lacking(libraries, loadable).values())
    missing += [packages for program, packages in programs.items() if not which(program)]
    return missing if font() else [*missing, FONT_PACKAGES]


def install_with_apt(command: list[str]) -> None:
    """Install as root, without questions. Raises SetupError with the output of apt-get."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    said = ""
    # the lists may be stale; if the update fails, the packages may still be available
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
        raise SetupError("apt-get could not install the packages:\n" + said)


def advice(missing: list[Packages]) -> str:
    """Return what to type to install `missing`."""
    lack = "Qt needs system packages that are missing"
    if missing == [FONT_PACKAGES]:
        lack = "No font is installed, so letters will be empty boxes"
    command = install_command(missing)
    if command is None:
        names = " ".join(sorted({packages[0] for packages in missing}))
        return lack + "; install these (Debian's names): " + names
    return lack + ". Type this, then try again:\n    sudo " + " ".join(command)
