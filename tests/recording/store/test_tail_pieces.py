from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.recording.store.tail_pieces import TailPieces, split

CHUNK = 64


class Table:
    """Pieces as a file holds them: begin to end."""

    def __init__(self) -> None:
        self.pieces: dict[int, int] = {}
        self.tail = TailPieces()
        self.written = 0

    def grow(self, end: int) -> None:
        first = self.tail.first_to_write(end, CHUNK)
        for begin in [begin for begin in self.pieces if begin >= first]:
            del self.pieces[begin]
        for begin, until in split(first, end, CHUNK):
            self.pieces[begin] = until
            self.written += until - begin
        self.tail = self.tail.grown(end, CHUNK)


@given(st.lists(st.integers(0, 150), max_size=40))
def test_pieces_hold_every_row_once_and_whole_chunks_are_one_piece(steps: list[int]) -> None:
    table, rows = Table(), 0
    for step in steps:
        rows += step
        table.grow(rows)
        ordered = sorted(table.pieces.items())
        assert [begin for begin, _ in ordered] == [0, *(until for _, until in ordered[:-1])][: len(ordered)]
        assert table.tail.rows == rows == (ordered[-1][1] if ordered else 0)
        assert all(begin // CHUNK == (until - 1) // CHUNK for begin, until in ordered)
        whole = rows // CHUNK * CHUNK
        assert [begin for begin, _ in ordered if begin < whole] == list(range(0, whole, CHUNK))
        assert tuple(begin for begin, _ in ordered if begin >= whole) == table.tail.pieces


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_rows_are_written_a_few_times_and_stay_in_few_pieces(step: int) -> None:
    table, most = Table(), 0
    for end in range(step, 10 * CHUNK, step):
        table.grow(end)
        most = max(most, len(table.tail.pieces))
    assert most <= math.log2(CHUNK) + 1
    assert table.written <= 10 * CHUNK * (math.log2(CHUNK) + 1)
