"""Whether a window can be shown. `python -m gradviz.commands.display` exits with 0 if so, with 1 if not.

On Linux, Qt aborts the process where no display answers or a library for it is missing, so this is checked first.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gradviz.errors import DisplayError
from gradviz.system_libraries import DRAWING, WAYLAND_WINDOW, X11_WINDOW, can_load, in_one_line, lacking

if TYPE_CHECKING:
    from gradviz.system_libraries import Packages

PLATFORMS_WITH_DISPLAY = ("", "xcb", "wayland")


def can_show_windows(environment: Mapping[str, str]) -> bool:
    """Return whether Qt finds a display in `environment`; one that is named but does not answer does not count."""
    return not _needs_display(environment) or any(_displays(environment))


def require_display(environment: Mapping[str, str]) -> None:
    """Raise DisplayError, with a remedy, where no window can be shown."""
    if not can_show_windows(environment):
        raise DisplayError("there is no display; `gradviz run` trains in the terminal instead")
    lacks = lacking_for_windows(environment)
    if lacks:
        raise DisplayError(in_one_line(lacks))


def lacking_for_windows(
    environment: Mapping[str, str], loadable: Callable[[str], bool] = can_load
) -> dict[str, Packages]:
    """Return the system libraries that Qt lacks to use the display in `environment`; empty if it can use it.

    Where Wayland and X11 both answer, one of them is enough; if both lack libraries, those of X11 are returned.
    """
    if not _needs_display(environment):
        return {}
    lacks: dict[str, Packages] = {}
    for libraries in _displays(environment):
        lacks = lacking({**DRAWING, **libraries}, loadable)
        if not lacks:
            break
    return lacks


def _needs_display(environment: Mapping[str, str]) -> bool:
    return sys.platform.startswith("linux") and _platform(environment) in PLATFORMS_WITH_DISPLAY


def _platform(environment: Mapping[str, str]) -> str:
    return environment.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]


def _displays(environment: Mapping[str, str]) -> Iterator[dict[str, Packages]]:
    """Yield, for each display that answers, the libraries that a window on it needs."""
    platform = _platform(environment)
    if platform != "xcb" and _wayland_answers(environment):
        yield WAYLAND_WINDOW
    if platform != "wayland" and _x11_answers(environment):
        yield X11_WINDOW


def _wayland_answers(environment: Mapping[str, str]) -> bool:
    name, folder = environment.get("WAYLAND_DISPLAY", ""), environment.get("XDG_RUNTIME_DIR", "")
    if not name or not (folder or Path(name).is_absolute()):
        return False
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(Path(folder, name)))
        except OSError:
            return False
    return True


def _x11_answers(environment: Mapping[str, str]) -> bool:
    name = environment.get("DISPLAY", "")
    if not name:
        return False
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(name.encode(), None))
    answers = bool(xcb.xcb_connection_has_error(connection) == 0)
    xcb.xcb_disconnect(connection)
    return answers


if __name__ == "__main__":
    sys.exit(0 if can_show_windows(os.environ) else 1)
