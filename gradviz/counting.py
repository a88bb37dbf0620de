"""Numbers with their nouns."""

from __future__ import annotations


def counted(number: float, noun: str, plural: str = "") -> str:
    """Return a number with its noun, in the plural unless it is one: 1 layer, 1,200 steps, 3 classes."""
    return f"{number:,.0f} {noun if number == 1 else plural or f'{noun}s'}"
