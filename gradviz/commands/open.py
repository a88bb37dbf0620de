"""`gradviz`: open the window."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradviz.commands.display import require_display
from gradviz.experiment import Experiment


def open_program(
    experiment: Experiment | None,
    *,
    start: bool,
    follow: str | None = None,
    recorded: Path | None = None,
    lesson: str | None = None,
) -> int:
    """Open the window, on the run to follow, the recorded run or the lesson if one is given; return the exit status.

    A run on another machine, `user@host:path`, is followed over ssh. Raises DisplayError where no window can be shown,
    and RecordingError where there is no ssh or no connection.
    """
    require_display(os.environ)
    with _here(follow) as path:
        from gradviz.app.application import open_window

        return open_window(experiment, start, follow=path, recorded=recorded, lesson=lesson)


@contextmanager
def _here(follow: str | None) -> Iterator[Path | None]:
    """Give the file to follow; that of a run elsewhere is a copy that is kept up to date."""
    if follow is None:
        yield None
        return
    # brings the store along, which the window opens without
    from gradviz.recording.runs.remote_copy import RemoteCopy, RemotePath

    remote = RemotePath.of(follow)
    if remote is None:
        yield Path(follow)
        return
    with RemoteCopy(remote, on_problem=lambda problem: print(f"gradviz: {problem}", file=sys.stderr)) as copy:
        yield copy.path
