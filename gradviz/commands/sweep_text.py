"""A sweep in the terminal: what it is, how far it has come, and its map as blocks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradviz.experiment.grid import Cell, Grid
from gradviz.recording.exports.sweep_table import sweep_map
from gradviz.recording.outcome import Outcome
from gradviz.recording.sweep_file import SweepFile

NOTHING, CHANCE_TO_ALL = "·", " ▁▂▃▄▅▆▇█"
WIDEST_MAP = 60


def in_words(summary: Mapping[str, Any], grid: Grid, outcomes: Mapping[Cell, Outcome]) -> str:
    """Return how a sweep ended."""
    lines = [
        f"{summary['status']}: {summary['done']:,} of {summary['cells']:,} cells, {summary['trained_now']:,} trained "
        f"in {summary['seconds']} s by {summary['workers']} workers"
    ]
    reasons = Counter(outcome.why for outcome in outcomes.values() if outcome.status == "failed")
    lines += [f"{number:,} failed: {why}" for why, number in reasons.most_common(5)]
    lines += _picture(grid, outcomes)
    return "\n".join([*lines, *(f"wrote {file}" for file in summary["files"])])


def describe_sweep(path: Path, *, as_json: bool) -> int:
    """Print what the sweep in a file is and how far it has come. Raises RecordingError."""
    with SweepFile.open(path) as file:
        grid, outcomes = file.grid, file.outcomes()
    axes = [axis for axis in (grid.x, grid.y) if axis is not None]
    statuses = Counter(outcome.status for outcome in outcomes.values())
    summary = {
        "kind": "sweep",
        "cells": grid.size,
        "done": len(outcomes),
        **{f"cells_{status}": number for status, number in sorted(statuses.items())},
        "axes": {axis.field: list(axis.values) for axis in axes},
        "seeds": grid.seeds,
    }
    if as_json:
        print(json.dumps(summary))
        return 0
    print(f"sweep: {len(outcomes):,} of {grid.size:,} cells, {grid.seeds} seeds each")
    for axis in axes:
        print(f"{axis.field}: {', '.join(_short(value) for value in axis.values)}")
    print("\n".join(_picture(grid, outcomes)))
    return 0


def _picture(grid: Grid, outcomes: Mapping[Cell, Outcome]) -> list[str]:
    """Return the validation accuracy as a map of blocks, the first value of y at the bottom; nothing if too wide."""
    if grid.width > WIDEST_MAP or grid.height == 1:
        return []
    assert grid.y is not None
    accuracy = sweep_map(grid, outcomes, "validation_accuracy")
    names = [_short(value) for value in grid.y.values]
    width = max(map(len, names))
    lines = [f"validation accuracy: {grid.y.field} up, {grid.x.field} from {_short(grid.x.values[0])} to "
             f"{_short(grid.x.values[-1])}"]  # fmt: skip
    for y in reversed(range(grid.height)):
        row = "".join(NOTHING if value != value else CHANCE_TO_ALL[round(value * 8)] * 2 for value in accuracy[y])
        lines.append(f"{names[y]:>{width}} {row}")
    return lines


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
