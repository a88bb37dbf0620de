from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.recording.store.flush import PIECES_PER_CHUNK, parts

CHUNK = 64


class Table:
    """Parts as a file holds them: begin to end."""

    def __init__(self) -> None:
        self.parts: dict[int, int] = {}
        self.rows = 0
        self.written = 0

    def grow(self, end: int) -> None:
        for first, until in parts(self.rows, end, CHUNK):
            if first < self.rows:
                self.parts = {begin: end for begin, end in self.parts.items() if begin < first}
            self.parts[first] = until
            self.written += until - first
        self.rows = end


@given(st.lists(st.integers(0, 150), max_size=40))
def test_parts_hold_every_row_once_and_whole_chunks_are_one_part(steps: list[int]) -> None:
    table = Table()
    for step in steps:
        table.grow(table.rows + step)
        ordered = sorted(table.parts.items())
        assert [begin for begin, _ in ordered] == [0, *(until for _, until in ordered[:-1])][: len(ordered)]
        assert table.rows == (ordered[-1][1] if ordered else 0)
        assert all(begin // CHUNK == (until - 1) // CHUNK for begin, until in ordered)
        whole = table.rows // CHUNK * CHUNK
        assert [begin for begin, _ in ordered if begin < whole] == list(range(0, whole, CHUNK))


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_rows_are_written_a_few_times_and_stay_in_few_parts(step: int) -> None:
    table, most = Table(), 0
    for end in range(step, 10 * CHUNK, step):
        table.grow(end)
        most = max(most, len(table.parts) - end // CHUNK)
    assert most <= PIECES_PER_CHUNK
    # each row until its piece is whole, and once more with its chunk
    assert table.written <= 10 * CHUNK * (CHUNK // PIECES_PER_CHUNK + 1)
