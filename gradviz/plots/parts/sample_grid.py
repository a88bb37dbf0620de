"""A grid of validation pictures with what the network takes them for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradviz.plots.parts.colours import rgb_of
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.frame import Evaluation, HeldOut

SMALLEST_PICTURE_PX = 22.0
MARGIN_PX = 4.0
COLOUR_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class ShownSample:
    """A sample as it is drawn: `levels` uint8 [channels, rows, columns], 0 empty and 255 full."""

    levels: NDArray[np.uint8]
    predicted: str
    truth: str
    confidence: float
    wrong: bool

    @property
    def captions(self) -> tuple[str, str]:
        """What to write below the picture, and what to write where that is too long."""
        verdict = f"{self.predicted}≠{self.truth}" if self.wrong else self.predicted
        return f"{verdict} {self.confidence:.0%}", verdict


class SampleGrid(pg.GraphicsWidget):  # type: ignore[misc]
    """Paints as many samples as fit, as large as they can be."""

    def __init__(self, smallest_px: float = SMALLEST_PICTURE_PX) -> None:
        super().__init__()
        self._smallest_px = smallest_px
        self.samples: list[ShownSample] = []
        self._style = LIGHT
        self._of: HeldOut | None = None
        self._ends = 0.0, 0.0
        self._font = QFont()
        self._font.setPointSizeF(7.5)
        self._metrics = QFontMetricsF(self._font)

    def show(self, held_out: HeldOut, evaluation: Evaluation, chosen: NDArray[np.intp]) -> None:
        """Draw the samples at the places `chosen`, in this order as far as there is room."""
        if held_out is not self._of:
            # of large data this takes a while, and it never changes
            self._of, self._ends = held_out, (float(held_out.inputs.min()), float(held_out.inputs.max()))
        names, labels = held_out.class_names, held_out.labels
        self.samples = [
            ShownSample(
                picture,
                names[evaluation.predicted[index]],
                names[labels[index]],
                float(evaluation.confidence[index]),
                bool(evaluation.predicted[index] != labels[index]),
            )
            for picture, index in zip(levels(held_out, chosen, self._ends), chosen, strict=True)
        ]
        self.update()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.update()

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Draw the grid; called by Qt."""
        if not self.samples:
            return
        area = QRectF(self.rect())
        caption = self._metrics.lineSpacing()
        columns, side, count = best_grid(area.width(), area.height(), len(self.samples), caption, self._smallest_px)
        ramp = _ramp(self._style)
        width = area.width() / columns
        height = side + caption + 2 * MARGIN_PX
        top = area.center().y() - height * math.ceil(count / columns) / 2
        for place, sample in enumerate(self.samples[:count]):
            row, column = divmod(place, columns)
            cell = QRectF(area.left() + column * width, top + row * height, width, height)
            self._paint_sample(painter, sample, cell, side, ramp)

    def _paint_sample(self, painter: QPainter, sample: ShownSample, cell: QRectF, side: float, ramp: list[int]) -> None:
        _, rows, columns = sample.levels.shape
        scale = side / max(rows, columns)
        picture = QRectF(0, 0, columns * scale, rows * scale)
        picture.moveCenter(cell.center())
        picture.moveTop(cell.top() + MARGIN_PX)
        painter.drawImage(picture, _image(sample.levels, ramp))
        if sample.wrong:
            self._cross_out(painter, picture)
        colour = self._style.series[1] if sample.wrong else self._style.muted
        painter.setPen(QColor(colour))
        painter.setFont(self._font)
        below = QRectF(cell.left(), picture.bottom() + 1, cell.width(), self._metrics.lineSpacing())
        full, short = sample.captions
        text = full if self._metrics.horizontalAdvance(full) <= below.width() - 2 else short
        line = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, below.width() - 2)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, line)

    def _cross_out(self, painter: QPainter, picture: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._style.series[1]), 2.0))
        painter.drawRect(picture)
        corner = QRectF(picture.right() - 10, picture.top() + 3, 7, 7)
        painter.drawLine(QLineF(corner.topLeft(), corner.bottomRight()))
        painter.drawLine(QLineF(corner.topRight(), corner.bottomLeft()))


def best_grid(
    width: float, height: float, samples: int, caption: float, smallest: float = SMALLEST_PICTURE_PX
) -> tuple[int, float, int]:
    """Return columns, side of a picture in pixels, and how many samples fit, for pictures as large as possible.

    If all of them would be smaller than `smallest` pixels, fewer are shown.
    """

    def side(columns: int, count: int) -> float:
        rows = math.ceil(count / columns)
        return min(width / columns - 2 * MARGIN_PX, height / rows - caption - 2 * MARGIN_PX)

    for count in range(samples, 0, -1):
        columns = max(range(1, count + 1), key=lambda columns: side(columns, count))
        if side(columns, count) >= smallest:
            return columns, side(columns, count), count
    return 1, max(side(1, 1), 1.0), 1


def levels(held_out: HeldOut, chosen: NDArray[np.intp], ends: tuple[float, float]) -> NDArray[np.uint8]:
    """Return the chosen pictures [samples, channels, rows, columns] on the scale of all, whose `ends` are given."""
    low, high = ends
    scaled = (held_out.inputs[chosen] - low) * (255.0 / max(high - low, 1e-30))
    return scaled.round().astype(np.uint8).reshape(-1, *held_out.sample_shape)


def _ramp(style: Style) -> list[int]:
    """Return 256 colours from nearly the background to the foreground."""
    weights = np.linspace(0.0, 1.0, 256)[:, np.newaxis]
    mixed = rgb_of(style.not_measured_colour) * (1 - weights) + rgb_of(style.foreground) * weights
    return [QColor(*(int(part) for part in colour)).rgb() for colour in mixed.round()]


def _image(levels: NDArray[np.uint8], ramp: list[int]) -> QImage:
    count, rows, columns = levels.shape
    # QImage does not keep the bytes alive, hence the copies
    if count == COLOUR_CHANNELS:
        pixels = np.moveaxis(levels, 0, 2).tobytes()
        return QImage(pixels, columns, rows, COLOUR_CHANNELS * columns, QImage.Format.Format_RGB888).copy()
    image = QImage(levels[0].tobytes(), columns, rows, columns, QImage.Format.Format_Indexed8).copy()
    image.setColorTable(ramp)
    return image
