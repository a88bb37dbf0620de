"""`gradviz check`: a recorded run passes or fails, for continuous integration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from gradviz.diagnosis.check import check
from gradviz.diagnosis.thresholds import Thresholds

FAILED = 1


def check_run(
    path: Path, fail_on: Sequence[str], against: Path | None, thresholds: Thresholds, *, as_json: bool
) -> int:
    """Print a line for each finding that the run at `path` fails on, or one line if it passes; return the exit status.

    Raises GradvizError for what cannot be checked.
    """
    found = check(path, fail_on=fail_on, against=against, thresholds=thresholds)
    if as_json:
        print(json.dumps({"file": str(path.resolve()), "passed": not found, "findings": found.as_data()}))
    elif found:
        for finding in found:
            print(f"{path.name}: {finding.line}")
    else:
        told = f"passed, it fails on {', '.join(fail_on)}"
        print(f"{path.name}: {told}" if against is None else f"{path.name}: {told} that {against.name} does not have")
    return FAILED if found else 0
