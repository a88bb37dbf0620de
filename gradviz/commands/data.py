"""`gradviz data FILE`: how a data file of a person's own is understood."""

from __future__ import annotations

import json
from dataclasses import asdict

from gradviz.experiment.data import Data
from gradviz.training.data_files import Understood, read_data_file

MOST_SHOWN = 12


def describe_data(data: Data, *, as_json: bool = False) -> int:
    """Print what was understood of the file. Raises DataError."""
    understood = read_data_file(data).understood
    print(json.dumps(asdict(understood), ensure_ascii=False) if as_json else "\n".join(lines(data, understood)))
    return 0


def lines(data: Data, understood: Understood) -> list[str]:
    """Return it in words, one fact a line."""
    features, classes = understood.features, understood.classes
    counted = [f"{name} ({count:,})" for name, count in classes]
    said = [
        f"{data.data_file}: {understood.form}",
        f"samples    {understood.rows:,}"
        + (f", {understood.validation:,} of them its own validation part" if understood.validation else ""),
        f"features   {len(features):,}: {_some(features)}",
        f"label      {understood.label}",
        f"classes    {len(classes):,}: {_some(counted)}",
    ]
    said += [f"left out   {each.column}: {each.reason}" for each in understood.left_out]
    if understood.rows_left_out:
        said.append(f"left out   {_count(understood.rows_left_out, 'row')} with missing values")
    said += [
        f"text       {name} becomes {_count(count, 'input')}, one for each value"
        for name, count in understood.one_hot
        if count > 1
    ]
    said += [f"filled in  {_count(count, 'missing value')} in {name}" for name, count in understood.filled]
    said.append("change it  --set label_column=NAME, leave_out=NAME,NAME, missing=drop or missing=mean")
    return said


def _some(names: tuple[str, ...] | list[str]) -> str:
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
