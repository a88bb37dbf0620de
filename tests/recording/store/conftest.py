"""Writers that write at once instead of a few times a second, and none of them in trouble unless a test wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, writer


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "FLUSH_EVERY_S", 0.01)
    monkeypatch.setattr(writer, "TRY_AGAIN_AFTER_S", 0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run with space & ü.gradviz"


@pytest.fixture
def troubles() -> list[str]:
    """What writers told; a test in which nothing should go wrong finds it empty."""
    return []


@pytest.fixture
def write(path: Path, troubles: list[str]) -> Iterator[Callable[[History], StoreWriter]]:
    """Begin to write a history into `path`."""
    begun: list[StoreWriter] = []

    def begin(history: History, name: str = "", *, resume_at: int | None = None, **environment: str) -> StoreWriter:
        writer = StoreWriter(
            path, history, environment=environment, name=name, resume_at=resume_at, on_trouble=troubles.append
        )
        begun.append(writer)
        return writer

    yield begin
    for each in begun:
        each.close("stopped")
