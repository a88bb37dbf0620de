"""Moving runs into the trash and restoring them, where something is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import WAIT_MS

from gradviz.app.session.run_library import RunLibrary
from gradviz.errors import RecordingError
from gradviz.recording.runs.library import Library


@pytest.fixture
def runs(qapp: object, tmp_path: Path) -> Iterator[RunLibrary]:
    runs = RunLibrary(Library(tmp_path))
    yield runs
    runs.end()
    assert runs.wait(WAIT_MS)


def test_what_could_not_be_restored_can_be_once_the_way_is_free(runs: RunLibrary, tmp_path: Path) -> None:
    undoable: list[bool] = []
    runs.deletion_told.connect(lambda _words, possible: undoable.append(possible))
    paths = [tmp_path / f"{name}.gradviz" for name in ("one", "two", "three")]
    for path in paths:
        path.write_text(path.stem)
    runs.delete(paths)
    paths[1].write_text("in the way")
    with pytest.raises(RecordingError, match=r"two\.gradviz"):
        runs.restore()
    assert undoable == [True]
    paths[1].unlink()
    runs.restore()
    assert [path.read_text() for path in paths] == ["one", "two", "three"]
    assert undoable == [True, False]
    runs.restore()
    assert undoable == [True, False]


def test_without_a_library_nothing_happens(qapp: object, tmp_path: Path) -> None:
    runs = RunLibrary(None)
    path = tmp_path / "one.gradviz"
    path.write_text("one")
    runs.refresh()
    runs.remember(path)
    runs.delete([path])
    runs.restore()
    assert path.exists()
    assert runs.wait(0)
