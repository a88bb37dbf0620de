"""Acts as a user of an X display: finds windows and closes them by their frame. Standard library only."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

VIEWABLE = 2
CLIENT_MESSAGE = 33


class ClientMessage(ctypes.Structure):
    """XClientMessageEvent of Xlib, with five longs of data."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        # an XEvent is as large as the largest of them: 24 longs
        ("rest", ctypes.c_long * 12),
    )


class Attributes(ctypes.Structure):
    """XWindowAttributes of Xlib."""

    _fields_ = (
        ("place", ctypes.c_int * 5),  # x, y, width, height, border
        ("depth", ctypes.c_int),
        ("visual", ctypes.c_void_p),
        ("root", ctypes.c_ulong),
        ("drawing", ctypes.c_int * 4),  # class, bit gravity, window gravity, backing store
        ("planes", ctypes.c_ulong * 2),
        ("save_under", ctypes.c_int),
        ("colormap", ctypes.c_ulong),
        ("map_installed", ctypes.c_int),
        ("map_state", ctypes.c_int),
        ("masks", ctypes.c_long * 3),
        ("override_redirect", ctypes.c_int),
        ("screen", ctypes.c_void_p),
    )


class Person:
    """Finds and closes windows through the connection `display`, without a window manager."""

    def __init__(self, xlib: ctypes.CDLL, display: ctypes.c_void_p) -> None:
        self._x, self._display = xlib, display
        self._protocols = self._atom(b"WM_PROTOCOLS")
        self._close = self._atom(b"WM_DELETE_WINDOW")

    def windows(self) -> list[int]:
        """Return the windows on the display that can be closed."""
        root, parent = ctypes.c_ulong(), ctypes.c_ulong()
        children, count = ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint()
        self._x.XQueryTree(
            self._display, ctypes.c_ulong(self._x.XDefaultRootWindow(self._display)), ctypes.byref(root),
            ctypes.byref(parent), ctypes.byref(children), ctypes.byref(count),
        )  # fmt: skip
        found = [children[number] for number in range(count.value)]
        if found:
            self._x.XFree(children)
        return [window for window in found if self._is_shown(window) and self._can_be_closed(window)]

    def close(self, window: int) -> None:
        """Ask `window` to close, as the close button of its frame does."""
        event = ClientMessage(type=CLIENT_MESSAGE, window=window, message_type=self._protocols, format=32)
        event.data[0] = self._close
        self._x.XSendEvent(self._display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
        self._x.XSync(self._display, 0)

    def _is_shown(self, window: int) -> bool:
        attributes = Attributes()
        answered = self._x.XGetWindowAttributes(self._display, ctypes.c_ulong(window), ctypes.byref(attributes))
        return bool(answered) and attributes.map_state == VIEWABLE

    def _can_be_closed(self, window: int) -> bool:
        atoms, count = ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_int()
        arguments = (ctypes.c_ulong(window), ctypes.byref(atoms), ctypes.byref(count))
        if not self._x.XGetWMProtocols(self._display, *arguments):
            return False
        known = {atoms[number] for number in range(count.value)}
        self._x.XFree(atoms)
        return self._close in known

    def _atom(self, name: bytes) -> int:
        return int(self._x.XInternAtom(self._display, name, 0))


@contextmanager
def person_at(display: str) -> Iterator[Person]:
    """Yield a user of the X display of that name."""
    xlib = ctypes.CDLL("libX11.so.6")
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XDefaultRootWindow.restype = xlib.XInternAtom.restype = ctypes.c_ulong
    for function in ("XDefaultRootWindow", "XCloseDisplay"):
        getattr(xlib, function).argtypes = [ctypes.c_void_p]
    connection = ctypes.c_void_p(xlib.XOpenDisplay(display.encode()))
    if not connection:
        raise OSError("the display " + display + " does not answer")
    # a window may disappear during a query; that must not end this process
    ignore = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(_ignore)
    xlib.XSetErrorHandler(ignore)
    try:
        yield Person(xlib, connection)
    finally:
        xlib.XSetErrorHandler(None)
        xlib.XCloseDisplay(connection)


def _ignore(_display: Any, _error: Any) -> int:
    return 0
