"""Test that a bundle works on an empty machine, and that it computes what the checkout computes.

    python3 packaging/smoke_test.py dist/gradviz [--compare PYTHON]

PYTHON is one with gradviz installed: what it computes the bundle must compute, bit by bit. For Linux; standard library
only, with Xvfb for what happens on a screen.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from frozen_program import LIMIT_S, NOBODY, CaseError, FrozenProgram, x11_display
from x11_person import person_at

ROOT = Path(__file__).resolve().parent.parent
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}
X11 = {"QT_QPA_PLATFORM": "xcb"}
HARD_PATH = "grad viz – Прога ünd $HOME"
SIGNATURES = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".pdf": b"%PDF-",
    ".npz": b"PK",
    ".gradviz": b"SQLite format 3\0",
    ".gif": b"GIF89a",
    ".webp": b"RIFF",
}
# compared: float32 and float64, two kinds of optimiser, a thousand layers
COMPARED = (
    ("relu-20", ["--steps", "40"]),
    ("sigmoid-batch-norm-30", ["--steps", "20", "--set", "optimizer=adam"]),
    ("tanh-1000", ["--steps", "2"]),
)
Check = Callable[[FrozenProgram], None]


def says_its_version(program: FrozenProgram) -> None:
    """The version is that of the package."""
    text = (ROOT / "gradviz" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'__version__ = "(.+)"', text)
    assert version is not None
    _require(program.run("--version").split() == ["gradviz", version[1]], "--version prints another version")


def passes_its_self_test(program: FrozenProgram) -> None:
    """The real window trains in its worker thread, draws, exports, reads back, closes."""
    _self_test(program)


def home_is_read_only(program: FrozenProgram) -> None:
    """Home is read-only: settings and runs cannot be kept, everything else works."""
    home = program.work / "read-only"
    home.mkdir()
    home.chmod(0o555)
    elsewhere = FrozenProgram(program.folder, home, Path("/"))
    _require("selftest ok" in elsewhere.run("selftest", nobody=True), "no selftest ok")
    _open_and_close(elsewhere, ["--preset", "relu-20", "--start"], lambda: True, nobody=True)
    _require(not list(home.iterdir()), "something was written after all")


def path_is_hard(program: FrozenProgram) -> None:
    """Spaces, other alphabets and a dollar sign in the paths of the program, of home, and of the outputs."""
    place = program.work / HARD_PATH
    shutil.copytree(str(program.folder), str(place / "gradviz"), symlinks=True)
    moved = FrozenProgram(place / "gradviz", place, place)
    try:
        _self_test(moved)
        _export_everything(moved, place / "ergebnis ё.gradviz")
    finally:
        shutil.rmtree(str(place / "gradviz"))


def exports_and_reads_back(program: FrozenProgram) -> None:
    """A run writes PNG, SVG, PDF, NPZ and its recording; the recording is opened and exported, also as an animation."""
    run = program.work / "run.gradviz"
    _export_everything(program, run)
    said = json.loads(program.run("info", "--json", str(run)))
    _require((said["status"], said["steps"]) == ("finished", 30), "info says: " + str(said))
    again, animations = program.work / "again.npz", [program.work / "animation.gif", program.work / "animation.webp"]
    wanted = [part for animation in animations for part in ("--to", str(animation))]
    program.run("export", str(run), "--data", str(again), *wanted, more=OFFSCREEN)
    for animation in animations:
        _require(animation.read_bytes().startswith(SIGNATURES[animation.suffix]), animation.name + " is something else")
    first, second = _arrays(program.work / "run.npz"), _arrays(again)
    _require(bool(second) and first == second, "the recording gives other numbers than the run")


def window_on_x11(program: FrozenProgram) -> None:
    """The self-test on an X server with the xcb plugin, and what the display really shows."""
    with x11_display() as display:
        picture = program.work / "window.png"
        arguments = ["selftest", "--on-screen", "--screenshot", str(picture)]
        said = program.run(*arguments, more={"DISPLAY": display, **X11})
    _require(said.strip() == "selftest ok", "it says: " + said)
    _require(picture.stat().st_size > 20_000, "the screenshot is empty")


def window_is_closed_by_a_person(program: FrozenProgram) -> None:
    """The window trains until it is closed by its frame; the program exits with 0, leaves no process, keeps the run."""
    runs = program.home / ".local" / "share" / "gradviz" / "runs"
    _open_and_close(program, ["--preset", "relu-100", "--start"], lambda: any(runs.glob("*.gradviz")))
    [run] = runs.iterdir()
    said = json.loads(program.run("info", "--json", str(run)))
    _require(said["status"] == "stopped" and said["steps"] > 0, "info says: " + str(said))


def opens_a_recording(program: FrozenProgram) -> None:
    """Called with a recording, as by a file manager, the program shows it."""
    _open_and_close(program, [str(program.work / "run.gradviz")], lambda: True)


def installs_itself_for_one_person(program: FrozenProgram) -> None:
    """The installer in the archive adds the program to the menu and removes it again, from a difficult path."""
    place = program.work / "menu" / HARD_PATH
    place.mkdir(parents=True)
    for name in ("gradviz", "install.sh", "share"):
        os.symlink(str(program.folder / name), str(place / name))  # noqa: PTH211
    home = program.work / "menu" / "home"
    home.mkdir()
    home.chmod(0o777)
    script = [str(place / "install.sh")]
    _as_nobody(script, home)
    entry = home / ".local" / "share" / "applications" / "gradviz.desktop"
    subprocess.run(["desktop-file-validate", str(entry)], check=True)
    _require('Exec="' + str(place / "gradviz").replace("$", "\\\\$") in entry.read_text("utf-8"), "Exec is wrong")
    link = home / ".local" / "bin" / "gradviz"
    _require(link.resolve() == program.program.resolve(), "the link leads elsewhere")
    _as_nobody([*script, "--remove"], home)
    left = list(home.rglob("*gradviz*"))
    _require(not left and not link.is_symlink(), "left are " + " ".join(map(str, left)))


def names_a_missing_library(program: FrozenProgram) -> None:
    """A missing system library is reported on one line with its package, and Qt does not abort."""
    for library, package, arguments in (
        ("libxcb-cursor.so.0", "libxcb-cursor0", []),
        ("libEGL.so.1", "libegl1", ["selftest"]),
    ):
        # the loader first finds a file that is not a library
        place = program.folder / "_internal" / library
        kept = program.folder / (library + ".kept")
        if place.exists():
            place.rename(kept)
        place.touch()
        try:
            with x11_display() as display:
                said = program.run(*arguments, more={"DISPLAY": display}, status=2)
        finally:
            place.unlink()
            if kept.exists():
                kept.rename(place)
        _require(library in said and package in said and said.count("\n") == 1, library + ": it says: " + said)


def without_a_display(program: FrozenProgram) -> None:
    """A missing display is reported on one line."""
    said = program.run(status=2)
    _require("no display" in said and said.count("\n") == 1, "it says: " + said)


def qt_can_be_replaced(program: FrozenProgram) -> None:
    """A Qt library that is replaced by another build is loaded, as the licence of Qt requires."""
    for library in (program.folder / "_internal" / "PySide6" / "Qt" / "lib").glob("libQt6Svg.so.*"):
        before = library.read_bytes()
        try:
            library.write_bytes(before + b"another build")
            _self_test(program)
            library.write_bytes(b"")
            _require("libQt6Svg" in program.run("selftest", status=1), "the library in its place is not the one used")
        finally:
            library.write_bytes(before)


def writes_nothing_into_itself(program: FrozenProgram) -> None:
    """The folder of the program is unchanged after all cases."""
    _require(_listing(program.folder) == _LISTINGS[program.folder], "the folder of the program has changed")


def computes_the_same(program: FrozenProgram, python: str) -> None:
    """Stripping and exclusions change no bit of what a run measures."""
    for preset, options in COMPARED:
        arguments = ["run", "--preset", preset, *options, "--set", "device=cpu", "--data"]
        program.run(*arguments, "frozen.npz")
        command = [python, "-m", "gradviz", *arguments, "source.npz"]
        subprocess.run(
            command, cwd=str(program.work), env=program.environment(), check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=LIMIT_S,
        )  # fmt: skip
        frozen, source = _arrays(program.work / "frozen.npz"), _arrays(program.work / "source.npz")
        different = sorted(name for name in frozen.keys() | source.keys() if frozen.get(name) != source.get(name))
        _require(len(source) > 5 and not different, preset + ": different are " + ", ".join(different))


CHECKS: dict[str, Check] = {
    "says its version": says_its_version,
    "passes its self test": passes_its_self_test,
    "home is read only": home_is_read_only,
    "path is hard": path_is_hard,
    "exports and reads back": exports_and_reads_back,
    "window on x11": window_on_x11,
    "window is closed by a person": window_is_closed_by_a_person,
    "opens a recording": opens_a_recording,
    "installs itself for one person": installs_itself_for_one_person,
    "names a missing library": names_a_missing_library,
    "without a display": without_a_display,
    "qt can be replaced": qt_can_be_replaced,
    "writes nothing into itself": writes_nothing_into_itself,
}
_LISTINGS: dict[Path, list[tuple[str, int]]] = {}


def _self_test(program: FrozenProgram) -> None:
    said = program.run("selftest")
    _require("selftest ok" in said, "it says: " + said)


def _export_everything(program: FrozenProgram, run: Path) -> None:
    pictures = [run.with_suffix(kind) for kind in (".png", ".svg", ".pdf")]
    wanted = [part for picture in pictures for part in ("--export", str(picture))]
    arguments = ["run", "--preset", "relu-20", "--steps", "30", "--plot", "board", *wanted]
    said = program.run(*arguments, "--data", str(run.with_suffix(".npz")), "--out", str(run), "--json", more=OFFSCREEN)
    summary = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    _require(summary["status"] == "finished" and summary["steps"] == 30, "it says: " + said)
    for path in (*pictures, run.with_suffix(".npz"), run):
        content = path.read_bytes()
        _require(content.startswith(SIGNATURES.get(path.suffix, b"<?xml")), path.name + " is something else")
    words = " ".join(ElementTree.parse(str(run.with_suffix(".svg"))).getroot().itertext())
    _require("layer" in words, "the SVG has no text in it")


def _as_nobody(command: list[str], home: Path) -> None:
    options: dict[str, Any] = {}
    if os.geteuid() == 0:
        options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, cwd=str(home), **options)


def _arrays(path: Path) -> dict[str, int]:
    """Return the checksum of each array in an NPZ file."""
    with zipfile.ZipFile(str(path)) as archive:
        return {entry.filename: entry.CRC for entry in archive.infolist()}


def _open_and_close(
    program: FrozenProgram, arguments: list[str], until: Callable[[], bool], *, nobody: bool = False
) -> None:
    """Open the window on an X display, close it once `until` holds, and check that the program exits with 0."""
    with x11_display() as display, person_at(display) as person:
        process = program.start(*arguments, more={"DISPLAY": display}, nobody=nobody)
        try:
            _wait(person.windows, process, "no window was shown")
            _wait(until, process, "nothing came of it")
            for window in person.windows():
                person.close(window)
        except BaseException:
            process.kill()
            raise
        said = program.ended(process)
        _require(not said, "it says: " + said)


def _wait(fact: Callable[[], object], process: subprocess.Popen[str], otherwise: str) -> None:
    until = time.monotonic() + LIMIT_S
    while not fact():
        if process.poll() is not None:
            raise CaseError(otherwise + "; it says: " + "".join(process.communicate()))
        if time.monotonic() > until:
            raise CaseError(otherwise)
        time.sleep(0.1)


def _listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_size) for path in folder.rglob("*"))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CaseError(otherwise)


def main(arguments: list[str]) -> int:
    """Run all cases, print the result of each, and return 1 if any failed."""
    folder = Path(arguments[0]).resolve()
    # not resolved: Python finds a virtual environment through its link
    python = str(Path.cwd() / arguments[arguments.index("--compare") + 1]) if "--compare" in arguments else ""
    checks = dict(CHECKS)
    if python:
        checks["computes the same as the checkout"] = partial(computes_the_same, python=python)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="gradviz-smoke-") as scratch:
        # users other than root must reach it
        os.chmod(scratch, 0o755)  # noqa: PTH101
        copy = Path(scratch, "gradviz")
        shutil.copytree(str(folder), str(copy), symlinks=True)
        _LISTINGS[copy] = _listing(copy)
        for number, (name, check) in enumerate(checks.items()):
            home = Path(scratch, "home-{}".format(number))
            home.mkdir()
            work = Path(scratch, "work")
            work.mkdir(exist_ok=True)
            begin, complaint = time.monotonic(), ""
            try:
                check(FrozenProgram(copy, home, work))
            except (CaseError, OSError, subprocess.SubprocessError, ValueError) as error:
                complaint, failed = str(error), failed + 1
            print("{} {:5.1f} s  {}  {}".format("FAILED" if complaint else "passed", time.monotonic() - begin, name,
                  complaint).rstrip(), flush=True)  # fmt: skip
    print("{} passed, {} failed".format(len(checks) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
