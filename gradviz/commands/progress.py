"""The progress bar of slow commands, and how they count."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from tqdm import tqdm


def progress_bar(total: int | None, unit: str) -> tqdm[Any]:
    """Return a bar on standard error over `total` units (None: endless); invisible without a terminal."""
    # otherwise tqdm keeps a thread to refresh a stalled bar
    tqdm.monitor_interval = 0
    # some terminals report 0 x 0, and tqdm would then show nothing
    columns, lines = shutil.get_terminal_size()
    return tqdm(total=total, unit=unit, ncols=columns, nrows=lines, disable=not sys.stderr.isatty())
