"""Displays that answer, and those that are only named."""

import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gradviz.cli import COMMANDS, main
from gradviz.commands.display import can_show_windows, lacking_for_windows
from gradviz.system_libraries import X11_WINDOW, lacking_by

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


def test_what_a_display_lacks(tmp_path: Path) -> None:
    def loadable(*absent: str) -> Callable[[str], bool]:
        return lambda library: library not in absent

    with listening(str(tmp_path / "w")):
        wayland = {"WAYLAND_DISPLAY": "w", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert lacking_for_windows(wayland, loadable()) == {}
    with listening(str(tmp_path / "v")):
        wayland = {"WAYLAND_DISPLAY": "v", "XDG_RUNTIME_DIR": str(tmp_path)}
        lacks = lacking_for_windows(wayland, loadable("libwayland-client.so.0", "libxcb-cursor.so.0", "libEGL.so.1"))
        assert [packages[0] for packages in lacks.values()] == ["libegl1", "libwayland-client0"]
    assert lacking_for_windows({"QT_QPA_PLATFORM": "offscreen"}, loadable("libEGL.so.1")) == {}


def test_a_display_that_lacks_a_library_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacks = {"libxcb-cursor.so.0": X11_WINDOW["libxcb-cursor.so.0"]}
    monkeypatch.setattr("gradviz.commands.display.can_show_windows", lambda _environment: True)
    monkeypatch.setattr("gradviz.commands.display.lacking_for_windows", lambda _environment: lacks)
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")
    assert main([]) == 2
    said = capsys.readouterr().err
    assert "libxcb-cursor.so.0" in said
    assert said.endswith("libxcb-cursor0\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("message", "library"),
    [
        ("libEGL.so.1: cannot open shared object file: No such file or directory", "libEGL.so.1"),
        ("/opt/grad viz/_internal/libEGL.so.1: file too short", "libEGL.so.1"),
        ("/lib/libstdc++.so.6: version `GLIBCXX_3.4.40' not found (required by /opt/a.so)", "libstdc++.so.6"),
        ("No module named 'torch'", None),
        ("libunheard-of.so.3: cannot open shared object file: No such file or directory", None),
    ],
)
def test_an_import_that_failed_for_a_library(message: str, library: str | None) -> None:
    assert list(lacking_by(ImportError(message), lambda _library: True)) == ([library] if library else [])


def test_all_that_lacks_for_the_same_is_named_at_once() -> None:
    error = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
    lacks = lacking_by(error, lambda library: library not in ("libGL.so.1", "libX11.so.6", "libxcb-cursor.so.0"))
    assert list(lacks) == ["libGL.so.1", "libX11.so.6"]


def test_the_library_that_an_import_lacked_is_named_and_anything_else_is_a_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lack(message: str) -> Callable[[list[str]], int]:
        def command(_arguments: list[str]) -> int:
            raise ImportError(message)

        return command

    monkeypatch.setitem(COMMANDS, "fields", lack("libGL.so.1: cannot open shared object file: No such file"))
    assert main(["fields"]) == 2
    said = capsys.readouterr().err
    assert "libGL.so.1" in said
    assert said.count("\n") == 1
    monkeypatch.setitem(COMMANDS, "fields", lack("cannot import name 'train'"))
    with pytest.raises(ImportError, match="train"):
        main(["fields"])
