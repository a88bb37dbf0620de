"""What a heatmap says: titles, the legend, single values, and where floating point loses the signal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradviz.plots.heatmaps import skipped_marks
from gradviz.plots.heatmaps.picture import Grid, Picture, read_columns
from gradviz.plots.parts.colour_indices import ABOVE, BELOW, EXACTLY_ZERO, NOT_FINITE, NOT_MEASURED, SOME_ZERO
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.readout import in_sentence, value_in_words
from gradviz.plots.parts.style import Style
from gradviz.plots.profiles.profile_words import lost_signal
from gradviz.plots.shown_run import DIFFERENT_DEPTHS, ShownRun, equally_deep
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History
from gradviz.recording.measured_rows import row_at
from gradviz.recording.powers import scientific
from gradviz.recording.source import SKIPPED

LINKED = "one colour scale for all; zoom, range and picked step are linked"


def pane_title(run: ShownRun | None, quantity: Quantity | None, frames: int, step: int | None, *, alone: bool) -> str:
    """Return the title of a pane: quantity and steps of a single run, whose `frames` are drawn, else name and step."""
    if run is None or (alone and (quantity is None or not run.history.frames)):
        return ""
    if alone and quantity is not None:
        words = f"{quantity.label} · up to step {max(frames, 1) - 1}"
        return words if step is None else f"{words}, {step} picked"
    words = f"{run.series.letter} {run.series.glyph}  {run.name}"
    if step is None or run.latest < 0:
        return f"{words} · up to step {run.latest}" if run.latest >= 0 else words
    shown = run.step_for(step)
    return f"{words} · step {shown}" + (", its last" if shown < step else "")


def legend(
    runs: Sequence[ShownRun],
    quantity: Quantity | None,
    step: int | None,
    pictures: Sequence[Picture],
    floors_shown: Iterable[str],
    standstill: float | None,
    style: Style,
) -> list[KeyEntry]:
    """Explain the colours and marks in the `pictures`, the `floors_shown` on the scale, and what there is to know.

    `standstill` is the exponent at which the scale is marked because weights cease to move below it.

    That is where the signal is lost at `step` in a single run, and what the panes of several share.
    """
    entries = _colour_entries(pictures, style)
    if quantity is None:
        return entries
    if names := " and ".join(floors_shown):
        entries.append(("- -", style.muted, f"on the scale: {names}"))
    if standstill is not None:
        precision = "float64" if runs[0].history.started.double else "float32"
        words = f"on the scale: below about {scientific(standstill)} a step is lost in {precision} weights"
        entries.append(("═", style.muted, words))
    if any(run.history.skipped_steps().size for run in runs):
        entries.append((skipped_marks.MARK, style.nan_colour, skipped_marks.WORDS))
    if len(runs) > 1:
        entries.append(("↔", style.muted, LINKED if equally_deep(runs) else f"{LINKED}; {DIFFERENT_DEPTHS}"))
    elif runs and (words := lost_signal_at(runs[0].history, quantity, runs[0].step_for(step))):
        entries.append(("!", style.zero_colour, words))
    return entries


def _colour_entries(pictures: Sequence[Picture], style: Style) -> list[KeyEntry]:
    """Explain the colours that are in the `pictures` and not on the scale."""
    meanings = {
        EXACTLY_ZERO: (style.zero_colour, "exactly zero"),
        SOME_ZERO: (style.some_zero_colour, "exactly zero in some of the steps of a column"),
        NOT_FINITE: (style.nan_colour, "not a number or infinite"),
        NOT_MEASURED: (style.not_measured_colour, "not measured"),
        BELOW: (style.below_colour, "below the scale"),
        ABOVE: (style.above_colour, "above the scale"),
    }
    present = {index for picture in pictures for index in picture.present(*meanings)}
    return [("■", *meaning) for index, meaning in meanings.items() if index in present]


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
