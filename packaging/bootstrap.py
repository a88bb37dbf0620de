"""Set up gradviz on a machine that has only Python and pip; run it, test it, or build its bundle.

    python3 packaging/bootstrap.py run [arguments of gradviz]
    python3 packaging/bootstrap.py test [--fast] [arguments of pytest]
    python3 packaging/bootstrap.py bundle [--packages | --debian]

Standard library only. Pythons too old for gradviz can parse it, so that they can say so. It checks the system libraries
that Qt needs, creates `.venv` in the checkout, installs the package with pinned versions, and then runs the command. A
second call finds everything in place.

`test` runs all the tests on all cores, and the other checks beside them. `test --fast` is for the working day: it
leaves out the self-test and the tests marked `slow`. With other arguments `test` is pytest with them and nothing else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
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
# each takes about a gigabyte
MOST_WORKERS = 8
COMMANDS_WITHOUT_WINDOW = ("run", "presets", "fields", "bench", "claims", "selftest")
PRESET_WITHOUT_DISPLAY = "relu-20"
PICTURE_WITHOUT_DISPLAY = "gradviz-heatmap.png"


def run(arguments: list[str]) -> int:
    """Set up and open the window; without a display, train in the terminal. Return the exit status."""
    prepare_system(os.environ)
    environment = VirtualEnvironment(ROOT)
    environment.prepare([])
    # without arguments, the network on the form starts training
    arguments = arguments or ["--start"]
    if wants_window(arguments) and not display_answers(environment):
        say("there is no display: training in the terminal, and writing the heatmap to a file.")
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
    """Set up and run the tests and every other check beside them; see `checks`. Return the exit status."""
    # the tests paint offscreen whatever display there is
    prepare_system({})
    environment = VirtualEnvironment(ROOT)
    environment.prepare(["test"])
    *others, tests = checks(arguments)
    pool = ThreadPoolExecutor(1)
    try:
        beside = [pool.submit(check, environment, each, quiet=True) for each in others]
        last = check(environment, tests)
        results = [*(each.result() for each in beside), last]
    finally:
        # after Ctrl-C no further one begins
        pool.shutdown(cancel_futures=True)
    for name, status, seconds in results:
        verdict = "passed" if status == 0 else "FAILED (exit status {})".format(status)
        say("{:18}{:6.1f} s  {}".format(name, seconds, verdict))
    return 1 if any(status for _, status, _ in results) else 0


def checks(arguments: list[str]) -> list[tuple[str, list[str]]]:
    """Return (name, command) of what `test` runs, the tests last; with arguments of pytest alone nothing else."""
    fast = arguments[:1] == ["--fast"]
    if arguments and not fast:
        return [("tests", ["pytest", *arguments])]
    # a test on a core of its own moves to a worker that has nothing left to do
    everywhere = ["pytest", "-n", "logical", "--maxprocesses", str(MOST_WORKERS), "--dist", "worksteal"]
    return [
        ("lint", ["ruff", "check", "."]),
        ("format", ["ruff", "format", "--check", "."]),
        ("types", ["mypy"]),
        ("import contracts", ["lint-imports"]),
        *([] if fast else [("self-test", ["gradviz", "selftest"])]),
        ("tests", [*everywhere, "-m", "not slow and not benchmark", *arguments[1:]] if fast else everywhere),
    ]


def check(
    environment: VirtualEnvironment, named: tuple[str, list[str]], *, quiet: bool = False
) -> tuple[str, int, float]:
    """Run one check and return (name, exit status, seconds); a quiet one speaks when it ends, on standard error."""
    name, command = named
    if not quiet:
        say(name + ": " + " ".join(command))
    # compiled files of the checkout are kept: compiling the tests anew takes longer than a third of `test --fast`
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    begin = time.monotonic()
    done = subprocess.run(
        [str(environment.program(command[0])), *command[1:]],
        cwd=str(ROOT),
        env=dict({"QT_QPA_PLATFORM": "offscreen"}, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        check=False,
    )
    if quiet:
        said = done.stdout.decode("utf-8", "replace").rstrip()
        say(name + ": " + " ".join(command) + ("\n" + said if said else ""))
    return name, done.returncode, time.monotonic() - begin


def bundle(arguments: list[str]) -> int:
    """Build the program that needs no Python in `dist`, and test it. Return the exit status."""
    # the bundle contains the libraries for X11 and Wayland, whatever display there is here
    prepare_system({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, BUNDLE_PROGRAMS)
    # an environment without tests and checks: what is not installed cannot end up in the bundle
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
