"""Validation pictures with what the network takes them for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QFont, QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradviz.plots.held_out import HeldOutPlot, channels
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.frame import Evaluation, HeldOut

MOST_SAMPLES = 40
SMALLEST_PICTURE_PX = 22.0
MARGIN_PX = 4.0


class SamplesPlot(HeldOutPlot):
    """A grid of validation pictures, each with prediction and confidence; wrong ones are crossed out and framed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._grid = _Grid()
        super().__init__(parent)
        self.wrong_first = QAction("Show &wrong samples first", self)
        self.wrong_first.setCheckable(True)
        self.wrong_first.setToolTip("Put the samples that the network gets wrong at the beginning")
        self.wrong_first.toggled.connect(lambda _on: self.redraw())
        self.addAction(self.wrong_first)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.setToolTip("Samples the network never trains on; right-click to put the wrong ones first")
        self.apply_style(LIGHT)

    @property
    def samples(self) -> tuple[ShownSample, ...]:
        """What is drawn, in this order as far as there is room."""
        return tuple(self._grid.samples)

    def _order(self) -> bool:
        return self.wrong_first.isChecked()

    def _put_in_order(self, wrong_first: bool) -> None:
        self.wrong_first.setChecked(wrong_first)

    def _picture(self) -> pg.GraphicsWidget:
        return self._grid

    def _why_not(self, held_out: HeldOut) -> str:
        if held_out.image_shape is not None:
            return ""
        if held_out.extent is not None:
            return "These samples are points in a plane, not pictures: the decision boundary shows them"
        features = held_out.inputs.shape[1]
        return f"These samples are neither pictures nor points in a plane, but rows of {features:,} numbers"

    def _draw(self, held_out: HeldOut, evaluation: Evaluation) -> list[KeyEntry]:
        wrong = evaluation.predicted != held_out.labels
        order = np.argsort(~wrong, kind="stable") if self.wrong_first.isChecked() else np.arange(len(wrong))
        chosen = order[:MOST_SAMPLES]
        pictures = _grey_levels(held_out, chosen)
        self._grid.show(
            [
                ShownSample(
                    picture,
                    held_out.class_names[evaluation.predicted[index]],
                    held_out.class_names[held_out.labels[index]],
                    float(evaluation.confidence[index]),
                    bool(wrong[index]),
                )
                for picture, index in zip(pictures, chosen, strict=True)
            ]
        )
        which = "wrong ones first, of" if self.wrong_first.isChecked() else "the first of"
        style = self.style_in_use
        return [
            ("✗", style.series[1], "wrong: prediction ≠ truth"),
            ("%", style.muted, "confidence"),
            ("…", style.muted, f"{which} {len(wrong):,}"),
        ]

    def _colour_picture(self, style: Style) -> None:
        self._grid.apply_style(style)


@dataclass(frozen=True, slots=True)
class ShownSample:
    """A sample as it is drawn. `grey` uint8 [rows, columns], 0 empty and 255 full."""

    grey: NDArray[np.uint8]
    predicted: str
    truth: str
    confidence: float
    wrong: bool

    @property
    def captions(self) -> tuple[str, str]:
        """What to write below the picture, and what to write where that is too long."""
        verdict = f"{self.predicted}≠{self.truth}" if self.wrong else self.predicted
        return f"{verdict} {self.confidence:.0%}", verdict


class _Grid(pg.GraphicsWidget):  # type: ignore[misc]
    """Paints as many samples as fit, as large as they can be."""

    def __init__(self) -> None:
        super().__init__()
        self.samples: list[ShownSample] = []
        self._style = LIGHT
        self._font = QFont()
        self._font.setPointSizeF(7.5)
        self._metrics = QFontMetricsF(self._font)

    def show(self, samples: list[ShownSample]) -> None:
        self.samples = samples
        self.update()

    def apply_style(self, style: Style) -> None:
        self._style = style
        self.update()

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        if not self.samples:
            return
        area = QRectF(self.rect())
        caption = self._metrics.lineSpacing()
        columns, side, count = _best_grid(area.width(), area.height(), len(self.samples), caption)
        ramp = _ramp(self._style)
        width = area.width() / columns
        height = side + caption + 2 * MARGIN_PX
        top = area.center().y() - height * math.ceil(count / columns) / 2
        for place, sample in enumerate(self.samples[:count]):
            row, column = divmod(place, columns)
            cell = QRectF(area.left() + column * width, top + row * height, width, height)
            self._paint_sample(painter, sample, cell, side, ramp)

    def _paint_sample(self, painter: QPainter, sample: ShownSample, cell: QRectF, side: float, ramp: list[int]) -> None:
        rows, columns = sample.grey.shape
        scale = side / max(rows, columns)
        picture = QRectF(0, 0, columns * scale, rows * scale)
        picture.moveCenter(cell.center())
        picture.moveTop(cell.top() + MARGIN_PX)
        painter.drawImage(picture, _image(sample.grey, ramp))
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


def _best_grid(width: float, height: float, samples: int, caption: float) -> tuple[int, float, int]:
    """Return columns, side of a picture in pixels, and how many samples fit, for pictures as large as possible.

    If all of them would be too small to make out, fewer are shown.
    """

    def side(columns: int, count: int) -> float:
        rows = math.ceil(count / columns)
        return min(width / columns - 2 * MARGIN_PX, height / rows - caption - 2 * MARGIN_PX)

    for count in range(samples, 0, -1):
        columns = max(range(1, count + 1), key=lambda columns: side(columns, count))
        if side(columns, count) >= SMALLEST_PICTURE_PX:
            return columns, side(columns, count), count
    return 1, max(side(1, 1), 1.0), 1


def _grey_levels(held_out: HeldOut, chosen: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return the chosen pictures [samples, rows, columns] on the common scale of all validation samples."""
    assert held_out.image_shape is not None
    low, high = float(held_out.inputs.min()), float(held_out.inputs.max())
    levels = (held_out.inputs[chosen] - low) * (255.0 / max(high - low, 1e-30))
    return levels.round().astype(np.uint8).reshape(-1, *held_out.image_shape)


def _ramp(style: Style) -> list[int]:
    """Return 256 colours from nearly the background to the foreground."""
    weights = np.linspace(0.0, 1.0, 256)[:, np.newaxis]
    mixed = channels(style.not_measured_colour) * (1 - weights) + channels(style.foreground) * weights
    return [QColor(*(int(part) for part in colour)).rgb() for colour in mixed.round()]


def _image(grey: NDArray[np.uint8], ramp: list[int]) -> QImage:
    rows, columns = grey.shape
    # QImage does not keep the bytes alive, hence the copy
    image = QImage(grey.tobytes(), columns, rows, columns, QImage.Format.Format_Indexed8).copy()
    image.setColorTable(ramp)
    return image
