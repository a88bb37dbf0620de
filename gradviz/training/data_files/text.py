"""From the bytes of a text file to rows of cells: its encoding, its separator, its decimal point.

The csv module of the standard library splits rows; which separator it is given is found out here, because its own
Sniffer takes letters for separators where columns are words.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gradviz.errors import DataError

LARGEST_FILE_BYTES = 200_000_000
SAMPLED_ROWS = 200
# the first one wins where several split every row alike: a semicolon stands between decimal commas
SEPARATORS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", " ": "space"}

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")
_DECIMAL_POINT = re.compile(r"\s*[-+]?\d*\.\d+([eE][-+]?\d+)?\s*")
_COMMENT = ("#", "%")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the cells of a text are separated, and what its numbers are written with."""

    separator: str
    decimal_comma: bool

    def number(self, cell: str) -> float:
        """Return the number in a cell. Raises ValueError for anything else."""
        # Python reads 1_000 as a thousand, and digits of every script
        if "_" in cell or not cell.isascii():
            raise ValueError(cell)
        return float(cell.replace(",", ".") if self.decimal_comma else cell)

    def is_number(self, cell: str) -> bool:
        """Whether a cell holds a number."""
        try:
            self.number(cell)
        except ValueError:
            return False
        return True

    @property
    def words(self) -> str:
        """What to call it."""
        return f"separated by {SEPARATORS[self.separator]}" + ", with decimal commas" * self.decimal_comma


# numbers as Python writes them
PLAIN = Dialect(",", decimal_comma=False)


def read_text(path: Path) -> tuple[str, str]:
    """Return the text of a file, plain or gzipped, without leading comments, and its encoding.

    Raises DataError if it is too large, damaged or no text, and OSError.
    """
    content = _content(path)
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "")
    if not encoding:
        encoding = _encoding_without_mark(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise DataError(f"{path}: its text is damaged; it begins as {encoding} and does not go on so") from None
    if "\0" in text:
        raise DataError(f"{path}: not a text file: it holds bytes of zero")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding.removesuffix("-sig")


def without_comments(text: str) -> tuple[str, str, int]:
    """Return the text after its leading comments, the last of them without its mark, and how many lines they were."""
    lines, start, last = 0, 0, ""
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end].strip()
        if line and not line.startswith(_COMMENT):
            break
        last = line.lstrip("".join(_COMMENT)).strip() if line else last
        lines, start = lines + 1, end + 1
    return text[start:], last, lines


def dialect_of(text: str, path: Path) -> tuple[Dialect, str, int]:
    """Return how the cells of `text` are separated, the text without a line that says so, and the lines left out.

    Raises DataError where no separator gives every row several cells.
    """
    first, _, rest = text.partition("\n")
    stated = first.strip().strip('"').lower()
    if stated.startswith("sep=") and len(stated) <= len("sep=") + 1:
        separator = first.strip().strip('"')[len("sep=") :] or "\t"
        if separator in SEPARATORS:
            return Dialect(separator, _has_decimal_commas(rest, separator)), rest, 1
    scores = {separator: _agreement(text, separator) for separator in SEPARATORS}
    best = max(scores, key=lambda separator: scores[separator])
    if best == "\t" and scores[" "] >= scores["\t"] and _numbers_between_spaces(text):
        best = " "
    if scores[best] == 0.0:
        raise DataError(
            f"{path}: no separator (comma, semicolon, tab, bar, space) gives its rows several cells of one number; "
            "a sample is at least one number and its label"
        )
    return Dialect(best, _has_decimal_commas(text, best)), text, 0


def rows_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line, counted from 1, and the cells of every row that has any; csv.Error for damaged quotes."""
    if separator == " ":
        for number, line in enumerate(_lines_of(text), start=1):
            if cells := line.split() if '"' not in line else _spaced(line):
                yield number, cells
        return
    reader = csv.reader(_lines_of(text), delimiter=separator, skipinitialspace=True)
    for row in reader:
        if any(row):
            yield reader.line_num, row


def _spaced(line: str) -> list[str]:
    """Return the cells of a line between white space, where those in quotes may hold some, as R writes them."""
    [cells] = csv.reader([" ".join(line.split())], delimiter=" ", skipinitialspace=True)
    return cells


def _lines_of(text: str) -> Iterator[str]:
    """Yield one line after the other: the first of many million are wanted more often than all of them."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE_BYTES + 1)
    if content.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as packed:
                content = packed.read(LARGEST_FILE_BYTES + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{path}: its compressed content is damaged: {error}") from None
    if len(content) > LARGEST_FILE_BYTES:
        raise DataError(f"{path}: larger than {LARGEST_FILE_BYTES // 1_000_000} MB")
    return content


def _encoding_without_mark(content: bytes) -> str:
    start = content[:2000]
    if len(start) > 3 and start.count(0) > len(start) // 4:
        return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        # every byte is a letter in it
        return "latin-1"
    return "utf-8"


def _agreement(text: str, separator: str) -> float:
    """Return which share of the first rows has the usual number of cells; 0 if that is one, or is not usual at all."""
    try:
        lengths = [len(row) for _, row in islice(rows_of(text, separator), SAMPLED_ROWS)]
        # the names of the columns may be one less than these, if the rows have names themselves
        shorter = separator == " " and len(lengths) > 1 and lengths[0] == lengths[1] - 1
        counts = Counter(lengths[1:] if shorter else lengths)
    except csv.Error:
        return 0.0
    cells, often = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    share = often / max(counts.total(), 1)
    # words with spaces in them split into several cells by accident only
    return share if cells > 1 and share > (0.99 if separator == " " else 0.5) else 0.0


def _numbers_between_spaces(text: str) -> bool:
    """Whether a cell between tabs holds several numbers, so that white space of any kind separates."""
    cells = next((row for _, row in islice(rows_of(text, "\t"), 1, 2)), [])
    return any(len(parts := cell.split()) > 1 and all(map(PLAIN.is_number, parts)) for cell in cells)


def _has_decimal_commas(text: str, separator: str) -> bool:
    if separator == ",":
        return False
    cells = [cell for _, row in islice(rows_of(text, separator), SAMPLED_ROWS) for cell in row]
    commas = sum(_DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells)
    points = sum(_DECIMAL_POINT.fullmatch(cell) is not None for cell in cells)
    return commas > 0 and not points
