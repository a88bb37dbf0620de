"""`gradviz`: open the window."""

from __future__ import annotations

import os
from pathlib import Path

from gradviz.commands.display import require_display
from gradviz.experiment import Experiment


def open_program(
    experiment: Experiment | None, *, start: bool, follow: Path | None = None, recorded: Path | None = None
) -> int:
    """Open the window, on the run to follow or the recorded run if one is given, and return the exit status.

    Raises DisplayError where no window can be shown.
    """
    require_display(os.environ)
    from gradviz.app.application import open_window

    return open_window(experiment, start, follow=follow, recorded=recorded)
