"""A large table is read in a few times what the csv module takes to split it; pictures faster than by np.loadtxt."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradviz.experiment.data import Data
from gradviz.training.data_files import read_data_file

ROUNDS = 3
ROWS_READ_BY_NUMPY = 6_000


def pictures(path: Path) -> tuple[int, int]:
    """60,000 pictures of 784 pixels, four fifths of them black, as MNIST is handed out in CSV."""
    rows, width = 60_000, 784
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write("label," + ",".join(f"pixel{place}" for place in range(width)) + "\n")
        for label in range(rows):
            pixels = rng.integers(0, 256, width) * (rng.random(width) > 0.8)
            file.write(f"{label % 10},{','.join(map(str, pixels))}\n")
    return rows, width


def measurements(path: Path) -> tuple[int, int]:
    """100,000 rows of 20 numbers with all their digits."""
    rows, width = 100_000, 20
    values = np.random.default_rng(0).normal(size=(rows, width))
    with path.open("w") as file:
        file.write(",".join(f"f{place}" for place in range(width)) + ",label\n")
        for number, row in enumerate(values.tolist()):
            file.write(f"{','.join(map(repr, row))},{number % 5}\n")
    return rows, width


def quickest(act: Callable[[], object]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def split(path: Path) -> int:
    with path.open(newline="") as file:
        return sum(len(row) for row in csv.reader(file))


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("write", "most_times_csv", "most_times_numpy"), [(pictures, 5.0, 1.0), (measurements, 8.0, 2.5)]
)
def test_large_tables_are_read_fast(
    tmp_path: Path,
    write: Callable[[Path], tuple[int, int]],
    most_times_csv: float,
    most_times_numpy: float,
) -> None:
    path = tmp_path / "own.csv"
    rows, width = write(path)
    data = Data(source="file", data_file=str(path), label_column="label")
    shapes = []
    ours = quickest(lambda: shapes.append(read_data_file(data).inputs.shape))
    splitting = quickest(lambda: split(path))
    began = time.perf_counter()
    np.loadtxt(path, delimiter=",", skiprows=1, max_rows=ROWS_READ_BY_NUMPY)
    numpy = (time.perf_counter() - began) * rows / ROWS_READ_BY_NUMPY
    print(f"\n{rows:,} x {width}: gradviz {ours:.2f} s, csv.reader alone {splitting:.2f} s, np.loadtxt {numpy:.2f} s")
    assert set(shapes) == {(rows, width)}
    assert ours < most_times_csv * splitting
    assert ours < most_times_numpy * numpy
