"""Linux libraries: which others they need, and stripped copies that the loader provably cannot tell apart."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

MAGIC = b"\x7fELF"
NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
GLIBC_VERSION = re.compile(r"GLIBC_(\d+)\.(\d+)")
# the file header: offset, size and number of program headers and sections; the loader reads no sections
HEADERS_AT, SECTIONS_AT, HEADER_SIZE_AT, SECTION_SIZES_AT, END = 32, 40, 54, 58, 64
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
LOAD, THREAD_LOCAL = 1, 7


def is_elf(path: Path) -> bool:
    """Return whether `path` is a Linux program or library."""
    with path.open("rb") as file:
        return file.read(4) == MAGIC


def needed(path: Path) -> set[str]:
    """Return the names of the libraries that `path` needs."""
    return set(NEEDED.findall(_said_by("readelf", "-dW", str(path))))


def newest_glibc(paths: Iterable[Path]) -> str:
    """Return the newest version of the C library that any of `paths` needs, such as 2.34."""
    said = _said_by("readelf", "-VW", *(str(path) for path in paths))
    major, minor = max((int(major), int(minor)) for major, minor in GLIBC_VERSION.findall(said))
    return f"{major}.{minor}"


def orphans(libraries: Mapping[str, Path], users: Iterable[Path]) -> set[str]:
    """Return the names among `libraries` that none of `users` needs, directly or indirectly."""
    waiting, reached = list(users), set[str]()
    while waiting:
        for name in needed(waiting.pop()) & libraries.keys() - reached:
            reached.add(name)
            waiting.append(libraries[name])
    return set(libraries) - reached


def strip(source: Path, target: Path) -> bool:
    """Write `source` without debugging symbols to `target`; return whether that is safe, otherwise write nothing.

    It is safe where the loader maps the same bytes to the same addresses before and after: then the same program runs.
    Where a library was edited after it was linked (as numpy's and Pillow's were, to be put into a wheel), `strip` may
    move or break what is loaded; such a library is left as it is.
    """
    shutil.copyfile(source, target)
    done = subprocess.run(["strip", "--strip-unneeded", str(target)], capture_output=True, check=False)
    if done.returncode == 0 and target.stat().st_size < source.stat().st_size and same_program(source, target):
        shutil.copymode(source, target)
        return True
    target.unlink()
    return False


def same_program(one: Path, other: Path) -> bool:
    """Return whether the loader sees the same in both files: all program headers and all bytes that they load."""
    first, second = one.read_bytes(), other.read_bytes()
    headers = _program_headers(first)
    if headers != _program_headers(second) or _header_table(first) != _header_table(second):
        return False
    for kind, _, offset, _, _, size, _, _ in headers:
        if kind == LOAD and _loaded(first, offset, size) != _loaded(second, offset, size):
            return False
    return True


def _header_table(content: bytes) -> range:
    (start,) = struct.unpack_from("<Q", content, HEADERS_AT)
    size, count = struct.unpack_from("<HH", content, HEADER_SIZE_AT)
    return range(start, start + size * count, size)


def _program_headers(content: bytes) -> list[tuple[int, ...]]:
    return [_as_loaded(*PROGRAM_HEADER.unpack_from(content, start)) for start in _header_table(content)]


def _as_loaded(kind: int, *rest: int) -> tuple[int, ...]:
    """Return a program header with the size that the loader uses."""
    *others, in_memory, alignment = rest
    if kind == THREAD_LOCAL:
        # the loader rounds it up; torch's linker did so already, and `strip` writes the exact size
        in_memory = -(-in_memory // alignment) * alignment
    return kind, *others, in_memory, alignment


def _loaded(content: bytes, offset: int, size: int) -> bytes:
    """Return a part of the file with the section table's offset and the program headers zeroed."""
    part = bytearray(content[offset : offset + size])
    table = _header_table(content)
    for first, last in ((SECTIONS_AT, SECTIONS_AT + 8), (SECTION_SIZES_AT, END), (table.start, table.stop)):
        if offset <= first and last <= offset + size:
            part[first - offset : last - offset] = bytes(last - first)
    return bytes(part)


def _said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
