"""A recorder in a notebook: one picture and the verdict, as HTML that stands by itself.

The picture is made of numbers alone, an SVG around a PNG: no library for drawing, no display, no event loop is touched
in the process of the notebook. As the address of an image it is safe from the page's style, and the page from its.
"""

from __future__ import annotations

import base64
import html
import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.verdict import Verdict
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History
from gradviz.recording.zoom.levels import stride_for
from gradviz.shades import VIRIDIS, shades_at

MOST_COLUMNS = 400
MOST_FINDINGS = 4
WIDTH, LEFT, RIGHT = 760, 60, 690
HEATMAP_TOP, HEATMAP_BOTTOM = 28, 248
LOSS_TOP, LOSS_BOTTOM, HEIGHT = 292, 382, 408
_NOT_MEASURED, _ZERO = (217, 222, 228), (200, 16, 16)
_SEVERITIES = {"critical": "#c81010", "warning": "#b45f06", "fine": "#1a7f37"}
_OTHERS = "#59636e"


def recorder_html(history: History | None, title: str) -> str:
    """Return the board and the verdict of a run so far as a piece of HTML."""
    if history is None or not history.frames:
        return f"<p><b>{html.escape(title)}</b>: no step is recorded yet</p>"
    verdict = Verdict.of(history)
    address = base64.b64encode(board_svg(history).encode()).decode("ascii")
    parts = [
        f'<img src="data:image/svg+xml;base64,{address}" width="{WIDTH}" alt="{html.escape(_described(history))}">',
        f"<p><b>{html.escape(title)}</b>, {history.frames:,} steps</p>",
    ]
    for finding in verdict[:MOST_FINDINGS]:
        tried = f"<br>Try: {html.escape(finding.remedies[0])}" if finding.remedies else ""
        parts.append(
            f'<p><b style="color: {_SEVERITIES.get(finding.severity, _OTHERS)}">{html.escape(finding.line)}</b>'
            f"<br>{html.escape(finding.evidence)}{tried}</p>"
        )
    return "<div>" + "".join(parts) + "</div>"


def board_svg(history: History) -> str:
    """Return a picture of a run that has a step: the heatmap of its first quantity, and its loss."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="11" fill="#1b1f24">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *(_heatmap(history, history.quantities[0]) if history.quantities else ()),
        *_loss(history),
        "</svg>",
    ]
    return "".join(parts)


def _heatmap(history: History, quantity: Quantity) -> list[str]:
    window = history.window(quantity.name, 0, history.frames - 1, stride_for(history.frames, MOST_COLUMNS))
    known = np.repeat(window.measured[:, np.newaxis], window.values.shape[1], axis=1)
    known = known if window.measured_layers is None else window.measured_layers
    # a column in which nothing was measured shows the latest one before it
    source = np.maximum.accumulate(np.where(window.measured, np.arange(len(window.measured)), 0))
    values, known = window.values[source].astype(np.float64), known[source]
    finite = values[known & np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    pixels = _coloured(values, known, low, high).transpose(1, 0, 2)[::-1]
    scale = _coloured(np.linspace(high, low, 64)[:, np.newaxis], np.ones((64, 1), np.bool_), low, high)
    rows, height = len(history.started.rows), HEATMAP_BOTTOM - HEATMAP_TOP
    ends = [f"10^{each:.1f}" if quantity.scale == "log10" else f"{each:.3g}" for each in (high, low)]
    return [
        _text(LEFT, 18, quantity.label),
        _image(pixels, LEFT, HEATMAP_TOP, RIGHT - LEFT, height),
        _image(scale, RIGHT + 10, HEATMAP_TOP, 10, height),
        _text(RIGHT + 24, HEATMAP_TOP + 9, ends[0]),
        _text(RIGHT + 24, HEATMAP_BOTTOM, ends[1]),
        _text(LEFT - 6, HEATMAP_BOTTOM - 2, "1", "end"),
        _text(LEFT - 6, HEATMAP_TOP + 9, f"{rows:,}", "end"),
        _text(LEFT - 6, (HEATMAP_TOP + HEATMAP_BOTTOM) / 2, "row", "end"),
        *_steps(history, HEATMAP_BOTTOM + 14),
    ]


def _loss(history: History) -> list[str]:
    curve = history.curve("loss", 0, history.frames - 1, MOST_COLUMNS)
    values = np.stack([curve.smallest, curve.largest], axis=1)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return []
    low, high = float(finite.min()), float(finite.max())
    up = LOSS_BOTTOM - (values - low) / ((high - low) or 1.0) * (LOSS_BOTTOM - LOSS_TOP)
    across = LEFT + (np.minimum(curve.steps, history.frames - 1) + 0.5) / history.frames * (RIGHT - LEFT)
    # each column from its smallest to its largest: a spike stays visible
    places = [f"{x:.1f},{y:.1f}" for x, pair in zip(across, up, strict=True) for y in pair if math.isfinite(y)]
    return [
        _text(LEFT, LOSS_TOP - 8, "Loss"),
        f'<polyline points="{" ".join(places)}" fill="none" stroke="#0072b2" stroke-width="1.5"/>',
        _text(LEFT - 6, LOSS_TOP + 4, f"{high:.3g}", "end"),
        _text(LEFT - 6, LOSS_BOTTOM + 4, f"{low:.3g}", "end"),
        *_steps(history, LOSS_BOTTOM + 20),
    ]


def _steps(history: History, y: float) -> list[str]:
    last = _text(RIGHT, y, f"{history.frames - 1:,}", "end")
    return [_text(LEFT, y, "0"), _text((LEFT + RIGHT) / 2, y, "step", "middle"), last]


def _coloured(values: NDArray[np.float64], known: NDArray[np.bool_], low: float, high: float) -> NDArray[np.uint8]:
    """Return the colours, uint8 [..., 3], of values between `low` and `high`; grey where nothing is known."""
    places = np.clip((np.where(np.isfinite(values), values, low) - low) / ((high - low) or 1.0), 0.0, 1.0)
    pixels = shades_at(VIRIDIS, places)
    # a logarithm of zero, and what is no number
    pixels[known & ~np.isfinite(values)] = _ZERO
    pixels[~known] = _NOT_MEASURED
    return pixels


def _image(pixels: NDArray[np.uint8], x: float, y: float, width: float, height: float) -> str:
    address = base64.b64encode(png(pixels)).decode("ascii")
    return (
        f'<image x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="none" '
        f'style="image-rendering: pixelated" href="data:image/png;base64,{address}"/>'
    )


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return colours, uint8 [lines, columns, 3], as a PNG (W3C recommendation, 2003): eight bits, no filter."""
    lines, columns, _ = pixels.shape
    raw = np.concatenate([np.zeros((lines, 1), np.uint8), pixels.reshape(lines, -1)], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", columns, lines, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(words)}</text>'


def _described(history: History) -> str:
    label = history.quantities[0].label if history.quantities else "loss"
    return f"{label} over rows and steps, and the loss"
