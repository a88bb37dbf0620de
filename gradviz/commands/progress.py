"""The progress bar of commands that take their time."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from tqdm import tqdm


def progress_bar(total: int | None, unit: str) -> tqdm[Any]:
    """Return a bar on standard error over `total` units (None: no end in sight); none where no terminal is watching."""
    # tqdm would keep a thread beside us to wake a bar that stands still
    tqdm.monitor_interval = 0
    # a terminal that does not tell its size tells 0 x 0, and tqdm would take it at its word and show nothing
    columns, lines = shutil.get_terminal_size()
    return tqdm(total=total, unit=unit, ncols=columns, nrows=lines, disable=not sys.stderr.isatty())
