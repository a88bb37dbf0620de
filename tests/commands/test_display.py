"""Displays that answer, and those that are only named."""

import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gradviz.commands.display import can_show_windows

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can be without a display")


@contextmanager
def listening(address: str, answer: bytes = b"") -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                if connection.recv(4096) and answer:
                    connection.sendall(answer)
                    connection.recv(4096)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            # nobody may have called
            with socket.socket(socket.AF_UNIX) as last_call:
                last_call.connect(address)
            thread.join()


def test_nothing_named() -> None:
    assert not can_show_windows({})
    assert not can_show_windows({"QT_QPA_PLATFORM": "xcb"})


def test_platforms_that_need_no_display() -> None:
    assert can_show_windows({"QT_QPA_PLATFORM": "offscreen"})
    assert can_show_windows({"QT_QPA_PLATFORM": "vnc:port=5901"})


def test_displays_that_do_not_answer(tmp_path: Path) -> None:
    assert not can_show_windows({"DISPLAY": str(tmp_path / "nobody")})
    assert not can_show_windows({"DISPLAY": ":93715"})
    assert not can_show_windows({"WAYLAND_DISPLAY": "nobody", "XDG_RUNTIME_DIR": str(tmp_path)})
    assert not can_show_windows({"WAYLAND_DISPLAY": "wayland-0"})


def test_a_wayland_display_that_answers(tmp_path: Path) -> None:
    with listening(str(tmp_path / "w")):
        environment = {"WAYLAND_DISPLAY": "w", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert not can_show_windows(environment | {"QT_QPA_PLATFORM": "xcb"})
        assert can_show_windows(environment)


@pytest.mark.parametrize(("success", "answers"), [(1, True), (0, False)])
def test_an_x11_display_lets_us_in_or_refuses(success: int, answers: bool) -> None:
    number = 50_000 + os.getpid()
    # X11 protocol, "Connection Setup": status, length of the reason, version 11.0, length of the rest in 4 bytes
    words = 8
    answer = struct.pack("<BBHHH", success, 0, 11, 0, words) + bytes(4 * words)
    # an abstract socket, which X clients on Linux try first
    with listening(f"\0/tmp/.X11-unix/X{number}", answer):
        assert can_show_windows({"DISPLAY": f":{number}"}) is answers


@pytest.mark.parametrize(("platform", "status"), [("offscreen", 0), ("xcb", 1)])
def test_as_a_program(platform: str, status: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    program = [sys.executable, "-m", "gradviz.commands.display"]
    done = subprocess.run(program, env=environment | {"QT_QPA_PLATFORM": platform}, check=False)
    assert done.returncode == status
