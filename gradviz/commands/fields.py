"""`gradviz fields`: every field of an experiment."""

from __future__ import annotations

import shutil
import textwrap
from typing import get_args

from gradviz.experiment import Experiment, allowed, trait
from gradviz.experiment.recipe import Group

LONGEST_LINE = 110
INDENT = "      "


def list_fields() -> int:
    """Print every field, by group: name, default, unit, what it means, what is allowed."""
    columns = min(shutil.get_terminal_size().columns, LONGEST_LINE)
    for group in get_args(Group):
        print(group)
        for name in Experiment.model_fields:
            if trait(name).group == group:
                print(_described(name, columns))
        print()
    return 0


def _described(name: str, columns: int) -> str:
    field, unit = Experiment.model_fields[name], trait(name).unit
    first = f"  {name} = {field.default!r} {unit}".rstrip()
    text = f"{field.description}. Allowed: {allowed(name)}."
    return first + "\n" + textwrap.fill(text, columns, initial_indent=INDENT, subsequent_indent=INDENT)
