"""What was understood of a data file, in words; the same in the window and in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from gradviz.counting import counted
from gradviz.training.data_files.understood import Understood

MOST_SHOWN = 12


def facts(understood: Understood) -> list[tuple[str, str]]:
    """Return what there is to say as (what, in words)."""
    features, classes = understood.features, understood.classes
    held = f", {understood.validation:,} of them its own validation samples" if understood.validation else ""
    said = [("samples", f"{understood.rows:,}{held}")]
    if understood.picture is not None:
        channels, rows, columns = understood.picture
        colour = " in colour" if channels > 1 else ""
        said.append(("pictures", f"{rows:,} × {columns:,} pixels{colour}, {len(features):,} numbers each"))
    else:
        said.append(("features", f"{len(features):,}: {_some(features)}"))
    if understood.numbers is not None:
        low, high = understood.numbers
        said.append(("to predict", f"{understood.label}, a number from {low:.6g} to {high:.6g}"))
    else:
        said.append(("label", understood.label))
        said.append(("classes", f"{len(classes):,}: {_some([f'{name} ({count:,})' for name, count in classes])}"))
    said += [("left out", f"{each.column}: {each.reason}") for each in understood.left_out]
    if understood.rows_left_out:
        said.append(("left out", f"{counted(understood.rows_left_out, 'row')} with missing values"))
    for name, count in understood.one_hot:
        if count > 1:
            said.append(("text", f"{name} becomes {counted(count, 'input')}, one for each value"))
    said += [("filled in", f"{counted(count, 'missing value')} in {name}") for name, count in understood.filled]
    return said


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
