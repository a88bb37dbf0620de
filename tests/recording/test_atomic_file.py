from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from gradviz.errors import ExportError
from gradviz.recording.atomic_file import replacing, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail(code: int) -> NoReturn:
    raise OSError(code, os.strerror(code))


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for content in (b"first", b"second, longer", b""):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert names(tmp_path) == ["a.txt"]


def test_permissions_are_those_of_an_ordinary_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"")
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_atomically(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"x"


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_any_other_exception_passes_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), replacing(tmp_path / "a") as file:  # noqa: PT012
        file.write(b"half")
        raise KeyError
    assert names(tmp_path) == []


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    if call == "fsync":
        monkeypatch.setattr(os, "fsync", lambda _descriptor: fail(errno.ENOSPC))
    elif call == "replace":
        monkeypatch.setattr(Path, "replace", lambda _path, _target: fail(errno.ENOSPC))
    with pytest.raises(ExportError, match="disk is full") as caught, replacing(path) as file:  # noqa: PT012
        file.write(b"new")
        if call == "write":
            fail(errno.ENOSPC)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_really_full_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's own ENOSPC, met while buffered bytes go out and again while the file is closed."""
    monkeypatch.setattr(Path, "open", lambda _path, mode: open("/dev/full", "wb"))  # noqa: PTH123, SIM115
    with pytest.raises(ExportError, match="disk is full"):
        write_atomically(tmp_path / "a", b"x" * 100_000)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.EACCES, "no permission"), (errno.EROFS, "no permission"), (errno.EIO, "Input/output error")],
)
def test_other_troubles_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str) -> None:
    monkeypatch.setattr(Path, "replace", lambda _path, _target: fail(code))
    with pytest.raises(ExportError, match=words):
        write_atomically(tmp_path / "a", b"")
    assert names(tmp_path) == []


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"no folder .*nowhere"):
        write_atomically(tmp_path / "nowhere" / "a", b"")
    assert names(tmp_path) == []


def test_a_file_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(ExportError, match="cannot write"):
        write_atomically(tmp_path / "file" / "a", b"")
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_folder_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ExportError, match="a folder of that name"):
        write_atomically(tmp_path / "a", b"")
    assert names(tmp_path) == ["a"]
