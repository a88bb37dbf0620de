"""An animation as a picture in a file: GIF for everywhere, WebP without loss of colour.

One frame is in memory at a time, and of each only what has changed since the one before is written.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from gradviz.errors import ExportError
from gradviz.plots.pages import gif, webp
from gradviz.plots.pages.animation import Animation, StepRange
from gradviz.plots.pages.images import xmp
from gradviz.recording.atomic_file import replacing

Box = tuple[int, int, int, int]
Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SUFFIXES = (".gif", ".webp")


class _Writer(Protocol):
    def add(self, part: Pixels, changed: Mask, box: Box, duration_ms: int) -> None: ...

    def close(self) -> None: ...


def record(
    path: Path, animation: Animation, step_range: StepRange, *, experiment_json: str | None, title: str
) -> Generator[int, None, None]:
    """Write `step_range` of `animation` as GIF or WebP, by the suffix of `path`; yield how many frames are done.

    The experiment, if there is one, is embedded. Nothing is left behind where this is closed before its end. Raises
    ExportError for an unknown suffix, pictures too large for the format, or a file that cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ExportError(f"{path.name}: animations are written as {', '.join(SUFFIXES)}; give the file such an ending")
    largest = gif.LARGEST_PX if suffix == ".gif" else webp.LARGEST_PX
    if max(animation.size) > largest:
        raise ExportError(f"a {suffix[1:].upper()} is at most {largest:,} pixels wide and high; choose a smaller size")
    experiment = json.dumps(json.loads(experiment_json)) if experiment_json is not None else ""
    with replacing(path) as file:
        writer = _writer(file, suffix, animation.size, experiment, title)
        before: Pixels | None = None
        for done, step in enumerate(step_range.steps, start=1):
            picture = _pixels(animation.picture(step))
            changed = np.ones(picture.shape[:2], np.bool_) if before is None else (picture != before).any(axis=-1)
            left, top, right, bottom = box = _box_around(changed)
            writer.add(picture[top:bottom, left:right], changed[top:bottom, left:right], box, step_range.frame_ms)
            before = picture
            yield done
        writer.close()


def _writer(file: BinaryIO, suffix: str, size: tuple[int, int], experiment: str, title: str) -> _Writer:
    if suffix == ".gif":
        return gif.GifWriter(file, size, experiment)
    return webp.WebpWriter(file, size, xmp(experiment, title))


def _box_around(changed: Mask) -> Box:
    """Return the smallest rectangle that holds all that changed; its left and top are even, as WebP wants them."""
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        # a frame on which nothing moves is a frame all the same
        return 0, 0, 1, 1
    left, top = int(columns[0]), int(rows[0])
    return left - left % 2, top - top % 2, int(columns[-1]) + 1, int(rows[-1]) + 1


def _pixels(image: QImage) -> Pixels:
    """Return red, green and blue [rows, columns, 3] of an image without transparency."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    # a copy: the image goes, and takes its memory with it
    return rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).copy()
