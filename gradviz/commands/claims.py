"""`gradviz claims`: what gradviz claims about deep networks, measured again on this machine."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Sequence
from functools import partial
from typing import Any

from tqdm import tqdm

from gradviz.claims.catalogue import CLAIMS
from gradviz.claims.claim import Claim, Outcome
from gradviz.commands.progress import progress_bar
from gradviz.errors import ExperimentError

LONGEST_LINE = 120
INDENT = "     "
PERCENT = 100


def claims(names: Sequence[str], *, as_json: bool) -> int:
    """Measure the claims `names` (none: all) and print the results; return 1 if one does not hold.

    Raises ExperimentError for an unknown name.
    """
    known = [claim.name for claim in CLAIMS]
    spelled = {name.casefold(): name for name in known}
    wanted = [spelled.get(name.casefold(), name) for name in names]
    if unknown := [name for name in wanted if name not in known]:
        raise ExperimentError(f"there is no claim {unknown[0]!r}; the claims are {', '.join(known)}")
    failed = False
    chosen = [claim for claim in CLAIMS if not wanted or claim.name in wanted]
    with progress_bar(len(chosen) * PERCENT, "%") as bar:
        for number, claim in enumerate(chosen):
            bar.set_postfix_str(claim.name)
            outcome = claim.measure(partial(_advance, bar, number * PERCENT))
            failed |= outcome.holds is False
            with bar.external_write_mode():
                print(_as_json(claim, outcome) if as_json else _as_text(claim, outcome), flush=True)
    return 1 if failed else 0


def _advance(bar: tqdm[Any], done: int, share: float) -> None:
    """Move the bar to `done` plus the fraction of the current claim."""
    bar.update(done + share * PERCENT - bar.n)


def _as_text(claim: Claim, outcome: Outcome) -> str:
    columns = min(shutil.get_terminal_size().columns, LONGEST_LINE)
    rows = (f"expected: {claim.expected}", f"measured: {outcome.measured}", f"verdict:  {outcome.verdict}")
    first = textwrap.fill(f"{claim.name:<5}{claim.statement}", columns, subsequent_indent=INDENT)
    rest = [textwrap.fill(row, columns, initial_indent=INDENT, subsequent_indent=INDENT + " " * 10) for row in rows]
    return "\n".join([first, *rest])


def _as_json(claim: Claim, outcome: Outcome) -> str:
    row = {"claim": claim.name, "statement": claim.statement, "expected": claim.expected}
    return json.dumps(row | {"measured": outcome.measured, "holds": outcome.holds, "numbers": dict(outcome.numbers)})
