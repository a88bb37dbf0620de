"""Drifts in words: how far a value falls or grows, from where to where."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import plain
from gradviz.diagnosis.words.said import Said


def how_far(fact: Evidence, names: Names, verb: str, steepest: int | None, *, forward: bool = False) -> Said:
    """Say by how much something changes from one row to another, in the headline and in full.

    `steepest` is the row in which most of it happens, None where it is even; it goes towards the input, or `forward`.
    """
    first, last = (fact.rows[0], fact.rows[-1]) if forward else (fact.rows[-1], fact.rows[0])
    way = f"from {names.row(first)} {'on' if forward else 'back'} to {names.row(last)}"
    decades = f"{fact.number('decades'):.1f} decades"
    allowed = f"(allowed: {plain(fact.number('allowed_decades'))})"
    if steepest is not None:
        short = f"{verb} by {decades} {way}"
        return short, f"{short}, most of it in {names.row(steepest)} {allowed}."
    rate = plain(float(f"{fact.number('decades_per_row'):.2g}"))
    short = f"{verb} by {rate} decades per {names.noun} {way}"
    return short, f"{short}: {decades} in all {allowed}."
