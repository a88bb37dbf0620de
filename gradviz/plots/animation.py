"""A film as an animated picture in a file: GIF for everywhere, WebP without loss of colour.

One frame is in memory at a time, and of each only what has changed since the one before is written.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Protocol

from PIL import Image, ImageChops
from PySide6.QtGui import QImage

from gradviz.errors import ExportError
from gradviz.plots import gif, webp
from gradviz.plots.film import Cut, Film
from gradviz.plots.images import xmp
from gradviz.recording.atomic_file import replacing

Box = tuple[int, int, int, int]

SUFFIXES = (".gif", ".webp")


class _Writer(Protocol):
    def add(self, part: Image.Image, box: Box, duration_ms: int) -> None: ...

    def close(self) -> None: ...


def record(path: Path, film: Film, cut: Cut, *, experiment_json: str | None, title: str) -> Generator[int, None, None]:
    """Write `cut` of `film` as GIF or WebP, by the suffix of `path`; yield the number of frames done after each.

    The experiment, if there is one, is embedded. Nothing is left behind where this is closed before its end. Raises
    ExportError for an unknown suffix, pictures too large for the format, or a file that cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ExportError(f"{path.name}: animations are written as {', '.join(SUFFIXES)}; give the file such an ending")
    largest = gif.LARGEST_PX if suffix == ".gif" else webp.LARGEST_PX
    if max(film.size) > largest:
        raise ExportError(f"a {suffix[1:].upper()} is at most {largest:,} pixels wide and high; choose a smaller size")
    experiment = json.dumps(json.loads(experiment_json)) if experiment_json is not None else ""
    with replacing(path) as file:
        writer = _writer(file, suffix, film.size, experiment, title)
        before: Image.Image | None = None
        for done, step in enumerate(cut.steps, start=1):
            picture = _pillow(film.picture(step))
            box = _changed(before, picture)
            writer.add(picture.crop(box), box, cut.frame_ms)
            before = picture
            yield done
        writer.close()


def _writer(file: BinaryIO, suffix: str, size: tuple[int, int], experiment: str, title: str) -> _Writer:
    if suffix == ".gif":
        return gif.GifWriter(file, size, experiment)
    return webp.WebpWriter(file, size, xmp(experiment, title))


def _changed(before: Image.Image | None, now: Image.Image) -> Box:
    """Return the smallest rectangle outside of which nothing has changed; its left and top are even, as WebP wants."""
    if before is None:
        return (0, 0, *now.size)
    # a frame on which nothing moves is a frame all the same
    left, top, right, bottom = ImageChops.difference(before, now).getbbox() or (0, 0, 1, 1)
    return left - left % 2, top - top % 2, right, bottom


def _pillow(image: QImage) -> Image.Image:
    """Return `image`, which is without transparency, as a picture of Pillow's."""
    size = image.width(), image.height()
    return Image.frombuffer("RGB", size, bytes(image.constBits()), "raw", "BGRX", image.bytesPerLine(), 1)
