"""What Qt needs of the system: found by fake look-ups here, and compared with what its files really name."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import system_packages
from system_packages import BUNDLE_PROGRAMS, FONT_PACKAGES
from terminal import SetupError

from gradviz.system_libraries import DRAWING, WAYLAND_WINDOW, X11_WINDOW

# of every system that Python's wheels run on
OF_THE_COMPILER = re.compile(r"lib(c|m|dl|pthread|rt|gcc_s|stdc\+\+)\.so|ld-linux")


def has_fonts() -> bool:
    return True


def installed_but(*absent: str):  # type: ignore[no-untyped-def]
    return lambda library: library not in absent


def test_libraries_by_display() -> None:
    assert system_packages.needed_libraries({}) == DRAWING
    assert system_packages.needed_libraries({"DISPLAY": ""}) == DRAWING
    assert system_packages.needed_libraries({"DISPLAY": ":0"}) == DRAWING | X11_WINDOW
    assert system_packages.needed_libraries({"WAYLAND_DISPLAY": "wayland-0"}) == DRAWING | WAYLAND_WINDOW


def test_missing_packages() -> None:
    libraries = DRAWING | X11_WINDOW
    assert system_packages.missing_packages(libraries, {}, installed_but(), has_fonts) == []
    absent = installed_but("libEGL.so.1", "libxcb-cursor.so.0")
    missing = system_packages.missing_packages(libraries, {}, absent, has_fonts)
    assert [packages[0] for packages in missing] == ["libegl1", "libxcb-cursor0"]
    assert system_packages.missing_packages(libraries, {}, installed_but(), lambda: False) == [FONT_PACKAGES]


def test_missing_programs() -> None:
    def which(program: str) -> str | None:
        return None if program in ("Xvfb", "strip") else "/usr/bin/" + program

    missing = system_packages.missing_packages({}, BUNDLE_PROGRAMS, installed_but(), has_fonts, which)
    assert [packages[0] for packages in missing] == ["binutils", "xvfb"]


def test_the_real_look_up_tells_there_from_not_there() -> None:
    if sys.platform.startswith("linux"):
        assert system_packages.can_load("libc.so.6")
    assert not system_packages.can_load("libno-such-thing.so.7")


def test_fonts_are_found_below_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "FONT_FOLDERS", (str(tmp_path / "absent"), str(tmp_path)))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    assert not system_packages.has_font()
    (tmp_path / "deep" / "er" / "some.otf").touch()
    assert system_packages.has_font()


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("apt-get", "apt-get install -y --no-install-recommends libgl1 libglib2.0-0"),
        ("dnf", "dnf install -y glib2 libglvnd-glx"),
        ("pacman", "pacman -S --needed glib2 libglvnd"),
    ],
)
def test_the_command_to_type_names_each_package_once(program: str, command: str) -> None:
    missing = [DRAWING[name] for name in ("libgthread-2.0.so.0", "libglib-2.0.so.0", "libGL.so.1")]
    which = {program: f"/usr/bin/{program}"}.get
    assert system_packages.install_command(missing, which) == command.split()


class Machine:
    """A Linux machine that lacks something (`lacks`, libEGL at first) until apt-get installs it."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, root: bool, installer: str | None, works: bool = True
    ) -> None:
        self.installed: list[list[str]] = []
        self.lacks = DRAWING["libEGL.so.1"]
        self._works = works
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(system_packages.os, "geteuid", lambda: 0 if root else 1000, raising=False)
        monkeypatch.setattr(system_packages, "install_with_apt", self.install)
        monkeypatch.setattr(system_packages, "missing_packages", self.missing)
        found = {installer: "/usr/bin/it"} if installer else {}
        install_command = system_packages.install_command
        monkeypatch.setattr(
            system_packages, "install_command", lambda missing: install_command(missing, which=found.get)
        )

    def install(self, command: list[str]) -> None:
        self.installed.append(command)

    def missing(self, *_wanted: dict[str, tuple[str, str, str]]) -> list[tuple[str, str, str]]:
        return [] if self.installed and self._works else [self.lacks]


def test_root_with_apt_gets_it_installed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine(monkeypatch, root=True, installer="apt-get")
    system_packages.prepare_system({})
    assert [command[-1] for command in machine.installed] == ["libegl1"]
    assert "libegl1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("root", "installer", "advice"),
    [
        (False, "apt-get", "sudo apt-get install -y --no-install-recommends libegl1"),
        (True, "dnf", "sudo dnf install -y libglvnd-egl"),
        (False, "pacman", "sudo pacman -S --needed libglvnd"),
        (True, None, "libegl1"),
    ],
)
def test_everybody_else_is_told_what_to_type(
    root: bool, installer: str | None, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, root=root, installer=installer)
    with pytest.raises(SetupError) as told:
        system_packages.prepare_system({})
    assert advice in str(told.value)
    assert machine.installed == []


def test_without_a_font_it_goes_on_and_says_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(monkeypatch, root=False, installer="apt-get")
    machine.lacks = FONT_PACKAGES
    system_packages.prepare_system({})
    said = capsys.readouterr().err
    assert "empty boxes" in said
    assert "sudo apt-get install -y --no-install-recommends fonts-dejavu-core" in said


def test_an_installation_that_does_not_help_is_not_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, root=True, installer="apt-get", works=False)
    with pytest.raises(SetupError, match="libegl1"):
        system_packages.prepare_system({})
    assert len(machine.installed) == 1


def test_other_systems_bring_their_own_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, root=True, installer="apt-get")
    monkeypatch.setattr(sys, "platform", "darwin")
    system_packages.prepare_system({"DISPLAY": ":0"})
    assert machine.installed == []


def needed_by(path: Path) -> set[str]:
    """Return the libraries that the ELF header of `path` names."""
    said = subprocess.run(["readelf", "-d", str(path)], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", said))


def system_needs(names: list[str], qt: Path) -> set[str]:
    """Follow the headers of the files `names` through the files that Qt brings along to the system's libraries."""
    waiting, seen, outside = [next(qt.rglob(name)) for name in names], set(), set()
    while waiting:
        path = waiting.pop()
        for library in needed_by(path) - seen:
            seen.add(library)
            own = next(qt.rglob(library), None)
            if own is not None:
                waiting.append(own)
            elif not OF_THE_COMPILER.match(library):
                outside.add(library)
    return outside


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("readelf") is None, reason="needs Linux and readelf"
)
@pytest.mark.parametrize(
    ("files", "libraries"),
    [
        (["libQt6Widgets.so.6", "libQt6Svg.so.6", "libQt6Test.so.6", "libqoffscreen.so", "libqsvg.so"], DRAWING),
        (["libqxcb.so"], DRAWING | X11_WINDOW),
        (["libqwayland.so", "libxdg-shell.so", "libqt-plugin-wayland-egl.so"], DRAWING | WAYLAND_WINDOW),
    ],
    ids=["drawing", "X11", "Wayland"],
)
def test_the_tables_hold_exactly_what_the_files_of_qt_name(files: list[str], libraries: dict[str, object]) -> None:
    spec = find_spec("PySide6")
    assert spec is not None
    assert spec.origin is not None
    needs = system_needs(files, Path(spec.origin).parent / "Qt")
    assert needs <= set(libraries)
    # nobody is asked to install what nothing needs
    if libraries is DRAWING:
        assert needs == set(libraries)
    else:
        assert set(libraries) - set(DRAWING) <= needs
