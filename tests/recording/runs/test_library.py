"""The folder of runs: names, trash, and that nothing of a run is left behind when it moves."""

from datetime import date, datetime
from pathlib import Path

import pytest

from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.runs.library import Library

NOON = datetime(2026, 3, 1, 12, 30, 59)
LEAKY = Experiment().changed(activation="leaky_relu", depth=7)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data" / "runs")


def write(library: Library, name: str, content: bytes = b"run", log: bytes | None = None) -> Path:
    library.folder.mkdir(parents=True, exist_ok=True)
    path = library.folder / name
    path.write_bytes(content)
    if log is not None:
        path.with_name(name + "-wal").write_bytes(log)
    return path


def test_a_name_says_when_and_what(library: Library) -> None:
    assert library.new_path(LEAKY, NOON) == library.folder / "2026-03-01_123059_plain-leaky-relu-7.gradviz"


def test_runs_of_the_same_second_have_names_of_their_own(library: Library, tmp_path: Path) -> None:
    write(library, "2026-03-01_123059_plain-leaky-relu-7.gradviz")
    names = [library.new_path(LEAKY, NOON).name for _ in range(2)] + [
        Library(library.folder).new_path(LEAKY, NOON).name
    ]
    assert names == [f"2026-03-01_123059_plain-leaky-relu-7-{number}.gradviz" for number in (2, 3, 4)]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(RecordingError, match="runs"):
        Library(tmp_path / "runs").new_path(Experiment())


def test_only_runs_are_listed(library: Library) -> None:
    assert library.paths() == []
    run = write(library, "a.gradviz", log=b"log")
    write(library, "notes.txt")
    (library.folder / "folder.gradviz").mkdir()
    assert library.paths() == [run]


def test_what_is_deleted_comes_back_with_its_log(library: Library) -> None:
    first, second = write(library, "a.gradviz", b"1", log=b"end of 1"), write(library, "b.gradviz", b"2")
    deletion = library.delete([first, second])
    assert library.paths() == []
    assert list(library.folder.glob("*-wal")) == []
    library.restore(deletion)
    assert sorted(library.paths()) == [first, second]
    assert first.read_bytes() == b"1"
    assert first.with_name("a.gradviz-wal").read_bytes() == b"end of 1"


def test_the_trash_keeps_two_runs_of_one_name(library: Library) -> None:
    first = library.delete([write(library, "a.gradviz", b"1")])
    second = library.delete([write(library, "a.gradviz", b"2")])
    library.restore(second)
    with pytest.raises(RecordingError, match="another file"):
        library.restore(first)
    assert (library.folder / "a.gradviz").read_bytes() == b"2"


def test_a_deletion_that_fails_moves_nothing(library: Library) -> None:
    there = write(library, "a.gradviz")
    with pytest.raises(RecordingError):
        library.delete([there, library.folder / "gone.gradviz"])
    assert library.paths() == [there]


@pytest.mark.parametrize(("days", "removed"), [(30, 0), (31, 2)])
def test_the_trash_is_emptied_after_thirty_days(library: Library, days: int, removed: int) -> None:
    library.delete([write(library, "a.gradviz", log=b"log"), write(library, "b.gradviz")])
    stranger = library.folder / "trash" / "keep me.gradviz"
    stranger.write_bytes(b"not of a deletion")
    later = date.fromordinal(date.today().toordinal() + days)
    assert library.empty_trash(later) == removed
    assert stranger.exists()
    left = [path for path in (library.folder / "trash").rglob("*") if path.is_file() and path != stranger]
    assert len(left) == (0 if removed else 3)


def test_a_run_from_elsewhere_is_listed_and_only_forgotten(library: Library, tmp_path: Path) -> None:
    stranger = tmp_path / "sent.gradviz"
    stranger.write_bytes(b"from a friend")
    own = write(library, "a.gradviz")
    library.remember(stranger)
    library.remember(stranger)
    library.remember(own)
    assert sorted(Library(library.folder).paths()) == sorted([own, stranger])
    deletion = library.delete([stranger, own])
    assert library.paths() == []
    assert stranger.read_bytes() == b"from a friend"
    library.restore(deletion)
    assert sorted(library.paths()) == sorted([own, stranger])
    stranger.unlink()
    assert library.paths() == [own]


@pytest.mark.parametrize("noted", [b"", b"{", b'{"a": 1}', b"[1, null]", b"\xff", b"[" * 100_000])
def test_a_spoilt_note_of_runs_elsewhere_hides_no_run(library: Library, noted: bytes) -> None:
    own = write(library, "a.gradviz")
    (library.folder / "elsewhere.json").write_bytes(noted)
    assert library.paths() == [own]
