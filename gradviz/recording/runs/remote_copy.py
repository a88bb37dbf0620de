"""A run on another machine, kept up to date here over the system's ssh.

There a small program of Python's standard library looks after the file: whenever something was written it takes a
consistent snapshot, as SQLite's own backup makes it, and sends the blocks that have changed. Here they are put together
and copied, again by SQLite, into a file that is followed like any other. While the run is recorded there this process
holds the lock of a writer here, so that the copy counts as being recorded; also while a broken connection is tried
again.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Self

from gradviz.errors import RecordingError
from gradviz.recording.store.liveness import WriterLock

INTERVAL_S = 1.0
CONNECT_TIMEOUT_S = 20
BLOCK_BYTES = 1 << 16
LARGEST_BYTES = 1 << 40
LONGEST_LINE = 4096
NO_PROGRAM, NO_CONNECTION = 127, 255
# seconds before each further try to connect after a connection broke: some ten minutes together
RETRY_AFTER_S = (1.0, 2.0, 4.0, 8.0, 15.0, *(30.0,) * 19)

# two letters at least: one is a drive
_ADDRESS = re.compile(r"(?P<host>(?:[\w.+-]+@)?(?:[\w.-]{2,}|\[[0-9A-Fa-f:.%\w]+\])):(?P<path>[^\0\r\n]+)")

_THERE = """
import fcntl, hashlib, os, pathlib, sqlite3, sys, tempfile, time
path, interval, size = os.path.expanduser(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
out, known = sys.stdout.buffer, []

def say(*words):
    out.write((" ".join(map(str, words)) + "\\n").encode())
    out.flush()

def written():
    try:
        with open(path + "-lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False

def stamp():
    there = [os.stat(each) for each in (path, path + "-wal") if os.path.exists(each)]
    return [(each.st_ino, each.st_mtime_ns, each.st_size) for each in there]

def send(copy):
    changed, number = [], 0
    with open(copy, "rb") as file:
        while block := file.read(size):
            digest = hashlib.blake2b(block, digest_size=16).digest()
            if number == len(known):
                known.append(b"")
            if known[number] != digest:
                known[number] = digest
                changed.append(number)
            number += 1
        del known[number:]
        say("snapshot", os.path.getsize(copy), len(changed))
        for number in changed:
            file.seek(number * size)
            block = file.read(size)
            say("block", number, len(block))
            out.write(block)
    out.flush()

with tempfile.TemporaryDirectory() as folder:
    copy, before = os.path.join(folder, "copy"), None
    say("connected")
    while True:
        begin, live, now = time.monotonic(), written(), stamp()
        if now and now != before:
            source = sqlite3.connect(pathlib.Path(path).absolute().as_uri() + "?mode=ro", uri=True)
            target = sqlite3.connect(copy)
            source.backup(target)
            source.close()
            target.execute("PRAGMA journal_mode = DELETE").fetchone()
            target.close()
            send(copy)
            before = now
        if now and not live:
            say("ended")
            break
        say("waiting")
        time.sleep(max(interval, 4 * (time.monotonic() - begin)))
"""


class ConnectionBrokenError(Exception):
    """What is sent ends in the middle."""


@dataclass(frozen=True, slots=True)
class RemotePath:
    """A file on another machine: `host`, with the name of the user before it if one was given, and `path` there."""

    host: str
    path: str

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Return what `user@host:path` names; None for a file here. Raises RecordingError for a host like an option."""
        host, colon, _ = text.partition(":")
        if colon and "-" in (host[:1], host.rpartition("@")[2][:1]):
            raise RecordingError(f"{text}: no machine is called {host}")
        if Path(text).exists() or (found := _ADDRESS.fullmatch(text)) is None:
            return None
        return cls(found["host"], found["path"])

    @property
    def name(self) -> str:
        """What the file is called."""
        return PurePosixPath(self.path).name or "run.gradviz"

    def command(self, interval_s: float, *, silent: bool = False) -> list[str]:
        """Return the ssh command that looks after the file. No part of it reaches a shell unquoted.

        A `silent` one asks nobody for a password.
        """
        there = ["python3", "-u", "-c", _THERE, self.path, str(interval_s), str(BLOCK_BYTES)]
        quiet = ["-o", "BatchMode=yes"] if silent else []
        options = ["-T", "-C", *quiet, "-o", f"ConnectTimeout={CONNECT_TIMEOUT_S}", "-o", "ServerAliveInterval=15"]
        return ["ssh", *options, "--", self.host.replace("[", "").replace("]", ""), shlex.join(there)]


class RemoteCopy:
    """Keeps a copy of `remote` in a temporary folder, as `path`, until it is closed or the run ends.

    Waits for the connection; a password is asked for in the terminal. Raises RecordingError where there is no ssh, or
    no connection. One that breaks later is tried again after each of `retry_after_s`; `on_problem` is told, in a thread
    of its own, what broke it, when it is there again, and when it is given up.
    """

    def __init__(
        self,
        remote: RemotePath,
        interval_s: float = INTERVAL_S,
        *,
        on_problem: Callable[[str], object],
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        self._on_problem, self._interval_s, self._retry_after_s = on_problem, interval_s, retry_after_s
        self._remote = remote
        self._folder = tempfile.TemporaryDirectory(prefix="gradviz-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name) / remote.name
        self._snapshot = Path(self._folder.name) / ".snapshot"
        self._snapshot.touch()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115, closed with the rest
        self._closed = threading.Event()
        self._lock = WriterLock(self.path)
        try:
            self._process = self._connected()
        except BaseException:
            self._clean_up()
            raise
        self._thread = threading.Thread(target=self._receive, name="remote copy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the connection and remove the copy."""
        self._closed.set()
        self._process.kill()
        self._thread.join()
        self._clean_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connected(self, *, silent: bool = False) -> subprocess.Popen[bytes]:
        command = self._remote.command(self._interval_s, silent=silent)
        self._said.truncate(0)
        self._said.seek(0)
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._said)
        except FileNotFoundError as error:
            raise RecordingError(
                "following a run on another machine needs the program ssh, which is not there; install OpenSSH"
            ) from error
        assert process.stdout is not None
        try:
            answer = process.stdout.readline(LONGEST_LINE)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if answer != b"connected\n":
            process.stdout.close()
            if answer:
                process.kill()
            raise RecordingError(self._reason(process.wait()))
        return process

    def _reason(self, status: int) -> str:
        """Say why the connection ended."""
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), f"ssh ended with status {status}")
        if status == NO_CONNECTION:
            return f"cannot connect to {self._remote.host}: {last}"
        if status == NO_PROGRAM:
            return f"{self._remote.host} has no python3, which is needed there to read the run: {last}"
        return f"cannot follow {self._remote.path} on {self._remote.host}: {last}"

    def _receive(self) -> None:
        """Take what comes, over one connection after the other, until the run ends or there is no way on."""
        while (problem := self._problem_of_connection()) and not self._closed.is_set():
            if self._process.returncode != NO_CONNECTION or not self._connected_again(problem):
                self._on_problem(problem)
                break
        # without a writer a run that did not end counts as interrupted
        self._lock.release()

    def _problem_of_connection(self) -> str:
        """Take what comes over the present connection; return what ended it, empty if the run itself did."""
        assert self._process.stdout is not None
        ended, problem = False, ""
        with self._process.stdout as stream:
            try:
                while line := stream.readline(LONGEST_LINE):
                    kind, *numbers = line.split()
                    if kind == b"snapshot":
                        self._take_snapshot(stream, *map(int, numbers))
                    ended = kind == b"ended"
            except ConnectionBrokenError:
                # ssh says why
                pass
            except (OSError, ValueError, RecordingError, sqlite3.Error) as error:
                problem = f"cannot follow {self._remote.path} on {self._remote.host} any further: {error}"
                self._process.kill()
        status = self._process.wait()
        return "" if ended else problem or self._reason(status)

    def _connected_again(self, problem: str) -> bool:
        """Try to connect again, and again; return whether there is a connection."""
        self._on_problem(f"{problem}; trying again")
        for seconds in self._retry_after_s:
            if self._closed.wait(seconds):
                return False
            try:
                process = self._connected(silent=True)
            except RecordingError:
                continue
            self._process = process
            if self._closed.is_set():
                process.kill()
            self._on_problem(f"connected to {self._remote.host} again")
            return True
        return False

    def _take_snapshot(self, stream: IO[bytes], size: int, blocks: int) -> None:
        """Take the blocks that have changed, and let the copy become what was there at that moment."""
        if not 0 <= size <= LARGEST_BYTES:
            raise RecordingError("it announced a snapshot of an implausible size")
        with self._snapshot.open("r+b") as file:
            for _ in range(blocks):
                if not (header := stream.readline(LONGEST_LINE)):
                    raise ConnectionBrokenError
                _, number, length = header.split()
                if int(length) > BLOCK_BYTES or not 0 <= int(number) * BLOCK_BYTES <= size:
                    raise RecordingError("it announced a block of an implausible size")
                content = stream.read(int(length))
                if len(content) != int(length):
                    raise ConnectionBrokenError
                file.seek(int(number) * BLOCK_BYTES)
                file.write(content)
            file.truncate(size)
        if self.path.exists():
            # into the file that is being read, in a transaction
            with closing(sqlite3.connect(self._snapshot)) as source, closing(sqlite3.connect(self.path)) as target:
                source.backup(target)
        else:
            aside = self._snapshot.with_name(".first")
            shutil.copyfile(self._snapshot, aside)
            aside.replace(self.path)

    def _clean_up(self) -> None:
        self._lock.release()
        self._said.close()
        self._folder.cleanup()
