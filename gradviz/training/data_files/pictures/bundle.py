"""The files of a folder or an archive, by name, as far as anybody asks for them; nothing is unpacked to the disk."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from gradviz.errors import DataError
from gradviz.experiment.data_names import ARCHIVE_ENDINGS
from gradviz.training.data_files.text import LARGEST_FILE_BYTES

MOST_FILES = 20_000
# CIFAR's own folder lies in the one that it is unpacked to, MNIST's of torchvision two below
DEEPEST = 3
# what zipfile, tarfile and their decompressors raise for what is damaged
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile, RuntimeError, ValueError)

Bundle = Mapping[str, Callable[[], bytes]]


def bundle_of(path: Path, wanted: Callable[[str], bool]) -> Bundle:
    """Return how to read each file within `path` whose bare name is `wanted`; the first of each name.

    Raises DataError for a damaged archive, and OSError.
    """
    if path.is_dir():
        return _of_folder(path, wanted)
    try:
        if path.name.lower().endswith(".zip"):
            return _of_zip(path, wanted)
        if path.name.lower().endswith(ARCHIVE_ENDINGS):
            return _of_tar(path, wanted)
    except _DAMAGED as error:
        raise DataError(f"{path}: the archive is damaged: {(str(error).splitlines() or [''])[0]}") from None
    return {path.name: partial(_content, path)}


def unpacked(path: Path, content: bytes) -> bytes:
    """Return what a file holds that may be gzipped. Raises DataError if it is damaged, or too large."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            content = packed.read(LARGEST_FILE_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: its compressed content is damaged: {error}") from None
    if len(content) > LARGEST_FILE_BYTES:
        raise too_large(path)
    return content


def too_large(path: Path) -> DataError:
    """Return what to say of a file beyond the limit."""
    return DataError(f"{path}: holds more than {LARGEST_FILE_BYTES // 1_000_000} MB of data")


def _of_folder(folder: Path, wanted: Callable[[str], bool]) -> Bundle:
    found: dict[str, Callable[[], bytes]] = {}
    levels, seen = [folder], 0
    for _ in range(DEEPEST):
        below: list[Path] = []
        for level in levels:
            for path in sorted(level.iterdir()):
                seen += 1
                if path.is_dir() and not path.is_symlink():
                    below.append(path)
                elif path.is_file() and wanted(path.name):
                    found.setdefault(path.name, partial(_content, path))
            if seen > MOST_FILES:
                raise DataError(f"{folder}: holds more than {MOST_FILES:,} files; choose the folder of the data alone")
        levels = below
    return found


def _content(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise too_large(path)
    return unpacked(path, path.read_bytes())


def _of_tar(path: Path, wanted: Callable[[str], bool]) -> Bundle:
    found: dict[str, bytes] = {}
    total = 0
    with tarfile.open(path, "r:*") as archive:
        for number, member in enumerate(archive):
            # of a packed archive, what is skipped is unpacked, too
            total += member.size
            if total > 2 * LARGEST_FILE_BYTES or number > MOST_FILES:
                raise too_large(path)
            name = PurePosixPath(member.name).name
            if member.isfile() and wanted(name) and name not in found and (file := archive.extractfile(member)):
                found[name] = file.read()
    return {name: partial(unpacked, path, content) for name, content in found.items()}


def _of_zip(path: Path, wanted: Callable[[str], bool]) -> Bundle:
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > 2 * LARGEST_FILE_BYTES or len(members) > MOST_FILES:
            raise too_large(path)
        for member in members:
            name = PurePosixPath(member.filename).name
            if not member.is_dir() and wanted(name) and name not in found:
                found[name] = archive.read(member)
    return {name: partial(unpacked, path, content) for name, content in found.items()}
