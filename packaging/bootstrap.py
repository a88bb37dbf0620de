"""Set gradviz up on a machine that has only Python and pip, and run it, its tests or the making of its bundle.

    python3 packaging/bootstrap.py run [arguments of gradviz]
    python3 packaging/bootstrap.py test [arguments of pytest]
    python3 packaging/bootstrap.py bundle [--packages | --debian]

Standard library only, and readable for Pythons too old for gradviz, so that they can say so. It looks for the system
libraries that Qt needs, makes `.venv` in the checkout, installs the package with every version pinned, and then does
what was asked. A second call finds everything in place.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from system_packages import BUNDLE_PROGRAMS, prepare_system
from terminal import SetupError, say
from virtual_environment import VirtualEnvironment

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
BUNDLE_ENVIRONMENT = ".venv-bundle"
DISPLAY_ANSWER_S = 10
BAD_ARGUMENTS = 2
INTERRUPTED = 130
COMMANDS_WITHOUT_WINDOW = ("run", "presets", "fields", "bench", "claims", "selftest")
PRESET_WITHOUT_DISPLAY = "relu-20"
PICTURE_WITHOUT_DISPLAY = "gradviz-heatmap.png"


def run(arguments: list[str]) -> int:
    """Set up and open the window; without a display do the same job in the terminal. Return the exit status."""
    prepare_system(os.environ)
    environment = VirtualEnvironment(ROOT)
    environment.prepare([])
    # without arguments the first look: the network on the form begins to train
    arguments = arguments or ["--start"]
    if wants_window(arguments) and not display_answers(environment):
        say("there is no display here, so the network is trained in the terminal and its heatmap written to a file.")
        arguments = terminal_arguments(arguments)
    # Ctrl-C is for the program, which ends its run in order; a handler, unlike SIG_IGN, is not inherited by it
    signal.signal(signal.SIGINT, lambda *_: None)
    return subprocess.run([str(environment.program("gradviz")), *arguments], check=False).returncode


def wants_window(arguments: list[str]) -> bool:
    """Return whether `gradviz` with these arguments opens a window."""
    return arguments[0] not in COMMANDS_WITHOUT_WINDOW and not {"-h", "--help", "--version"} & set(arguments)


def display_answers(environment: VirtualEnvironment) -> bool:
    """Return whether a window could be shown, as gradviz itself sees it."""
    question = [str(environment.program("python")), "-m", "gradviz.commands.display"]
    try:
        return subprocess.run(question, timeout=DISPLAY_ANSWER_S, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def terminal_arguments(arguments: list[str]) -> list[str]:
    """Return the arguments of `gradviz run` that do in the terminal what `gradviz` was asked to do in a window."""
    kept = [argument for argument in arguments if argument != "--start"]
    options = {argument.split("=")[0] for argument in kept if argument.startswith("--")}
    named = {"--preset", "--code"} & options or any(argument.endswith((".toml", ".json")) for argument in kept)
    if not named:
        kept = ["--preset", PRESET_WITHOUT_DISPLAY, *kept]
    if "--export" not in options:
        kept = [*kept, "--export", PICTURE_WITHOUT_DISPLAY]
    return ["run", *kept]


def test(arguments: list[str]) -> int:
    """Set up and run every check, the tests last; with arguments only pytest with them. Return the exit status."""
    # the tests paint offscreen whatever display there is
    prepare_system({})
    environment = VirtualEnvironment(ROOT)
    environment.prepare(["test"])
    results: list[tuple[str, int, float]] = []
    for name, command in checks(arguments):
        say(name + ": " + " ".join(command))
        begin = time.monotonic()
        program = [str(environment.program(command[0])), *command[1:]]
        status = subprocess.run(
            program,
            cwd=str(ROOT),
            env=dict({"QT_QPA_PLATFORM": "offscreen"}, **os.environ),
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        results.append((name, status, time.monotonic() - begin))
    for name, status, seconds in results:
        verdict = "passed" if status == 0 else "FAILED (exit status {})".format(status)
        say("{:18}{:6.1f} s  {}".format(name, seconds, verdict))
    return 1 if any(status for _, status, _ in results) else 0


def checks(arguments: list[str]) -> list[tuple[str, list[str]]]:
    """Return (name, command) of what `test` runs."""
    pytest = ("tests", ["pytest", *arguments])
    if arguments:
        return [pytest]
    return [
        ("lint", ["ruff", "check", "."]),
        ("format", ["ruff", "format", "--check", "."]),
        ("types", ["mypy"]),
        ("import contracts", ["lint-imports"]),
        ("self-test", ["gradviz", "selftest"]),
        pytest,
    ]


def bundle(arguments: list[str]) -> int:
    """Make the program that needs no Python, in `dist`, and prove it; packed, too, if asked. Return the status."""
    # the libraries for windows of both kinds go into it, whatever display there is here
    prepare_system({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, BUNDLE_PROGRAMS)
    # what is not installed cannot end up in it: an environment without tests and checks
    environment = VirtualEnvironment(ROOT, BUNDLE_ENVIRONMENT)
    environment.prepare(["bundle"])
    python = str(environment.program("python"))
    commands = [[python, str(ROOT / "packaging" / "bundle" / "make_bundle.py"), *arguments]]
    if sys.platform.startswith("linux"):
        folder = ROOT / "dist" / "gradviz"
        commands.append([python, str(ROOT / "packaging" / "smoke_test.py"), str(folder), "--compare", python])
    for command in commands:
        say(" ".join(command))
        status = subprocess.run(command, cwd=str(ROOT), stdin=subprocess.DEVNULL, check=False).returncode
        if status:
            return status
    return 0


VERBS = {"run": run, "test": test, "bundle": bundle}


def main(arguments: list[str]) -> int:
    """Do what the first of `arguments` says and return the exit status."""
    if sys.version_info < OLDEST_PYTHON:
        say("Python 3.11 or newer is needed; this is {}.{}.".format(*sys.version_info))
        return BAD_ARGUMENTS
    if not arguments or arguments[0] not in VERBS:
        unknown = "" if not arguments else "there is no verb {!r}; ".format(arguments[0])
        say(unknown + "type: python3 packaging/bootstrap.py " + "|".join(VERBS) + " [arguments]")
        return BAD_ARGUMENTS
    try:
        return VERBS[arguments[0]](arguments[1:])
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
