"""Settings of its own for every test, and no thread left running behind it."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QThread

WAIT_MS = 20_000


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(autouse=True)
def no_dangling_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    # by type, not isinstance: some objects in torch answer every look at their attributes with a warning
    running = [item for item in gc.get_objects() if issubclass(type(item), QThread) and item.isRunning()]
    names = [f"{type(thread).__name__} {thread.objectName()!r}" for thread in running]
    for thread in running:  # a thread that is garbage-collected while it runs would abort every test after this one
        for end in ("end", "requestInterruption"):
            if hasattr(thread, end):
                getattr(thread, end)()
        if hasattr(thread, "control"):
            thread.control.stop()
        thread.wait(WAIT_MS)
    assert not names, f"{request.node.name} left threads running: {', '.join(names)}"
