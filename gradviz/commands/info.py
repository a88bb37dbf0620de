"""`gradviz info`: describes a recorded run, and what is wrong with it."""

from __future__ import annotations

import json
import math
import shutil
import textwrap
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from gradviz.commands.sweep_text import describe_sweep
from gradviz.counting import counted
from gradviz.diagnosis.verdict import Verdict
from gradviz.experiment import Experiment
from gradviz.recording.frame import Quantity
from gradviz.recording.score import score_as_data, score_of
from gradviz.recording.store import RunInfo, checkpoint_step, open_run, read_info
from gradviz.recording.sweep_file import is_sweep

LONGEST_LINE = 110
LABEL = 14


def info(path: Path, *, as_json: bool) -> int:
    """Print what the run, or the sweep, at `path` is, and its state. Raises RecordingError for any other file."""
    if is_sweep(path):
        return describe_sweep(path, as_json=as_json)
    found, checkpoint = read_info(path), checkpoint_step(path)
    with open_run(path) as opened:
        verdict = Verdict.of(opened.history)
    if as_json:
        print(json.dumps(_as_json(found, checkpoint) | {"verdict": verdict.as_data()}, allow_nan=False))
        return 0
    columns = min(shutil.get_terminal_size().columns, LONGEST_LINE)
    for label, text in (*_rows(found, checkpoint), *_verdict_rows(verdict)):
        indent = " " * LABEL
        print(textwrap.fill(f"{label:{LABEL}}{text}", columns, subsequent_indent=indent, break_on_hyphens=False))
    return 0


def _rows(found: RunInfo, checkpoint: int | None) -> Iterator[tuple[str, str]]:
    """Yield what to print: a label and its text."""
    yield "file", f"{found.path} ({_size(found.size)})"
    experiment = found.experiment
    if name := found.name or found.title:
        yield "name", name
    if found.note:
        yield "note", found.note
    yield "began", f"{datetime.fromtimestamp(found.created):%Y-%m-%d %H:%M:%S}"
    yield "state", _state(found)
    results = [f"loss {found.loss:.4g}"] if found.loss is not None and math.isfinite(found.loss) else []
    if found.accuracy is not None and math.isfinite(found.accuracy):
        results.append(f"validation {score_of(found.experiment).said(found.accuracy)}")
    if results:
        yield "result", ", ".join(results)
    yield "checkpoint", "none" if checkpoint is None else f"before step {checkpoint:,}"
    if experiment is None:
        yield "network", f"watched in a script: {found.title}"
    else:
        yield "experiment", _changes(experiment)
    yield "environment", ", ".join(f"{name} {value}" for name, value in found.environment.items()) or "unknown"
    yield "measures", ", ".join(quantity.name for quantity in found.quantities)


def _verdict_rows(verdict: Verdict) -> Iterator[tuple[str, str]]:
    label = "verdict"
    for finding in verdict:
        for line in str(finding).splitlines():
            yield label, line.strip()
            label = ""


def _state(found: RunInfo) -> str:
    steps = max(found.frames - 1, 0)
    why = f" ({found.why})" if found.why else ""
    if found.ending in ("finished", "stopped"):
        return f"{found.ending} after {counted(steps, 'step')}{why}"
    if found.ending == "recording":
        return f"being recorded, at step {steps:,}"
    return f"{found.ending} at step {steps:,}{why}"


def _changes(experiment: Experiment) -> str:
    """Name the fields that differ from their defaults, as `--set` takes them."""
    changes = [f"{name}={value}" for name, value in experiment.changes().items() if name not in ("title", "notes")]
    return ", ".join(changes) or "all defaults"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def _as_json(found: RunInfo, checkpoint: int | None) -> dict[str, Any]:
    """Return the same as data; numbers that are not finite are null, because JSON has none."""
    return {
        "file": str(found.path.resolve()),
        "name": found.name,
        "note": found.note,
        "status": found.ending,
        "why": found.why,
        "began": found.created,
        "frames": found.frames,
        "steps": max(found.frames - 1, 0),
        "loss": _finite(found.loss),
        **score_as_data(score_of(found.experiment), found.accuracy),
        "checkpoint": checkpoint,
        "bytes": found.size,
        "experiment": found.experiment.flat() if found.experiment is not None else None,
        "watched": found.title if found.experiment is None else None,
        "environment": dict(found.environment),
        "quantities": [_quantity(quantity) for quantity in found.quantities],
    }


def _quantity(quantity: Quantity) -> dict[str, str]:
    return {"name": quantity.name, "unit": quantity.unit, "scale": quantity.scale, "description": quantity.description}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
