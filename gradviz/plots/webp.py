"""Writes an animated WebP frame by frame, without loss.

Pillow compresses each frame; its own way to write several at once would hold all of them in memory first. The container
around them is that of the WebP Container Specification (Google, 2025).
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from PIL import Image

from gradviz.errors import ExportError

Box = tuple[int, int, int, int]

LARGEST_PX = 16_383
# how hard the encoder tries: more takes longer and saves next to nothing on plots
EFFORT, METHOD = 40, 1
# bits of flags, by their place in the specification
HAS_ANIMATION, HAS_XMP, DO_NOT_BLEND = 0x02, 0x04, 0x02
MOST_BYTES = 2**32 - 2


class WebpWriter:
    """Frames of `size` (width, height) into an open file; `comment` is XMP, in ASCII. `close` makes the file whole."""

    def __init__(self, file: BinaryIO, size: tuple[int, int], comment: str) -> None:
        self._file = file
        self._comment = comment.encode("ascii")
        file.write(b"RIFF\0\0\0\0WEBP")
        width, height = size
        self._write(b"VP8X", bytes([HAS_ANIMATION | HAS_XMP, 0, 0, 0]) + _three(width - 1) + _three(height - 1))
        # an opaque white ground, again and again
        self._write(b"ANIM", b"\xff\xff\xff\xff" + struct.pack("<H", 0))

    def add(self, part: Image.Image, box: Box, duration_ms: int) -> None:
        """Put `part` (RGB) at `box`, whose left and top are even, and leave it for `duration_ms`."""
        buffer = io.BytesIO()
        part.save(buffer, format="WEBP", lossless=True, quality=EFFORT, method=METHOD)
        left, top, right, bottom = box
        place = _three(left // 2) + _three(top // 2) + _three(right - left - 1) + _three(bottom - top - 1)
        # of a picture alone everything after the name of the format are its chunks
        chunks = buffer.getvalue()[12:]
        self._write(b"ANMF", place + _three(duration_ms) + bytes([DO_NOT_BLEND]) + chunks)

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
