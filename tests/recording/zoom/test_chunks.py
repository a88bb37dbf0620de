from __future__ import annotations

import numpy as np
import pytest

from gradviz.recording.zoom.chunks import ROWS_PER_CHUNK, ChunkedRows

ROWS = np.arange(2 * (3 * ROWS_PER_CHUNK + 1)).reshape(-1, 2)


@pytest.fixture
def table() -> ChunkedRows:
    table = ChunkedRows(2, np.int64)
    for index, row in enumerate(ROWS):
        table.put(index, row)
    return table


@pytest.mark.parametrize(
    ("first", "end"),
    [(0, len(ROWS)), (0, 0), (5, 6), (ROWS_PER_CHUNK, 2 * ROWS_PER_CHUNK), (ROWS_PER_CHUNK - 1, len(ROWS)), (9, 3)],
)
def test_reads_across_chunks(table: ChunkedRows, first: int, end: int) -> None:
    np.testing.assert_array_equal(table.read(first, end), ROWS[first:end])


def test_finds_every_row(table: ChunkedRows) -> None:
    assert all(np.array_equal(table.at(index), row) for index, row in enumerate(ROWS))


def test_what_stands_is_never_moved() -> None:
    table = ChunkedRows(1, np.float32)
    table.put(0, 1.0)
    first = table.at(0)
    for index in range(1, 4 * ROWS_PER_CHUNK):
        table.put(index, 0.0)
    assert np.shares_memory(first, table.at(0))
    assert first[0] == 1.0
