"""Networks of tokens in which nothing tells one token from another any more."""

from __future__ import annotations

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity, evidence
from gradviz.diagnosis.history_rows import Measured
from gradviz.diagnosis.readings import TOKEN_COSINE, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds

# networks that learn stay below 0.95 when they begin; where attention is all there is, it rises to 1 within few blocks
ALIKE = 0.99
# where nothing is learnt a loss has so much left of what a guess is worth, or of its first value
LEARNS_NOTHING = 0.9


@rule("tokens_alike", rank=12)
def tokens_alike(readings: Readings, _thresholds: Thresholds, *, token_cosine: Measured) -> Finding | None:
    """Find tokens that all point the same way at the end of a network that has learnt nothing yet."""
    known = np.isfinite(token_cosine.values)
    if not known.any():
        return None
    alike = known & (token_cosine.values >= ALIKE)
    late, nothing = readings.late_loss, readings.chance_loss or readings.first_loss
    if not alike[np.flatnonzero(known)[-1]] or nothing is None or late is None or late < LEARNS_NOTHING * nothing:
        return None
    rows = readings.asked_where(alike)
    if not rows:
        return None
    worst = rows[-1]
    fact = evidence(
        "tokens_alike", TOKEN_COSINE, token_cosine.step, rows, rows[0],
        cosine=float(token_cosine.values[worst - 1]), allowed=ALIKE,
    )  # fmt: skip
    return Finding(
        "tokens_alike",
        Severity.WARNING,
        token_cosine.step,
        (fact,),
        rows=rows,
        worst_row=worst,
        is_cause=True,
        quantity=TOKEN_COSINE,
    )
