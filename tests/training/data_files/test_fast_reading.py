"""Many cells at once are read as one by one: the same numbers, bit for bit, the same words, the same refusals."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradviz.errors import DataError
from gradviz.experiment.data import Data
from gradviz.training.data_files import DataFile, collecting
from gradviz.training.data_files.cells import split
from gradviz.training.data_files.table import read_table

DIGITS = st.text("0123456789", min_size=0, max_size=18)
NUMBERS = st.builds(
    lambda sign, whole, point, part: sign + whole + point + part,
    st.sampled_from(["", "-", "+"]), DIGITS, st.sampled_from(["", "."]), DIGITS,
)  # fmt: skip
ODD = st.sampled_from(
    ["", "?", "NA", "nan", "inf", "-inf", "1e5", "-.5", ".", "-", "--1", "1-", "1.2.3", " 7", "7 ", "1_0", "٣", "dog",
     '"dog"', '"1.5"', '"', '""', '"a', "é", "0x10", "1e999", "-0", "00012", "+3"]
)  # fmt: skip
FEW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def as_data(path: Path) -> object:
    """Return columns, lines and texts of a table as plain data, or what refused it."""
    try:
        table = read_table(path)
    except DataError as error:
        return str(error)
    return [
        (column.key, column.values.tobytes() if column.texts is None else column.texts, column.missing.tolist())
        for column in table.columns
    ], table.lines.tolist()


@FEW
@given(st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width))), st.data())
def test_every_number_is_rounded_as_python_rounds_it(rows: list[list[str]], data: st.DataObject) -> None:
    rows = [row for row in rows if any(row)]
    if not rows:
        return
    cells = split("".join(",".join(row) + "\n" for row in rows).encode(), ",", len(rows[0]))
    assert cells is not None
    values, odd = cells.numbers(".")
    for row, value_row, odd_row in zip(rows, values, odd, strict=True):
        for cell, value, is_odd in zip(row, value_row, odd_row, strict=True):
            digits = sum(each.isdecimal() for each in cell)
            assert is_odd == (bool(cell) and not 0 < digits <= 15)
            if not is_odd:
                expected = float(cell) if cell else np.nan
                assert np.float64(expected).tobytes() == value.tobytes(), cell


@FEW
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(NUMBERS | NUMBERS | NUMBERS | ODD, min_size=width, max_size=width), min_size=1, max_size=40
        )
    ),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from([17, 60, 1 << 20]),
    st.sampled_from(["", "a,b,c,d\n"]),
)
def test_it_makes_no_difference_how_cells_are_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str, block: int, end: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "own.csv"
    path.write_text("".join(separator.join(row) + "\n" for row in rows) + end, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collecting, "BLOCK_BYTES", block)
        patch.setattr(collecting, "MOST_ODD", 1.0)
        fast = as_data(path)
        patch.setattr(collecting, "split", lambda *_: None)
        slow = as_data(path)
    assert fast == slow


def test_a_table_of_many_blocks_is_read_as_the_csv_module_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "BLOCK_BYTES", 1000)
    rng = np.random.default_rng(0)
    body = [[f"{value:.4f}" for value in row] + [str(row[0] > 0)] for row in rng.normal(size=(500, 9)) * 1000]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[*"abcdefghi", "label"], *body])
    # one line in the middle is another: from there on rows are read one by one
    lines = text.getvalue().splitlines()
    lines[300] = lines[300].replace(",", ", ").replace("True", '"Tr,ue"').replace("False", '"Tr,ue"')
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines))
    read = DataFile(str(path)).understood(Data(source="file", data_file=str(path)))
    expected = np.array([row[:-1] for row in csv.reader(lines[1:], skipinitialspace=True)], np.float64)
    np.testing.assert_array_equal(read.inputs, expected)
    assert set(read.class_names) == {"True", "False", "Tr,ue"}


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(content)
    for _ in range(rng.integers(1, 6)):
        place, length = int(rng.integers(0, max(len(data), 1))), int(rng.integers(0, 30))
        match rng.integers(0, 4):
            case 0:
                del data[place : place + length]
            case 1:
                data[place:place] = rng.bytes(length)
            case 2:
                data[place:place] = data[: 3 * length]
            case _:
                words = [b'"', b"\r", b"\0", b";", b"\xff", b"nan", b"\n\n", b"1e999", b"-"]
                data[place:place] = words[int(rng.integers(0, len(words)))]
    return bytes(data)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "npz", "txt"])
def test_damaged_files_are_read_or_refused_and_nothing_else(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(1)
    rows = "".join(
        f"{a:.3f}{s}{b:.2f}{s}{'cat' if a > 0 else 'dog'}\n" for s in ",;\t " for a, b in rng.normal(size=(8, 2))
    )
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=rng.normal(size=(8, 3)), y=np.arange(8) % 2)
    whole = {"csv": rows.encode(), "csv.gz": gzip.compress(rows.encode()), "npz": buffer.getvalue(),
             "txt": rows.encode("utf-16")}[kind]  # fmt: skip
    path = tmp_path / f"own.{kind}"
    outcomes = set()
    for _ in range(150):
        path.write_bytes(damaged(whole, rng))
        try:
            DataFile(str(path)).understood(Data(source="file", data_file=str(path)))
            outcomes.add("read")
        except DataError as error:
            outcomes.add("refused" if str(path) in str(error) else f"no path in {error}")
    assert outcomes <= {"read", "refused"}
    assert "refused" in outcomes
