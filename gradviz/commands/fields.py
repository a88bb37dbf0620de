"""`gradviz fields`: every field of an experiment."""

from __future__ import annotations

import shutil
import textwrap
from typing import get_args

from gradviz.experiment import DEFAULT_ARCHITECTURE, RecipeField, fields
from gradviz.experiment.fields import Group

LONGEST_LINE = 110
INDENT = "      "


def list_fields(architecture: str = DEFAULT_ARCHITECTURE) -> int:
    """Print every field, by group: name, default, unit, what it means, what is allowed."""
    columns = min(shutil.get_terminal_size().columns, LONGEST_LINE)
    for group in get_args(Group):
        print(group)
        for field in fields(architecture).values():
            if field.group == group:
                print(_described(field, columns))
        print()
    return 0


def _described(field: RecipeField, columns: int) -> str:
    first = f"  {field.name} = {field.default!r} {field.unit}".rstrip()
    text = f"{field.description}. Allowed: {field.allowed}."
    return first + "\n" + textwrap.fill(text, columns, initial_indent=INDENT, subsequent_indent=INDENT)
