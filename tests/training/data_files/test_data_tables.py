"""Tables as people have them: what is read, and what is said of what cannot be."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reading import read, refusal
from sklearn import datasets

from gradviz.errors import DataError
from gradviz.experiment import Experiment
from gradviz.training.data import load_data
from gradviz.training.data_files import text as text_module

Write = Callable[..., Path]
FLOWERS = datasets.load_iris()
NAMES = ("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width")
KINDS = ("setosa", "versicolor", "virginica")


@pytest.fixture
def file(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "own.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    return write


def flowers(
    separator: str = ",",
    *,
    header: bool = True,
    label: str = "last",
    index: str | None = None,
    write: Callable[[float], str] = str,
) -> str:
    """The 150 iris flowers as a table; `index` is the name of a column that counts them."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    rows = []
    if header:
        rows.append([*NAMES, "Kind"] if label == "last" else ["Kind", *NAMES])
    for x, y in zip(FLOWERS.data, FLOWERS.target, strict=True):
        numbers, kind = [write(float(value)) for value in x], KINDS[y]
        rows.append([*numbers, kind] if label == "last" else [kind, *numbers])
    for number, row in enumerate(rows):
        if index is not None:
            row.insert(0, index if header and number == 0 else str(number + (not header)))
        writer.writerow(row)
    return out.getvalue()


def assert_flowers(path: Path, **asked_for: str) -> None:
    data = read(path, **asked_for)
    np.testing.assert_array_equal(data.inputs, FLOWERS.data)
    np.testing.assert_array_equal(data.labels, FLOWERS.target)
    assert data.class_names == KINDS
    assert data.understood.rows == 150
    assert [count for _, count in data.understood.classes] == [50, 50, 50]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("header", [True, False])
def test_the_separator_is_found_out(file: Write, separator: str, header: bool) -> None:
    assert_flowers(file(flowers(separator, header=header)))


@pytest.mark.parametrize("separator", [";", "\t", " "])
def test_decimal_commas_are_found_out(file: Write, separator: str) -> None:
    assert_flowers(file(flowers(separator, write=lambda value: f"{value}".replace(".", ","))))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_usual_encoding_and_line_end_is_read(file: Write, encoding: str, newline: str) -> None:
    text = flowers().replace("setosa", "Größe").replace("\n", newline)
    data = read(file(text.encode(encoding)))
    assert data.class_names == ("Größe", "versicolor", "virginica")
    np.testing.assert_array_equal(data.inputs, FLOWERS.data)


@pytest.mark.parametrize(
    "before", ["# measured in 1936\n", "\n\n", "sep=,\n", '"sep=,"\n', "% a comment\n# another\n\n"]
)
def test_comments_and_a_line_that_names_the_separator_are_no_samples(file: Write, before: str) -> None:
    assert_flowers(file(before + flowers()))


def test_a_comment_may_name_the_columns(file: Write) -> None:
    path = file("# a b kind\n1 2 0\n3 4 1\n5 6 0\n7 9 1\n", "own.txt")
    assert read(path).understood.features == ("a", "b")


def test_a_gzipped_table_is_read_and_a_damaged_one_refused(file: Write) -> None:
    packed = gzip.compress(flowers().encode())
    assert_flowers(file(packed, "own.csv.gz"))
    assert "damaged" in refusal(file(packed[: len(packed) // 2], "own.csv.gz"))


@pytest.mark.parametrize("header", ["0,1,2,3,4", "1,2,3,4,5", "a,b,c,d,e", "5.1,b,1.4,0.2,class"])
def test_headers_of_numbers_and_of_words_are_recognised(file: Write, header: str) -> None:
    path = file(header + "\n" + flowers(header=False))
    assert_flowers(path)
    assert read(path).understood.features == tuple(header.split(",")[:-1])


def test_the_first_row_of_scikit_learn_names_the_classes(file: Write) -> None:
    rows = [",".join([*map(str, x), str(y)]) for x, y in zip(FLOWERS.data, FLOWERS.target, strict=True)]
    assert_flowers(file("\n".join(["150,4,setosa,versicolor,virginica", *rows])))


def test_a_header_of_words_alone_is_no_category(file: Write) -> None:
    rows = "".join(
        f"{'red' if n % 2 else 'blue'},{'big' if n % 3 else 'small'},{'p' if n % 2 else 'e'}\n" for n in range(30)
    )
    data = read(file("colour,size,kind\n" + rows), label_column="kind")
    assert data.understood.rows == 30
    assert data.understood.features == ("colour=blue", "colour=red", "size=big", "size=small")
    np.testing.assert_array_equal(data.inputs.sum(1), np.full(30, 2.0))


@pytest.mark.parametrize("index", ["", "Id", "index", "PassengerId", "sample_id", "Unnamed: 0"])
def test_a_column_that_counts_the_rows_is_left_out(file: Write, index: str) -> None:
    path = file(flowers(index=index))
    assert_flowers(path)
    assert [each.column for each in read(path).understood.left_out] == [repr(index) if index else "column 1"]


def test_so_is_one_without_a_header_and_what_r_writes(file: Write) -> None:
    assert_flowers(file(flowers(header=False, index="")))
    lines = flowers(index="").split("\n")
    assert_flowers(file("\n".join([lines[0].removeprefix(","), *lines[1:]])))


def test_a_column_that_counts_but_is_asked_for_as_label_stays(file: Write) -> None:
    rows = "".join(f"{n},{n % 5}\n" for n in range(20))
    assert "different labels" in refusal(file("id,b\n" + rows), label_column="id")


@pytest.mark.parametrize("asked_for", ["Kind", "kind", "1", "first"])
def test_the_label_may_be_named(file: Write, asked_for: str) -> None:
    assert_flowers(file(flowers(label="first")), label_column=asked_for)


def test_a_label_first_is_never_taken_for_a_feature_in_silence(file: Write) -> None:
    assert "label_column = 1" in refusal(file(flowers(label="first", header=False)))
    rng = np.random.default_rng(0)
    bits = "\n".join(",".join(map(str, row)) for row in rng.integers(0, 2, (60, 5)))
    assert "label_column = 5" in refusal(file(bits))
    assert read(file(bits), label_column="last").understood.label == "column 5"


def test_a_column_called_label_is_the_label_wherever_it_is(file: Write) -> None:
    rng = np.random.default_rng(0)
    rows = "\n".join(",".join(map(str, row)) for row in rng.integers(0, 9, (60, 4)))
    assert read(file("a,label,b,c\n" + rows)).understood.label == "label"


def test_a_label_column_that_is_not_there_is_refused_with_those_that_are(file: Write) -> None:
    said = refusal(file(flowers()), label_column="kinds")
    assert "'Kind'" in said
    assert "'Sepal.Length'" in said


def test_columns_may_be_left_out(file: Write) -> None:
    data = read(file(flowers()), leave_out="Sepal.Width, 4")
    np.testing.assert_array_equal(data.inputs, FLOWERS.data[:, [0, 2]])


GAPS = {5: "", 17: "?", 60: "NA", 61: "NaN", 100: "null"}


def with_gaps(in_label: int | None = None) -> str:
    lines = flowers().split("\n")
    for row, word in GAPS.items():
        cells = lines[row + 1].split(",")
        cells[1] = word
        lines[row + 1] = ",".join(cells)
    if in_label is not None:
        lines[in_label + 1] = lines[in_label + 1].rpartition(",")[0] + ",?"
    return "\n".join(lines)


def test_missing_values_are_counted_and_placed(file: Write) -> None:
    said = refusal(file(with_gaps()))
    assert "5 of 150 rows" in said
    assert "5 in 'Sepal.Width' (first in line 7)" in said
    assert "missing = drop" in said


def test_rows_with_missing_values_are_dropped_if_asked_for(file: Write) -> None:
    data = read(file(with_gaps(in_label=149)), missing="drop")
    there = np.setdiff1d(np.arange(149), list(GAPS))
    np.testing.assert_array_equal(data.inputs, FLOWERS.data[there])
    np.testing.assert_array_equal(data.labels, FLOWERS.target[there])
    assert data.understood.rows_left_out == len(GAPS) + 1


def test_missing_values_are_filled_with_the_mean_if_asked_for(file: Write) -> None:
    data = read(file(with_gaps()), missing="mean")
    there = np.setdiff1d(np.arange(150), list(GAPS))
    expected = FLOWERS.data.copy()
    expected[list(GAPS), 1] = FLOWERS.data[there, 1].mean()
    np.testing.assert_allclose(data.inputs, expected, rtol=1e-15)
    assert data.understood.filled == (("Sepal.Width", 5),)


def test_the_mean_fills_no_label(file: Write) -> None:
    data = read(file(with_gaps(in_label=149)), missing="mean")
    assert (data.understood.rows, data.understood.rows_left_out) == (149, 1)


@pytest.mark.parametrize(("no", "yes"), [("False", "True"), ("no", "yes"), ("f", "t"), ("FALSE", "TRUE")])
def test_a_boolean_is_one_input(file: Write, no: str, yes: str) -> None:
    lines = flowers().strip().split("\n")
    rows = [f"{yes if n % 3 else no},{line}" for n, line in enumerate(lines[1:])]
    data = read(file("\n".join(["flag," + lines[0], *rows])))
    np.testing.assert_array_equal(data.inputs[:, 0], np.arange(150) % 3 > 0)
    np.testing.assert_array_equal(data.inputs[:, 1:], FLOWERS.data)


def test_text_with_many_values_is_refused_with_the_way_out(file: Write) -> None:
    lines = flowers().strip().split("\n")
    text = "\n".join(["name," + lines[0], *(f"flower {n}x,{line}" for n, line in enumerate(lines[1:]))])
    assert "leave_out = name" in refusal(file(text))
    assert_flowers(file(text), leave_out="name")


def test_a_column_that_begins_with_numbers_and_goes_on_in_words_is_text(file: Write) -> None:
    rows = "".join(f"{n / 7},{'1' if n < 10 else '02' if n < 20 else 'b'}\n" for n in range(30))
    assert read(file(rows)).class_names == ("1", "02", "b")


def test_scales_beyond_single_precision_are_refused(file: Write) -> None:
    for factor in (1e300, 1e-300):
        text = "\n".join(f"{(n + 1) * factor!r},{n % 2}" for n in range(20))
        assert "single precision" in refusal(file(text))
    text = "\n".join(f"{(n + 1) * 1e30!r},{n % 2}" for n in range(20))
    assert read(file(text)).inputs.max() == 20 * 1e30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2,a\n1,b\n1,2,b\n1,2,b\n", "line 2 has 2 cells where 3 are expected"),
        ("1,2,a\n\n1,2,3,b\n4,5,b\n", "line 3 has 4 cells where 3 are expected"),
        ("# told\n1,2,a\n1,b\n1,2,b\n1,2,b\n", "line 3 has 2 cells where 3 are expected"),
        ("1.5,2,a\n1,-inf,b\n1,2,a\n1,2,b\n", "column 2 of sample 2 is -inf"),
        ("1.5,2,a\n1,1e999,b\n1,2,a\n1,2,b\n", "column 2 of sample 2 is inf"),
        ("1.5,a\n2,a\n3,a\n", "every label is 'a'"),
        ("1\n2\n", "no separator"),
        ("1,0.31\n2,0.32\n3,0.33\n4,0.34\n", "4 different labels among 4 samples"),
        ("", "there is no sample"),
        ("\n\n", "there is no sample"),
        ("x,y,label\n", "there is no sample"),
        ("a,b,c,label\n1,2,a\n1,2,b\n3,4,b\n", "no sample|1 column|names 4 columns|column 4"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_the_place(file: Write, text: str, said: str) -> None:
    message = refusal(file(text))
    assert any(each in message for each in said.split("|")), message


def test_digits_of_other_scripts_and_underscores_are_no_numbers(file: Write) -> None:
    rows = "".join(f"{cell},{n % 2}\n" for n, cell in enumerate(["1_0", "٢", "3", "4"] * 4))
    data = read(file(rows), label_column="last")
    assert data.understood.features == tuple(f"column 1={each}" for each in ("1_0", "3", "4", "٢"))


def test_numeric_labels_are_ordered_as_numbers_and_words_come_after_them(file: Write) -> None:
    rows = "".join(f"{n / 3},{label}\n" for n, label in enumerate(["10", "9", "-1", "9", "10", "-1", "10", "9"]))
    assert read(file(rows)).class_names == ("-1", "9", "10")
    rows = "".join(f"{n / 3},{label}\n" for n, label in enumerate(["b", "10", "9", "a", "9", "10", "b", "a"]))
    assert read(file(rows)).class_names == ("9", "10", "a", "b")


def test_a_number_written_in_two_ways_is_one_class(file: Write) -> None:
    data = read(file("5,1\n6,1.0\n7,2\n8,2e0\n9,2.50\n3,2.5\n"))
    assert data.class_names == ("1", "2", "2.5")
    np.testing.assert_array_equal(data.labels, [0, 0, 1, 1, 2, 2])


def test_a_thousand_classes_and_no_more(file: Write) -> None:
    assert len(read(file("".join(f"1.5,{n % 1000}\n" for n in range(2000)))).class_names) == 1000
    assert "1001 different labels" in refusal(file("".join(f"1.5,{n % 1001}\n" for n in range(2002))))


def test_what_is_too_large_is_refused(file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "LARGEST_FILE_BYTES", 100_000)
    assert "larger than" in refusal(file(gzip.compress(b"1,2,a\n" * 200_000), "own.csv.gz"))


def test_files_that_are_not_there_or_not_data_are_refused(file: Write, tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.csv")
    (tmp_path / "folder.npz").mkdir()
    assert "Is a directory" in refusal(tmp_path / "folder.npz")
    assert ".npz" in refusal(tmp_path / "table.xlsx")
    assert "not a text file" in refusal(file(b"\x00\x01\x02\x03\x04\x05" * 3 + b"a,b\n"))


def test_an_upper_case_ending_and_a_home_folder_will_do(
    file: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    file("1.5,a\n2,b\n3,a\n4,b\n", "OWN.CSV")
    assert read(Path("~/OWN.CSV").expanduser()).class_names == ("a", "b")


def test_a_class_of_one_sample_cannot_be_split(file: Write) -> None:
    path = file("1.5,a\n2,b\n3,a\n4,b\n5,c\n6,a\n")
    with pytest.raises(DataError, match="class 'c' has only 1 sample; every class needs at least 2"):
        load_data(Experiment.parse({"data": "file", "data_file": str(path)}))


def kinds(write: Callable[[int, float, float, str], str]) -> str:
    """The flowers of two classes, each line as `write` has it."""
    return "".join(write(n, *FLOWERS.data[n, :2], KINDS[FLOWERS.target[n]]) for n in range(100))


@pytest.mark.parametrize(
    "text",
    [
        # R: write.table, write.csv and write.csv2 as they come
        '"a" "b" "kind"\n' + kinds(lambda n, a, b, kind: f'"{n + 1}" {a} {b} "{kind}"\n'),
        '"","a","b","kind"\n' + kinds(lambda n, a, b, kind: f'"{n + 1}",{a},{b},"{kind}"\n'),
        '"";"a";"b";"kind"\n' + kinds(lambda n, a, b, kind: f'"{n + 1}";{a};{b};"{kind}"\n'.replace(".", ",")),
        # a separator at the end of each line; names in single quotes; white space of any kind
        "a,b,kind,\n" + kinds(lambda n, a, b, kind: f"{a},{b},{kind},\n"),
        "'a'\t'b'\t'kind'\n" + kinds(lambda n, a, b, kind: f"{a}\t{b}\t{kind}\n"),
        "a   b\tkind\n" + kinds(lambda n, a, b, kind: f'{a}   {b}\t"{kind}"\n'),
        "   \ta  b kind\n" + kinds(lambda n, a, b, kind: f"{n + 1}\t\t{a}  {b} {kind}\n"),
    ],
)
def test_tables_of_other_programs_are_read(file: Write, text: str) -> None:
    data = read(file(text, "own.dat"))
    np.testing.assert_array_equal(data.inputs, FLOWERS.data[:100, :2])
    assert data.understood.features == ("a", "b")
    assert data.understood.label == "kind"
    np.testing.assert_array_equal(data.labels, FLOWERS.target[:100])


def test_years_may_be_names_beside_words(file: Write) -> None:
    text = "country,1990,1991,1992,kind\n" + "".join(f"{'AB'[n % 2]},{n},{n / 3},{-n},{n % 3}\n" for n in range(30))
    data = read(file(text), label_column="kind")
    assert data.understood.features == ("country=A", "country=B", "1990", "1991", "1992")
    assert data.understood.rows == 30


def test_a_sparse_table_is_refused_as_such(file: Write) -> None:
    assert "SVMlight" in refusal(file("".join(f"{n % 2} 1:{n / 7} 5:{n}\n" for n in range(20)), "own.txt"))
