"""Which names are those of data files; nothing is opened to find out."""

from __future__ import annotations

import re
from pathlib import Path

# of a table of a person's own; each may be gzipped as well
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".tab", ".dat")
ARRAY_ENDING = ".npz"
ARCHIVE_ENDINGS = (".tar.gz", ".tgz", ".tar", ".zip")
# for a dialog that asks for one; files of MNIST and CIFAR have no ending that they share
_PATTERNS = " ".join(f"*{ending}" for ending in (*TABLE_ENDINGS, ARRAY_ENDING, ".gz", *ARCHIVE_ENDINGS))
DATA_KINDS = f"Data files ({_PATTERNS});;All files (*)"

_IDX = re.compile(r".*idx[1-4]-u?byte(\.gz)?|.*-(images|labels)(\.gz)?", re.IGNORECASE)
_CIFAR = re.compile(r"data_batch_\d+(\.bin)?|test_batch(\.bin)?|(train|test)(\.bin)?")
_CIFAR_CLASSES = ("batches.meta", "batches.meta.txt", "meta", "fine_label_names.txt")


def is_table_name(name: str) -> bool:
    """Whether a file is called as a table is, plain or gzipped."""
    lower = name.lower()
    return lower.removesuffix(".gz").endswith(TABLE_ENDINGS)


def is_idx_name(name: str) -> bool:
    """Whether a file is called as MNIST's are."""
    return _IDX.fullmatch(name) is not None


def is_cifar_name(name: str) -> bool:
    """Whether a file is called as the batches of CIFAR are."""
    return _CIFAR.fullmatch(name) is not None


def is_classes_name(name: str) -> bool:
    """Whether a file is called as those that name the classes of CIFAR."""
    return name in _CIFAR_CLASSES


def is_picture_name(name: str) -> bool:
    """Whether a file is called as those of MNIST and CIFAR."""
    return is_idx_name(name) or is_cifar_name(name) or is_classes_name(name)


def may_be_data(path: Path) -> bool:
    """Whether somebody who names `path` means data: a table, arrays, or pictures, perhaps of a whole folder."""
    name = path.name.lower()
    tables = is_table_name(name) or name.endswith((ARRAY_ENDING, ".gz", *ARCHIVE_ENDINGS))
    return tables or is_picture_name(path.name) or path.is_dir()
