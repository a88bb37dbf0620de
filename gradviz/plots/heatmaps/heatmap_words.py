"""What a heatmap says of single values: beside the one under the mouse, and where floating point loses the signal."""

from __future__ import annotations

from gradviz.plots.heatmaps.picture import Grid, read_columns
from gradviz.plots.parts.readout import in_sentence, value_in_words
from gradviz.plots.profiles.profile_words import lost_signal
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History
from gradviz.recording.measured_rows import row_at
from gradviz.recording.source import SKIPPED


def lost_signal_at(history: History, quantity: Quantity, step: int) -> str:
    """Name the layer that lost the signal when last both were measured up to `step`; empty if none did."""
    if not quantity.beside.startswith("exact_log10_"):
        return ""
    exact = history.latest_row(quantity.beside, step)
    delivered = history.row(quantity.name, exact[0]) if exact is not None else None
    if exact is None or delivered is None:
        return ""
    words = lost_signal(delivered, exact[1], double=history.started.double)
    return f"step {exact[0]}: {words}" if words else ""


def words_at(history: History, quantity: Quantity, grid: Grid, step: int, layer: int) -> str:
    """Say everything that is known about a cell, and what the columns of `grid` show instead of it."""
    row = row_at(history, quantity.name, step)
    value = value_in_words(quantity, row.at(layer) if row is not None else None)
    words = f"step {step} · {history.started.row_name(layer)} · {value} ({in_sentence(quantity.label)})"
    words += beside(history, quantity, step, layer)
    words += " · the optimiser skipped this step" * bool(history.scalars(step, step + 1)[0, SKIPPED])
    return words + shown_instead(history, quantity, grid, step, layer)


def beside(history: History, quantity: Quantity, step: int, layer: int) -> str:
    """Say what the counterpart of `quantity` is, where it was measured at this step."""
    other = next((each for each in history.quantities if each.name == quantity.beside), None)
    row = row_at(history, other.name, step) if other is not None else None
    if other is None or row is None:
        return ""
    return f" · {value_in_words(other, row.at(layer))} ({in_sentence(other.label)})"


def step_label(quantity: Quantity, grid: Grid) -> str:
    """Say of the step axis what a column shows."""
    if grid.stride == 1:
        return "step"
    return f"step (each column: {_summary_in_words(quantity, grid)} of {grid.stride} steps)"


def _summary_in_words(quantity: Quantity, grid: Grid) -> str:
    if grid.summary == "mean":
        # the mean of logarithms
        return "geometric mean" if quantity.scale == "log10" else "mean"
    return "value of largest magnitude" if quantity.signed and quantity.scale == "linear" else "maximum"


def shown_instead(history: History, quantity: Quantity, grid: Grid, step: int, layer: int) -> str:
    """Say which value the colour stands for where a column holds several steps."""
    if grid.stride == 1:
        return ""
    column, frames = step // grid.stride, history.frames
    window = read_columns(history, quantity.name, grid, column, column + 1, frames)
    last = min((column + 1) * grid.stride, frames) - 1
    by_layer = window.measured_layers
    measured = window.measured[0] if by_layer is None else by_layer[0, layer - 1]
    value = value_in_words(quantity, float(window.values[0, layer - 1]) if measured else None)
    return f" · shown for steps {column * grid.stride}–{last}: {value}"
