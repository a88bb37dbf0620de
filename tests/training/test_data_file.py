"""A person's own data: what is read, and what is said of what cannot be."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradviz.errors import DataError
from gradviz.experiment import Experiment
from gradviz.training import data_file
from gradviz.training.data import load_data
from gradviz.training.data_file import read_data_file

Write = Callable[[str], Path]
X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])


@pytest.fixture
def csv(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "own.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    return tmp_path / "own.npz"


def refusal(path: Path) -> str:
    """What is said, in one line, beginning with the file."""
    with pytest.raises(DataError) as caught:
        read_data_file(str(path))
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("header", ["", "width,height,kind\n", "\ufeffwidth,height,kind\n", '"a, b",c,d\n'])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_is_read_with_and_without_a_header(csv: Write, header: str, newline: str) -> None:
    text = header + "1,2.5,cat\n-3e-2, 4 ,dog\n\n5,6, cat\n,,\n7,8,dog\n"
    inputs, labels, names = read_data_file(str(csv(text.replace("\n", newline))))
    np.testing.assert_array_equal(inputs, [[1, 2.5], [-0.03, 4], [5, 6], [7, 8]])
    assert names == ("cat", "dog")
    np.testing.assert_array_equal(labels, [0, 1, 0, 1])


def test_numeric_labels_are_ordered_as_numbers_and_words_come_after_them(csv: Write) -> None:
    rows = "".join(f"{n},{label}\n" for n, label in enumerate(["10", "9", "-1", "9", "10", "-1", "10", "9"]))
    assert read_data_file(str(csv(rows)))[2] == ("-1", "9", "10")
    rows = "".join(f"{n},{label}\n" for n, label in enumerate(["b", "10", "9", "a", "9", "10", "b", "a"]))
    assert read_data_file(str(csv(rows)))[2] == ("9", "10", "a", "b")


def test_a_number_written_in_two_ways_is_one_class(csv: Write) -> None:
    _, labels, names = read_data_file(str(csv("5,1\n6,1.0\n7,2\n8,2e0\n9,2.50\n3,2.5\n")))
    assert names == ("1", "2", "2.5")
    np.testing.assert_array_equal(labels, [0, 0, 1, 1, 2, 2])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2,a\n1,b\n1,2,b\n", "row 2 has 2 cells where 3 are expected"),
        ("1,2,a\n\n1,2,3,b\n", "row 3 has 4 cells where 3 are expected"),
        ("1,2,a\n3,high,b\n", "row 2, column 2 is 'high', not a number"),
        ("x,y,label\n1,2,a\n3,,b\n", "row 3, column 2 is '', not a number"),
        ("1,2,a\n1_000,2,b\n", "row 2, column 1 is '1_000', not a number"),
        ("1,2,a\n1,2,\n", "row 2 has no label"),
        ("1,2,a\n1,2,  \n", "row 2 has no label"),
        ("1,2,a\n1,2,b\n1,2,NaN\n", "row 3 has no label"),
        ("1,2,a\nnan,2,b\n1,2,a\n1,2,b\n", "feature 1 of sample 2 is not a finite number"),
        ("1,2,a\n1,-inf,b\n1,2,a\n1,2,b\n", "feature 2 of sample 2 is not a finite number"),
        ("1,2,a\n1,1e999,b\n1,2,a\n1,2,b\n", "feature 2 of sample 2 is not a finite number"),
        ("1,a\n2,a\n3,a\n", "every label is 'a'; there must be at least two classes"),
        ("1;2;a\n3;4;b\n", "row 1 has one cell"),
        ("1,0.31\n2,0.32\n3,0.33\n4,0.34\n", "4 different labels among 4 samples; labels are classes, not values"),
        ("", "there is no sample"),
        ("\n\n", "there is no sample"),
        ("x,y,label\n", "there is no sample"),
        ('"' + "9" * 200_000 + '",a\n', "not a CSV file"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused_with_the_place(csv: Write, text: str, said: str) -> None:
    assert said in refusal(csv(text))


def test_text_in_another_encoding_is_refused(csv: Write) -> None:
    path = csv("")
    path.write_bytes("1,kött\n2,hund\n".encode("latin-1"))
    assert "not a text file in UTF-8" in refusal(path)
    path.write_bytes("1,cat\n2,dog\n".encode("utf-16"))
    assert "not a text file in UTF-8" in refusal(path)


def test_a_thousand_classes_and_no_more(csv: Write) -> None:
    assert len(read_data_file(str(csv("".join(f"1,{n % 1000}\n" for n in range(2000)))))[2]) == 1000
    assert "1001 different labels" in refusal(csv("".join(f"1,{n % 1001}\n" for n in range(2002))))


def test_npz_is_read_whatever_its_shape_and_types(npz: Path) -> None:
    images = np.arange(4 * 3 * 2, dtype=np.uint8).reshape(4, 3, 2)
    np.savez_compressed(npz, x=images, y=np.array(["no", "yes", "no", "yes"]), other=np.zeros(3))
    inputs, labels, names = read_data_file(str(npz))
    np.testing.assert_array_equal(inputs, images.reshape(4, 6))
    assert inputs.dtype == np.float64
    np.testing.assert_array_equal(labels, [0, 1, 0, 1])
    assert names == ("no", "yes")


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (Y, ("0", "1")),
        (Y.astype(float), ("0", "1")),
        (Y + 0.5, ("0.5", "1.5")),
        (Y == 1, ("False", "True")),
        (Y.astype(np.uint8) + 254, ("254", "255")),
    ],
)
def test_labels_of_every_type_name_their_classes(npz: Path, y: np.ndarray, names: tuple[str, ...]) -> None:
    np.savez(npz, x=X, y=y)
    _, labels, found = read_data_file(str(npz))
    assert found == names
    np.testing.assert_array_equal(labels, Y)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"y": Y}, "there is no array 'x'"),
        ({"x": X}, "there is no array 'y'"),
        ({"X": X, "Y": Y}, "there is no array 'x'"),
        ({"x": X.ravel(), "y": Y}, "x has shape (12,) and y (6,)"),
        ({"x": X, "y": Y[:5]}, "x has shape (6, 2) and y (5,)"),
        ({"x": X, "y": np.eye(6)}, "y (6, 6)"),
        ({"x": np.float64(3), "y": np.int64(3)}, "x has shape () and y ()"),
        ({"x": X.astype(complex), "y": Y}, "x holds complex128, not numbers"),
        ({"x": X.astype(str), "y": Y}, "x holds <U32, not numbers"),
        ({"x": X, "y": Y.astype("S1")}, "y holds |S1, neither numbers nor text"),
        ({"x": X[:0], "y": Y[:0]}, "there is no sample"),
        ({"x": X[:, :0], "y": Y}, "there is no sample"),
        ({"x": np.where(X == 5, np.nan, X), "y": Y}, "feature 2 of sample 3 is not a finite number"),
        ({"x": X, "y": np.where(Y == 1, np.nan, 0.0)}, "sample 2 has no label"),
        ({"x": X, "y": np.array(["a", "b", "", "b", "a", "b"])}, "sample 3 has no label"),
        ({"x": X, "y": Y * 0}, "every label is '0'"),
        ({"x": X, "y": np.arange(6)}, "6 different labels among 6 samples"),
    ],
)
def test_an_npz_that_cannot_be_used_is_refused_with_the_place(
    npz: Path, arrays: dict[str, np.ndarray], said: str
) -> None:
    np.savez(npz, **arrays)
    assert said in refusal(npz)


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.place,)


@pytest.mark.parametrize("name", ["x", "y"])
def test_python_objects_are_refused_and_never_brought_to_life(npz: Path, tmp_path: Path, name: str) -> None:
    place = tmp_path / "was-run"
    objects = np.array([Bomb(place)] * 6, dtype=object)
    np.savez(npz, **({"x": X, "y": Y} | {name: objects.reshape(6, 1) if name == "x" else objects}))
    assert "holds Python objects" in refusal(npz)
    assert not place.exists()
    with np.load(npz, allow_pickle=True) as archive:  # the trap works
        _ = archive[name]
    assert place.exists()


def test_files_that_only_claim_to_be_npz_are_refused(npz: Path) -> None:
    for content in (b"", b"1,2,a\n", np.random.default_rng(0).bytes(400)):
        npz.write_bytes(content)
        assert "not a readable NPZ file" in refusal(npz)
    with npz.open("wb") as file:
        np.save(file, X)
    assert "not a readable NPZ file" in refusal(npz)
    with zipfile.ZipFile(npz, "w") as archive:
        archive.writestr("x", b"not an array")
        archive.writestr("y", b"not an array")
    assert "x is not an array" in refusal(npz)


def test_an_npz_with_damaged_bytes_is_refused(npz: Path) -> None:
    np.savez_compressed(npz, x=np.random.default_rng(0).random((100, 2)), y=np.arange(100) % 2)
    whole = npz.read_bytes()
    npz.write_bytes(whole[:80] + b"\xff" * 40 + whole[120:])
    assert "not a readable NPZ file" in refusal(npz)
    npz.write_bytes(whole[: len(whole) // 2])
    assert "not a readable NPZ file" in refusal(npz)


def test_what_is_too_large_is_refused_before_it_is_read(npz: Path, csv: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(npz, x=np.zeros((50_000, 4)), y=np.arange(50_000) % 2)
    assert npz.stat().st_size < 100_000
    monkeypatch.setattr(data_file, "LARGEST_FILE_BYTES", 1_000_000)
    assert "unpacks to more than 1 MB" in refusal(npz)
    assert "larger than 1 MB" in refusal(csv("1,2,a\n" * 200_000))


def test_files_that_are_not_there_or_not_data_are_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.csv")
    (tmp_path / "folder.npz").mkdir()
    assert "Is a directory" in refusal(tmp_path / "folder.npz")
    assert "ends in .csv or .npz" in refusal(tmp_path / "table.xlsx")


def test_an_upper_case_ending_and_a_home_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "OWN.CSV").write_text("1,a\n2,b\n3,a\n4,b\n", encoding="utf-8")
    assert read_data_file("~/OWN.CSV")[2] == ("a", "b")


def test_a_class_of_one_sample_cannot_be_split(csv: Write) -> None:
    path = csv("1,a\n2,b\n3,a\n4,b\n5,c\n6,a\n")
    with pytest.raises(DataError, match="class 'c' has only 1 sample; every class needs at least 2"):
        load_data(Experiment.parse({"data": "file", "data_file": str(path)}))
