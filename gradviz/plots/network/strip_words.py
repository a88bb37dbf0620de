"""What the drawing of a network says of a row."""

from __future__ import annotations

from gradviz.plots.parts.readout import in_sentence, value_in_words
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History


def words_of_node(history: History, quantity: Quantity, step: int, row: int) -> str:
    """Say what a row is, its newest value up to `step`, and which shortcuts pass over it."""
    name = history.started.row_name(row)
    found = history.latest_row(quantity.name, step)
    if found is None:
        value = value_in_words(quantity, None)
        measured = step
    else:
        measured = found[0]
        known = history.measured(quantity.name, measured)[row - 1]
        value = value_in_words(quantity, float(found[1][row - 1]) if known else None)
    words = f"step {measured} · {name} · {value} ({in_sentence(quantity.label)})"
    return words + passed_over(history, row)


def passed_over(history: History, row: int) -> str:
    """Name the rows that the shortcut past a row passes over; empty where there is none."""
    span = next((each for each in history.started.shortcuts if each[0] <= row <= each[1]), None)
    if span is None:
        return ""
    first, last = span
    if first == last:
        return " · a shortcut leads past it"
    started = history.started
    return f" · a shortcut leads past {started.row_name(first)} to {started.row_name(last)}"
