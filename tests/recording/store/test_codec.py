from __future__ import annotations

import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, floating_dtypes

from gradviz.recording.store.checks import DamagedError
from gradviz.recording.store.codec import (
    ALWAYS_ALLOWED_BYTES,
    pack,
    pack_edges,
    unpack,
    unpack_edges,
)

ANY_FLOATS = arrays(
    st.one_of(floating_dtypes(sizes=(32, 64), endianness="<")), array_shapes(min_dims=1, max_dims=3, min_side=0)
)
INT64 = st.integers(-(2**63), 2**63 - 1)


@given(ANY_FLOATS)
def test_floats_come_back_bit_by_bit(array: np.ndarray) -> None:
    back = unpack(pack(array), array.dtype, array.shape)
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()
    assert back.shape == array.shape


@given(arrays(np.bool_, array_shapes(max_dims=2, min_side=0)))
def test_booleans_come_back(array: np.ndarray) -> None:
    assert unpack(pack(array), np.bool_, array.shape).tolist() == array.tolist()


@given(arrays(np.int64, array_shapes(min_dims=1, min_side=0), elements=INT64))
def test_whole_numbers_come_back_as_int64(array: np.ndarray) -> None:
    back = unpack(pack(array), np.int64, array.shape)
    assert back.dtype == np.int64
    assert back.tolist() == array.tolist()


@pytest.mark.parametrize(("most", "size"), [(255, 1), (256, 2), (65_535, 2), (65_536, 4), (2**32, 8)])
def test_whole_numbers_take_no_more_bytes_than_they_need(most: int, size: int) -> None:
    noise = np.random.default_rng(0).integers(0, most + 1, 5000)
    noise[0] = most
    assert len(pack(noise)) <= 5000 * size * 1.01 + 20


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(2, 9)), elements=st.floats(width=64)))
def test_edges_come_back_even_if_they_are_not_even(edges: np.ndarray) -> None:
    back = unpack_edges(*pack_edges(edges), len(edges), edges.shape[1] - 1)
    assert back.tobytes() == edges.tobytes()


def test_what_edges_miss_costs_next_to_nothing() -> None:
    low, width = np.random.default_rng(0).normal(size=(2, 1000, 1)) * [[[3.0]], [[0.1]]]
    edges = (low + np.abs(width) * (np.arange(65) / 64)) * 0.30103 + 2.1
    ends, missed = pack_edges(edges)
    assert len(ends) + len(missed) < edges.nbytes / 8


@pytest.mark.parametrize("array", [np.arange(12.0).reshape(3, 4), np.zeros((3, 4)), np.ones(12)])
@pytest.mark.parametrize(
    "asked",
    [
        (np.float64, (3, 5)),
        (np.float64, (2, 4)),
        (np.float64, (0,)),
        (np.float64, (-3, -4)),
        (np.float64, (2**40, 2**40)),
        (np.float32, (3, 4)),
        (np.bool_, (3, 4)),
        (np.int64, (3, 4)),
    ],
)
def test_another_type_or_shape_is_damage(array: np.ndarray, asked: tuple[type, tuple[int, ...]]) -> None:
    with pytest.raises(DamagedError):
        unpack(pack(array), *asked)


@pytest.mark.parametrize(
    "data",
    [None, "text", 5, b"", b"f", b"f8", b"f8nonsense", b"O8" + zlib.compress(b"12345678"), pack(np.ones(9))[:-1],
     pack(np.ones(9)) + b"more", bytearray(pack(np.ones(9)))],
)  # fmt: skip
def test_anything_else_is_damage(data: object) -> None:
    with pytest.raises(DamagedError):
        unpack(data, np.float64, (9,))


@pytest.mark.slow
def test_a_bomb_does_not_go_off() -> None:
    """200 kB that zlib would turn into 200 MB, offered as a small array and as the large one that it is."""
    bomb = b"u1" + zlib.compress(bytes(200_000_000), 9)
    assert len(bomb) < 250_000
    tracemalloc.start()
    try:
        for size in (1000, 200_000_000):
            with pytest.raises(DamagedError):
                unpack(bomb, np.uint8, (size,))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_large_array_of_zeros_is_no_bomb() -> None:
    zeros = np.zeros(3 * ALWAYS_ALLOWED_BYTES, np.uint8)
    assert not unpack(pack(zeros), np.uint8, zeros.shape).any()
