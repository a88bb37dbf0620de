"""A bundle, started as on an empty machine: no Python on the path, no settings. Standard library only."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LIMIT_S = 180
# after it has ended
LEAVES_NOTHING_S = 10
NOBODY = 65534


class CaseError(Exception):
    """A case of the smoke test failed; the message says which and how."""


class FrozenProgram:
    """The program in `folder`, with `home` for a home and `work` for a working directory."""

    def __init__(self, folder: Path, home: Path, work: Path) -> None:
        self.folder, self.home, self.work = folder, home, work
        self.program = folder / "gradviz"

    def environment(self, more: Mapping[str, str] = {}) -> dict[str, str]:
        """Return the complete environment of the program."""
        return {"HOME": str(self.home), "PATH": "/nowhere", "LANG": "C.UTF-8", **more}

    def start(self, *arguments: str, more: Mapping[str, str] = {}, nobody: bool = False) -> subprocess.Popen[str]:
        """Start it; with `nobody`, as an unprivileged user where this is root."""
        as_nobody: dict[str, Any] = {}
        if nobody and os.geteuid() == 0:
            as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        return subprocess.Popen(
            [str(self.program), *arguments],
            cwd=str(self.work),
            env=self.environment(more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            start_new_session=True,
            **as_nobody,
        )

    def run(self, *arguments: str, more: Mapping[str, str] = {}, nobody: bool = False, status: int = 0) -> str:
        """Run it to its end, check that it exits with `status`, and return its output.

        Raises CaseError if it ends otherwise, does not end, or leaves a process behind.
        """
        return self.ended(self.start(*arguments, more=more, nobody=nobody), status)

    def ended(self, process: subprocess.Popen[str], status: int = 0) -> str:
        """Wait for `process` as `run` does."""
        words = " ".join(map(str, process.args[1:]))  # type: ignore[index]
        try:
            out, err = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise CaseError("{} did not end within {} s".format(words, LIMIT_S)) from None
        if process.returncode != status:
            raise CaseError("{} ended with {} instead of {}: {}".format(words, process.returncode, status, out + err))
        self.require_gone()
        return out + err

    def processes(self) -> list[str]:
        """Return the processes that run from the bundle."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    runs = str((entry / "exe").readlink())
                except OSError:
                    continue
                if runs.startswith(str(self.folder) + "/"):
                    found.append(entry.name)
        return found

    def require_gone(self) -> None:
        """Raise CaseError if anything of the bundle still runs."""
        until = time.monotonic() + LEAVES_NOTHING_S
        while self.processes():
            if time.monotonic() > until:
                raise CaseError("processes still run: " + " ".join(self.processes()))
            time.sleep(0.05)


@contextmanager
def x11_display() -> Iterator[str]:
    """Start an X server that paints into memory, and yield the name of its display."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-ac"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
    assert server.stdout is not None
    try:
        # it prints its number once it answers
        yield ":" + server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()
