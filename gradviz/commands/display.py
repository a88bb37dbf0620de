"""Whether a window can be shown. As a program, `python -m gradviz.commands.display` exits with 0 if so, with 1 if not.

Qt would abort the whole process on Linux where no display answers, so it has to be known before.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

PLATFORMS_WITH_DISPLAY = ("", "xcb", "wayland")


def can_show_windows(environment: Mapping[str, str]) -> bool:
    """Return whether Qt would find a display in `environment`; one that is named but does not answer is none."""
    if not sys.platform.startswith("linux"):
        return True
    platform = environment.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if platform not in PLATFORMS_WITH_DISPLAY:
        return True
    return (platform != "xcb" and _wayland_answers(environment)) or (
        platform != "wayland" and _x11_answers(environment)
    )


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
