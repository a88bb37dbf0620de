"""Writes an animated GIF frame by frame.

Pillow compresses each frame; its own way to write several at once would hold all of them in memory first. The container
around them is that of the GIF89a specification (CompuServe, 1990), with the extension that lets it play for ever.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

Box = tuple[int, int, int, int]

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# the last of 256 colours is none
TRANSPARENT = 255
# by the plugin's own name, so that a frozen program takes the plugin along
FORMAT = GifImagePlugin.GifImageFile.format
LARGEST_PX = 65_535
LONGEST_BLOCK = 255
# bits of flags, by their place in the specification
LOCAL_PALETTE, LEAVE_IN_PLACE, HAS_TRANSPARENT = 0x80, 0x04, 0x01


class GifWriter:
    """Frames of `size` (width, height) into an open file; the comment is ASCII. `close` makes the file whole."""

    def __init__(self, file: BinaryIO, size: tuple[int, int], comment: str) -> None:
        self._file = file
        # no palette for all: each frame has its own
        file.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0, 0, 0))
        # again and again
        file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
        if comment:
            file.write(b"\x21\xfe" + _blocks(comment.encode("ascii")))

    def add(self, part: Pixels, changed: Mask, box: Box, duration_ms: int) -> None:
        """Put `part` [rows, columns, 3] at `box` where it is `changed` [rows, columns]; leave the rest as it was.

        It stays for `duration_ms`, a whole number of hundredths of a second.
        """
        palette, data = _compressed(_indexed(part, changed))
        left, top, right, bottom = box
        size_of_palette = (len(palette) // 3).bit_length() - 2
        flags = LEAVE_IN_PLACE | HAS_TRANSPARENT
        self._file.write(b"\x21\xf9\x04" + struct.pack("<BHBB", flags, round(duration_ms / 10), TRANSPARENT, 0))
        self._file.write(
            b"\x2c" + struct.pack("<HHHHB", left, top, right - left, bottom - top, LOCAL_PALETTE | size_of_palette)
        )
        self._file.write(palette + data)

    def close(self) -> None:
        """Write the end."""
        self._file.write(b"\x3b")


def comment_of(content: bytes) -> str:
    """Return the comment in a GIF; empty if there is none, or if this is no GIF."""
    try:
        with Image.open(io.BytesIO(content), formats=(FORMAT,)) as picture:
            comment = picture.info.get("comment", b"")
    except (OSError, SyntaxError, ValueError):
        return ""
    return comment.decode("ascii", "replace") if isinstance(comment, bytes) else str(comment)


def _indexed(part: Pixels, changed: Mask) -> Image.Image:
    """Return a picture in at most 255 colours, its own where it has no more, and transparent where nothing changed."""
    indices = np.full(changed.shape, TRANSPARENT, np.uint8)
    packed = part[changed].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    colours = np.stack([found >> 16, found >> 8 & 0xFF, found & 0xFF], axis=-1).astype(np.uint8)
    palette, nearest = _palette(colours, counts)
    indices[changed] = nearest[inverse]
    picture = Image.fromarray(indices).convert("P")
    picture.putpalette(np.pad(palette, ((0, 256 - len(palette)), (0, 0))).tobytes())
    return picture


def _palette(colours: Pixels, counts: NDArray[np.int64]) -> tuple[Pixels, NDArray[np.uint8]]:
    """Return at most 255 colours [entries, 3], and the number of the entry that stands for each of `colours`.

    `counts` says how many pixels have each colour. Of a colour scale there are few of each beside the surfaces of a
    heatmap, and all the same one looks at it: counts weigh by their roots.
    """
    if len(colours) <= TRANSPARENT:
        return colours, np.arange(len(colours), dtype=np.uint8)
    row = Image.fromarray(np.repeat(colours, np.ceil(np.sqrt(counts)).astype(int), axis=0)[np.newaxis])
    # dithering would make noise of surfaces of one colour, and compress badly
    row = row.quantize(TRANSPARENT, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    palette = np.array(row.getpalette(), np.uint8).reshape(-1, 3)[:TRANSPARENT]
    wanted, offered = colours.astype(np.int64), palette.astype(np.int64)
    nearest = [np.square(offered - colour).sum(axis=-1).argmin() for colour in wanted]
    return palette, np.array(nearest, np.uint8)


def _compressed(picture: Image.Image) -> tuple[bytes, bytes]:
    """Return palette and compressed pixels of an indexed picture, out of the GIF that Pillow makes of it alone."""
    buffer = io.BytesIO()
    picture.save(buffer, format=FORMAT, optimize=False, interlace=0)
    whole = buffer.getvalue()
    flags = whole[10]
    at = 13 + _palette_bytes(flags)
    palette = whole[13:at]
    while whole[at] == 0x21:
        # an extension: its label, then blocks
        at = _after_blocks(whole, at + 2)
    # the image descriptor, which has no palette of its own here, then the pixels up to the end of the file
    return palette, whole[at + 10 : -1]


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 0x07) + 1) if flags & LOCAL_PALETTE else 0


def _after_blocks(content: bytes, at: int) -> int:
    while content[at]:
        at += content[at] + 1
    return at + 1


def _blocks(content: bytes) -> bytes:
    """Cut `content` into blocks with their lengths, and an empty one at the end."""
    parts = (content[at : at + LONGEST_BLOCK] for at in range(0, len(content), LONGEST_BLOCK))
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
