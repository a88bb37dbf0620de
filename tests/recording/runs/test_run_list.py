"""The list of runs: newest first, read only where something changed, broken files with what is wrong with them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.runs.run_list import SAME, RunReader
from gradviz.recording.store import RunInfo

PLAIN = Experiment()


class Disk:
    """Files whose infos are made up, and how often each was looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.infos: dict[Path, RunInfo | str] = {}
        self.looks: list[str] = []

    def write(self, name: str, began: float, experiment: Experiment | None = PLAIN, **facts: object) -> Path:
        path = self.folder / f"{name}.gradviz"
        path.write_bytes(name.encode())
        info = RunInfo(
            path=path, name="", note="", ending="finished", why="", created=began, frames=11, experiment=experiment,
            title="", environment={}, quantities=(), accuracy=0.5, loss=1.0, sparkline=(2.0, 1.0), size=4,
        )  # fmt: skip
        self.infos[path] = replace(info, **facts)  # type: ignore[arg-type]
        return path

    def read(self, path: Path) -> RunInfo:
        self.looks.append(path.stem)
        info = self.infos[path]
        if isinstance(info, str):
            raise RecordingError(info)
        return info


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def test_the_newest_comes_first_and_says_what_changed_since_the_one_before(disk: Disk) -> None:
    paths = [
        disk.write("third", 3.0, PLAIN.changed(depth=100, shortcut="scaled")),
        disk.write("first", 1.0),
        disk.write("second", 2.0, PLAIN.changed(title="another name")),
    ]
    runs = RunReader(disk.read).listing(paths)
    assert [run.path.stem for run in runs] == ["third", "second", "first"]
    assert [run.change for run in runs] == ["depth 30 → 100, shortcut none → scaled", SAME, ""]


def test_watched_networks_are_no_neighbours(disk: Disk) -> None:
    paths = [
        disk.write("a", 1.0),
        disk.write("b", 2.0, None, title="mine"),
        disk.write("c", 3.0, PLAIN.changed(width=8)),
    ]
    assert [run.change for run in RunReader(disk.read).listing(paths)] == ["width 32 → 8", "", ""]


def test_a_broken_file_is_listed_with_what_is_wrong(disk: Disk) -> None:
    good, bad = disk.write("good", 1.0), disk.write("bad", 2.0)
    disk.infos[bad] = "bad.gradviz: this is not a run of gradviz"
    os.utime(bad, (5.0, 5.0))
    runs = RunReader(disk.read).listing([good, bad])
    assert [(run.path, run.trouble, run.began) for run in runs] == [
        (bad, "bad.gradviz: this is not a run of gradviz", 5.0), (good, "", 1.0),
    ]  # fmt: skip


def test_only_what_has_changed_is_read_again(disk: Disk) -> None:
    paths = [disk.write("a", 1.0), disk.write("b", 2.0), disk.write("c", 3.0)]
    reader = RunReader(disk.read)
    first = reader.listing(paths)
    assert reader.listing(paths) == first
    assert sorted(disk.looks) == ["a", "b", "c"]
    os.utime(paths[0], (7.0, 7.0))
    # what SQLite keeps beside a run changes before the run itself does
    paths[1].with_name("b.gradviz-wal").write_bytes(b"new frames")
    disk.looks.clear()
    reader.listing(paths)
    assert sorted(disk.looks) == ["a", "b"]


def test_a_run_that_is_being_recorded_is_always_looked_at(disk: Disk) -> None:
    path = disk.write("live", 1.0, ending="recording")
    reader = RunReader(disk.read)
    reader.listing([path])
    written = path.stat().st_mtime_ns
    # its process was killed: the file stays as it was
    disk.write("live", 1.0, ending="interrupted")
    os.utime(path, ns=(written, written))
    run = reader.listing([path])[0]
    assert run.info is not None
    assert run.info.ending == "interrupted"


def test_what_has_vanished_is_left_out(disk: Disk) -> None:
    path = disk.write("a", 1.0)
    reader = RunReader(disk.read)
    assert len(reader.listing([path])) == 1
    path.unlink()
    assert reader.listing([path]) == []
