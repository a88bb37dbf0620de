"""Writes an animated WebP frame by frame, without loss.

Pillow compresses each frame; its own way to write several at once would hold all of them in memory first. The container
around them is that of the WebP Container Specification (Google, 2025).
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, WebPImagePlugin

from gradviz.errors import ExportError

Box = tuple[int, int, int, int]

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# by the plugin's own name, so that a frozen program takes the plugin along
FORMAT = WebPImagePlugin.WebPImageFile.format
LARGEST_PX = 16_383
# how hard the encoder tries: more takes longer and saves next to nothing on plots
EFFORT, METHOD = 40, 2
# bits of flags, by their place in the specification
HAS_ANIMATION, HAS_XMP, HAS_ALPHA, BLEND = 0x02, 0x04, 0x10, 0x00
MOST_BYTES = 2**32 - 2


class WebpWriter:
    """Frames of `size` (width, height) into an open file; `comment` is XMP, in ASCII. `close` makes the file whole."""

    def __init__(self, file: BinaryIO, size: tuple[int, int], comment: str) -> None:
        self._file = file
        self._comment = comment.encode("ascii")
        file.write(b"RIFF\0\0\0\0WEBP")
        width, height = size
        self._write(
            b"VP8X", bytes([HAS_ANIMATION | HAS_XMP | HAS_ALPHA, 0, 0, 0]) + _three(width - 1) + _three(height - 1)
        )
        # an opaque white ground, again and again
        self._write(b"ANIM", b"\xff\xff\xff\xff" + struct.pack("<H", 0))

    def add(self, part: Pixels, changed: Mask, box: Box, duration_ms: int) -> None:
        """Put `part` [rows, columns, 3] at `box` where it is `changed` [rows, columns]; leave the rest as it was.

        It stays for `duration_ms`. Left and top of the box are even.
        """
        buffer = io.BytesIO()
        seen = np.where(changed, np.uint8(255), np.uint8(0))
        Image.fromarray(np.dstack([part, seen])).save(
            buffer, format=FORMAT, lossless=True, quality=EFFORT, method=METHOD
        )
        left, top, right, bottom = box
        place = _three(left // 2) + _three(top // 2) + _three(right - left - 1) + _three(bottom - top - 1)
        # of a picture alone everything after the name of the format are its chunks
        chunks = buffer.getvalue()[12:]
        self._write(b"ANMF", place + _three(duration_ms) + bytes([BLEND]) + chunks)

    def close(self) -> None:
        """Write what the file is of, and how long it is."""
        self._write(b"XMP ", self._comment)
        length = self._file.tell()
        if length - 8 > MOST_BYTES:
            raise ExportError("a WebP holds no more than 4 GB; choose fewer frames or a smaller size")
        self._file.seek(4)
        self._file.write(struct.pack("<I", length - 8))
        self._file.seek(length)

    def _write(self, name: bytes, payload: bytes) -> None:
        self._file.write(name + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2))


def _three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]
