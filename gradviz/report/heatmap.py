"""Heatmaps: the numbers as a PNG inside of the page, with axes and colour scale as vectors around it."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gradviz.plots.heatmaps.quantize import quantize
from gradviz.plots.parts.colour_indices import EXACTLY_ZERO, FIRST_COLOUR, NOT_FINITE, NOT_MEASURED
from gradviz.plots.parts.limits import Span
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History, Window
from gradviz.report.axes import Axis, axis_of, x_ticks
from gradviz.report.colour_maps import palette
from gradviz.report.markup import Markup, tag

MOST_COLUMNS = 640
MOST_LINES = 500
WIDTH, HEIGHT = 560, 320
TOP, RIGHT, BOTTOM = 10, 480, 280
SCALE_LEFT, SCALE_RIGHT = 498, 510
LEFT_OF_NUMBERS, LEFT_OF_NAMES = 44, 150
MOST_NAMES = 22
LONGEST_NAME = 22
_SPECIAL = (
    (EXACTLY_ZERO, "zero", "exactly zero"),
    (NOT_FINITE, "nan", "not a number, or infinite"),
    (NOT_MEASURED, "unmeasured", "not measured"),
)


def heatmap(history: History, quantity: Quantity) -> Markup:
    """Return a figure of `quantity` over all rows and steps of a run that has a step."""
    # a run that is under way grows meanwhile
    frames = history.frames
    measured = columns_of(history, quantity, frames)
    window = held(measured)
    axis = axis_of(quantity, _span(window))
    indices = _indices(window, axis, quantity)
    left = LEFT_OF_NAMES if _named(history) else LEFT_OF_NUMBERS
    steps = Axis("step", -0.5, frames - 0.5, whole=True)
    shown = window.first_step + window.stride * indices.shape[1]
    # the last column may stand for steps that there are not
    width = (RIGHT - left) * shown / frames
    picture = tag(
        "image", width=f"{width:.1f}", height=BOTTOM - TOP, preserveAspectRatio="none",
        href=png_address(indices, quantity), class_="cells",
    )  # fmt: skip
    picture = tag("svg", picture, x=left, y=TOP, width=RIGHT - left, height=BOTTOM - TOP)
    frame = tag("rect", x=left, y=TOP, width=RIGHT - left, height=BOTTOM - TOP, class_="frame")
    parts = [tag("title", f"{quantity.label} over rows and steps"), picture, frame]
    parts += [*x_ticks(steps, left, RIGHT, BOTTOM), *_row_ticks(history, left), *_scale(axis, quantity)]
    svg = tag("svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", class_="heatmap")
    return tag("figure", tag("h4", _heading(quantity)), svg, _caption(quantity, measured, indices))


def columns_of(history: History, quantity: Quantity, frames: int) -> Window:
    """Return the first `frames` steps of a run in at most MOST_COLUMNS columns."""
    stride = 1
    while -(-frames // stride) > MOST_COLUMNS:
        stride *= 2
    return history.window(quantity.name, 0, frames - 1, stride)


def held(window: Window) -> Window:
    """Return the same with each column that was not measured as the latest one before it that was."""
    numbers = np.arange(len(window.measured))
    latest = np.maximum.accumulate(np.where(window.measured, numbers, -1))
    source = np.where(latest < 0, numbers, latest)
    layers = window.measured_layers
    return replace(
        window,
        values=window.values[source],
        measured=window.measured[source],
        measured_layers=layers[source] if layers is not None else None,
    )


def png_address(indices: NDArray[np.uint8], quantity: Quantity) -> str:
    """Return indices, uint8 [lines, columns], the topmost first, as the address of a PNG that carries itself."""
    colours, opacity = palette(quantity)
    image = Image.fromarray(indices, "P")
    image.putpalette(colours.tobytes())
    content = io.BytesIO()
    image.save(content, "png", transparency=opacity.tobytes(), optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def _indices(window: Window, axis: Axis, quantity: Quantity) -> NDArray[np.uint8]:
    """Return the colour indices [lines, columns], the last row on top; of many rows the largest of several."""
    known = window.measured if window.measured_layers is None else window.measured_layers
    values = window.values
    together = -(-values.shape[1] // MOST_LINES)
    if together > 1:
        starts = np.arange(0, values.shape[1], together)
        if known.ndim == 1:
            known = np.repeat(known[:, np.newaxis], values.shape[1], axis=1)
        # a NaN outweighs everything, so that a single one stays visible
        largest = np.maximum.reduceat(np.where(known, values, -np.inf), starts, axis=1)
        if quantity.scale == "linear" and quantity.signed:
            smallest = np.minimum.reduceat(np.where(known, values, np.inf), starts, axis=1)
            largest = np.where(-smallest > largest, smallest, largest)
        values = largest
        known = np.logical_or.reduceat(known, starts, axis=1)
    indices = quantize(values, known, axis.low, axis.high, logarithmic=quantity.scale == "log10")
    return np.ascontiguousarray(indices.T[::-1])


def _span(window: Window) -> Span | None:
    finite = window.values[np.isfinite(window.values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _named(history: History) -> bool:
    return bool(history.started.row_names)


def _row_ticks(history: History, left: float) -> list[Markup]:
    rows = history.started.rows
    axis = Axis("", 0.5, len(rows) + 0.5, whole=True)
    ticks = [(place, words) for place, words in axis.ticks() if place >= 1]
    if _named(history):
        every = -(-len(rows) // MOST_NAMES)
        ticks = [(number, _short(rows[number - 1].name) or f"{number}") for number in range(1, len(rows) + 1, every)]
    places = axis.place(np.array([place for place, _ in ticks], np.float64), BOTTOM, TOP).tolist()
    parts = [
        tag("text", words, x=left - 6, y=round(place + 3.5, 1), text_anchor="end")
        for place, (_, words) in zip(places, ticks, strict=True)
    ]
    if not _named(history):
        parts.append(tag("text", "row", x=left - 6, y=BOTTOM + 15, text_anchor="end", class_="axis"))
    return parts


def _short(name: str) -> str:
    # the end tells modules apart, the beginning is what they share
    return name if len(name) <= LONGEST_NAME else f"…{name[-LONGEST_NAME + 1 :]}"


def _scale(axis: Axis, quantity: Quantity) -> list[Markup]:
    bar = np.arange(255, FIRST_COLOUR - 1, -1, dtype=np.uint8)[:, np.newaxis]
    parts = [
        tag(
            "image", x=SCALE_LEFT, y=TOP, width=SCALE_RIGHT - SCALE_LEFT, height=BOTTOM - TOP,
            preserveAspectRatio="none", href=png_address(bar, quantity),
        )
    ]  # fmt: skip
    for value, words in axis.ticks():
        at = round(float(axis.place(np.array([value]), BOTTOM, TOP)[0]), 1)
        parts.append(tag("line", x1=SCALE_RIGHT, x2=SCALE_RIGHT + 4, y1=at, y2=at, class_="tick"))
        parts.append(tag("text", words, x=SCALE_RIGHT + 7, y=at + 3.5))
    return parts


def _heading(quantity: Quantity) -> str:
    return f"{quantity.label} ({quantity.unit})" if quantity.unit else quantity.label


def _caption(quantity: Quantity, window: Window, indices: NDArray[np.uint8]) -> Markup:
    words = f"{quantity.description}."
    if window.stride > 1:
        words += f" Each column shows the largest value of {window.stride:,} steps."
    if not window.measured.all():
        words += " Between two measurements, the earlier one is shown."
    if window.values.shape[1] > MOST_LINES:
        words += f" Each line shows the largest value of {-(-window.values.shape[1] // MOST_LINES)} rows."
    there = [
        tag("li", tag("span", class_=f"swatch {name}"), " ", said)
        for index, name, said in _SPECIAL
        if (indices == index).any()
    ]
    notes = tag("ul", *there, class_="legend") if there else ""
    return tag("figcaption", words, notes)
