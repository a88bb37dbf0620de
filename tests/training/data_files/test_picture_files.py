"""Pictures in the forms in which MNIST and CIFAR are handed out; and archives that want to run something."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from reading import read, refusal

from gradviz.experiment import Experiment
from gradviz.training.data import load_data
from gradviz.training.data_files import LabelledData
from gradviz.training.data_files.pictures.pickles import PickleError, read_pickle

RNG = np.random.default_rng(0)
TRAIN, TEST = RNG.integers(0, 256, (40, 5, 4), dtype=np.uint8), RNG.integers(0, 256, (20, 5, 4), dtype=np.uint8)
DIGITS, TEST_DIGITS = np.arange(40, dtype=np.uint8) % 10, np.arange(20, dtype=np.uint8) % 10
COLOUR = RNG.integers(0, 256, (60, 3, 32, 32), dtype=np.uint8)
KINDS = np.arange(60) % 10
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def idx(array: NDArray[np.uint8]) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


MNIST = {
    "train-images-idx3-ubyte": idx(TRAIN), "train-labels-idx1-ubyte": idx(DIGITS),
    "t10k-images-idx3-ubyte": idx(TEST), "t10k-labels-idx1-ubyte": idx(TEST_DIGITS),
}  # fmt: skip


def python_2(batch: dict[str, object]) -> bytes:
    """Pickle a batch as Python 2 did: keys and bytes are strings, the array is rebuilt by numpy.core.multiarray."""
    pixels = batch["data"]
    assert isinstance(pixels, np.ndarray)
    raw = pixels.tobytes()
    labels = b"".join(b"K" + bytes([each]) for each in batch["labels"])  # type: ignore[attr-defined]
    rows, width = pixels.shape
    return (
        b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x05batchq\x03U\x06labelsq\x04]q\x05(" + labels + b"eU\x04dataq\x06"
        b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09(K\x01"
        + b"M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", width) + b"\x86cnumpy\ndtype\nq\x0aU\x02u1K\x00"
        b"K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + struct.pack("<i", len(raw)) + raw + b"tbu."
    )  # fmt: skip


def batch(first: int, last: int) -> dict[str, object]:
    return {"data": COLOUR[first:last].reshape(last - first, -1), "labels": KINDS[first:last].tolist()}


def binary(first: int, last: int) -> bytes:
    return b"".join(bytes([KINDS[n]]) + COLOUR[n].tobytes() for n in range(first, last))


def by_python_3(protocol: int) -> Callable[[dict[str, object]], bytes]:
    return lambda held: pickle.dumps({key.encode(): value for key, value in held.items()}, protocol)


def cifar(dump: Callable[[dict[str, object]], bytes]) -> dict[str, bytes]:
    named = pickle.dumps({"label_names": list(NAMES)}, 2)
    return {
        "data_batch_1": dump(batch(0, 20)), "data_batch_2": dump(batch(20, 40)), "test_batch": dump(batch(40, 60)),
        "batches.meta": named, "readme.html": b"<html>",
    }  # fmt: skip


BINARY = {
    "data_batch_1.bin": binary(0, 20), "data_batch_2.bin": binary(20, 40), "test_batch.bin": binary(40, 60),
    "batches.meta.txt": "\n".join([*NAMES, ""]).encode(),
}  # fmt: skip


def put(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def tarred(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"inner/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"inner/{name}", content)
    return path


def assert_mnist(data: LabelledData) -> None:
    np.testing.assert_array_equal(data.inputs, np.concatenate([TRAIN, TEST]).reshape(60, 20))
    np.testing.assert_array_equal(data.labels, np.concatenate([DIGITS, TEST_DIGITS]))
    assert (data.image_shape, data.channels, data.class_names) == ((5, 4), 1, tuple("0123456789"))
    assert data.held_out is not None
    np.testing.assert_array_equal(data.held_out, np.arange(60) >= 40)


def assert_cifar(data: LabelledData) -> None:
    np.testing.assert_array_equal(data.inputs, COLOUR.reshape(60, -1))
    np.testing.assert_array_equal(data.labels, KINDS)
    assert (data.image_shape, data.channels, data.class_names) == ((32, 32), 3, NAMES)
    assert data.held_out is not None
    np.testing.assert_array_equal(data.held_out, np.arange(60) >= 40)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("named", ["", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_the_four_files_of_mnist_are_one_data_set(tmp_path: Path, packed: bool, named: str) -> None:
    files = {name + ".gz" * packed: gzip.compress(each) if packed else each for name, each in MNIST.items()}
    folder = put(tmp_path / "MNIST" / "raw", files)
    assert_mnist(read(folder / (named + ".gz" * packed) if named else tmp_path))


def test_names_with_a_point_do_as_well(tmp_path: Path) -> None:
    put(tmp_path, {name.replace("-idx", ".idx"): each for name, each in MNIST.items()})
    assert_mnist(read(tmp_path))


def test_the_test_files_alone_are_trained_on(tmp_path: Path) -> None:
    put(tmp_path, MNIST)
    data = read(tmp_path / "t10k-images-idx3-ubyte")
    np.testing.assert_array_equal(data.inputs, TEST.reshape(20, 20))
    assert data.held_out is None


@pytest.mark.parametrize("pack", [lambda path, files: put(path / "folder", files).parent,
                                  lambda path, files: tarred(path / "cifar.tar.gz", files),
                                  lambda path, files: tarred(path / "cifar.tgz", files),
                                  lambda path, files: tarred(path / "cifar.tar", files),
                                  lambda path, files: zipped(path / "cifar.zip", files)])  # fmt: skip
@pytest.mark.parametrize("files", [BINARY, cifar(python_2)], ids=["binary", "python"])
def test_cifar_comes_in_folders_and_archives(
    tmp_path: Path, pack: Callable[[Path, dict[str, bytes]], Path], files: dict[str, bytes]
) -> None:
    assert_cifar(read(pack(tmp_path, files)))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_archives_of_every_python_are_read(tmp_path: Path, protocol: int) -> None:
    assert_cifar(read(put(tmp_path, cifar(by_python_3(protocol)))))


def test_python_reads_the_same_from_what_the_tests_write() -> None:
    held = pickle.loads(python_2(batch(0, 20)), encoding="bytes")
    np.testing.assert_array_equal(held[b"data"], COLOUR[:20].reshape(20, -1))
    assert held[b"labels"] == KINDS[:20].tolist()


def test_one_batch_alone_leaves_the_other_batches_out(tmp_path: Path) -> None:
    put(tmp_path, cifar(python_2))
    data = read(tmp_path / "data_batch_2")
    np.testing.assert_array_equal(data.inputs, COLOUR[20:].reshape(40, -1))
    assert data.held_out is not None
    assert data.held_out.sum() == 20


def test_cifar_100_has_two_labels_of_which_the_fine_one_counts(tmp_path: Path) -> None:
    rows = [bytes([n % 2, n % 30]) + COLOUR[n].tobytes() for n in range(60)]
    put(tmp_path / "binary", {"train.bin": b"".join(rows)})
    assert read(tmp_path / "binary").labels.tolist() == [n % 30 for n in range(60)]
    fine = {"data": COLOUR.reshape(60, -1), "fine_labels": (np.arange(60) % 30).tolist(), "coarse_labels": [0] * 60}
    put(tmp_path / "python", {"train": by_python_3(2)(fine)})
    assert read(tmp_path / "python").labels.tolist() == [n % 30 for n in range(60)]


def test_the_shape_reaches_the_network(tmp_path: Path) -> None:
    put(tmp_path, BINARY)
    data = load_data(Experiment(data="file", data_file=str(tmp_path)))
    assert data.held_out.sample_shape == (3, 32, 32)
    np.testing.assert_array_equal(
        np.sort(data.held_out.inputs, axis=0), np.sort(COLOUR[40:].reshape(20, -1).astype(np.float32), axis=0)
    )


class Hostile:
    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("call", [os.system, eval, exec, os.mkdir, np.frombuffer])
def test_nothing_in_an_archive_is_run(tmp_path: Path, call: Callable[..., object], protocol: int) -> None:
    trap = tmp_path / "trap"
    for held in (Hostile(call, f"mkdir {trap}"), {"data": Hostile(call, str(trap))}):
        content = pickle.dumps(held, protocol)
        with pytest.raises(PickleError, match="nothing was run"):
            read_pickle(content)
        folder = put(tmp_path / "data", {"data_batch_1": content})
        assert "data_batch_1" in refusal(folder)
    assert not trap.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02cos\nsystem\n.", b"\x80\x02(cos\nsystem\nU\x04trueo.", b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x02}q\x00(h\x00h\x00u.", b"\x80\x02]q\x00h\x00a.", b"\x80\x02h\x05.", b"\x80\x02e.", b"\x80\x02.", b"",
        b"\x80\x02U\xff", b"\x80\x02\x8a\xff", b"\x80\x02K\x01K\x02\x87.", b"\x80\x02}b.", b"P1\n.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02}(U\x04data" + b"]" * 5000 + b"a" * 4999 + b"u.",
        b"\x80\x02cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R.", b"\x80\x02cnumpy\ndtype\n)R.",
    ],
)  # fmt: skip
def test_damaged_and_hostile_pickles_are_no_pictures(tmp_path: Path, content: bytes) -> None:
    refusal(put(tmp_path, {"data_batch_1": content}))


def test_damage_anywhere_in_a_batch_is_refused_or_changes_pixels_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    content = python_2(batch(0, 2))
    outcomes = set()
    for _ in range(400):
        data = bytearray(content)
        # the instructions are at both ends, the pixels between them
        place = int(rng.integers(0, 200)) if rng.random() < 0.9 else len(data) - 1 - int(rng.integers(0, 5))
        data[place] = int(rng.integers(0, 256))
        try:
            read_pickle(bytes(data[: int(rng.integers(150, 220))] if rng.random() < 0.2 else data))
            outcomes.add("read")
        except PickleError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"train-images-idx3-ubyte": idx(TRAIN)}, "train-labels-idx1-ubyte"),
        ({**MNIST, "train-images-idx3-ubyte": idx(TRAIN)[:-3]}, "train-images-idx3-ubyte"),
        ({**MNIST, "train-images-idx3-ubyte": b"\0\0\x07\x03" + bytes(16)}, "does not begin"),
        ({**MNIST, "train-images-idx3-ubyte": b"\0\0\x08\x03"}, "first bytes"),
        ({**MNIST, "train-labels-idx1-ubyte": idx(DIGITS[:7])}, "one label for each picture"),
        ({**MNIST, "t10k-images-idx3-ubyte": idx(TEST[:, :4])}, "different sizes"),
        ({**BINARY, "data_batch_2.bin": BINARY["data_batch_2.bin"][:-1]}, "data_batch_2.bin"),
        ({"data_batch_1.bin": b""}, "data_batch_1.bin"),
        ({"a.txt": b"1,2"}, "holds no pictures"),
        ({}, "holds no pictures"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_file(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    assert said in refusal(put(tmp_path, files))


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    whole = tarred(tmp_path / "cifar.tar.gz", BINARY).read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.tar.gz"
    for _ in range(30):
        data = bytearray(whole[: int(rng.integers(10, len(whole)))])
        data[int(rng.integers(0, len(data)))] ^= 0xFF
        path.write_bytes(bytes(data))
        refusal(path)
    (tmp_path / "cifar.zip").write_bytes(b"PK\x03\x04 no")
    refusal(tmp_path / "cifar.zip")
