"""How a table that grows is kept in few pieces without being written over and over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TailPieces:
    """The first `rows` rows are stored; those of the chunk that is not whole yet in pieces, which begin at `pieces`.

    Rows are counted from the beginning of the run. A piece is written anew, together with what comes after it, once
    that is not less than the piece itself. So a row is written log2(chunk) times at most, and a chunk that grows row by
    row is never in more pieces than that.
    """

    rows: int = 0
    pieces: tuple[int, ...] = ()

    def first_to_write(self, end: int, chunk: int) -> int:
        """Return from which row on the rows up to `end` are to be written, pieces from there on being given up."""
        if end // chunk > self.rows // chunk:
            return self.rows // chunk * chunk
        start = self.rows
        for piece in reversed(self.pieces):
            if start - piece > end - start:
                break
            start = piece
        return start

    def grown(self, end: int, chunk: int) -> TailPieces:
        """Return what is stored once the rows up to `end` are."""
        first, last_chunk = self.first_to_write(end, chunk), end // chunk * chunk
        if first < last_chunk:
            return TailPieces(end, (last_chunk,) if last_chunk < end else ())
        kept = (piece for piece in self.pieces if piece < first)
        return TailPieces(end, (*kept, *((first,) if first < end else ())))


NOTHING = TailPieces()


def split(first: int, end: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Yield the rows `first` to `end` in parts that lie within one chunk each, as (first, end)."""
    while first < end:
        until = min(end, (first // chunk + 1) * chunk)
        yield first, until
        first = until
