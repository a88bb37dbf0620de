"""`gradviz`: open the window."""

from __future__ import annotations

import os
from pathlib import Path

from gradviz.commands.display import can_show_windows
from gradviz.errors import DisplayError
from gradviz.experiment import Experiment


def open_program(experiment: Experiment | None, *, start: bool, follow: Path | None = None) -> int:
    """Open the window, on the run in the file `follow` if there is one, and return the exit status.

    Raises DisplayError where no window can be shown.
    """
    if not can_show_windows(os.environ):
        raise DisplayError("there is no display to show a window on; `gradviz run` does the same job in the terminal")
    from gradviz.app.application import open_window

    return open_window(experiment, start, follow=follow)
