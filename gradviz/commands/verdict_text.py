"""The verdict as commands print it: short, worst first."""

from __future__ import annotations

import shutil
import textwrap

from gradviz.diagnosis.verdict import Verdict, WordedFinding

LONGEST_LINE = 110
MOST_SHOWN = 4
INDENT = "  "


def verdict_text(verdict: Verdict) -> str:
    """Return each finding in a line, with its evidence and the first thing to try below it."""
    parts = [_paragraph(each) for each in verdict[:MOST_SHOWN]]
    if (more := len(verdict) - MOST_SHOWN) > 0:
        parts.append(f"and {more} more")
    return "\n".join(parts)


def _paragraph(finding: WordedFinding) -> str:
    columns = min(shutil.get_terminal_size().columns, LONGEST_LINE)
    first, *rest = str(finding).splitlines()
    lines = [textwrap.fill(first, columns, subsequent_indent=INDENT, break_on_hyphens=False)]
    lines += [
        textwrap.fill(line.strip(), columns, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False)
        for line in rest
    ]
    return "\n".join(lines)
