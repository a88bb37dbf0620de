"""Run files that somebody or something has tampered with: bits, pages, blobs, numbers, tables."""

from __future__ import annotations

import json
import random
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class Mutator:
    """Makes tampered copies of a run. The same seed makes the same copy."""

    def __init__(self, original: Path) -> None:
        self._content = original.read_bytes()
        self._page = 4096
        self.kinds: dict[str, Callable[[random.Random, Path], None]] = {
            "bits flipped": self._flip_bits,
            "bits of the header flipped": self._flip_header,
            "cut off": self._cut_off,
            "a page overwritten": self._overwrite_page,
            "pages swapped": self._swap_pages,
            "bytes inserted or removed": self._shift,
            "blobs swapped": self._swap_blobs,
            "blobs tampered with": self._tamper_with_blob,
            "bombs": self._plant_bomb,
            "documents edited": self._edit_document,
            "hostile numbers": self._edit_number,
            "values of another type": self._edit_type,
            "rows removed or doubled": self._edit_rows,
            "foreign tables, views and triggers": self._add_foreign,
            "a log of garbage": self._add_log,
        }

    def make(self, seed: int, path: Path) -> str:
        """Write copy number `seed` to `path`; return of which kind it is."""
        kind = list(self.kinds)[seed % len(self.kinds)]
        self.kinds[kind](random.Random(seed), path)
        return kind

    def _flip_bits(self, rng: random.Random, path: Path) -> None:
        content = bytearray(self._content)
        for _ in range(rng.choice((1, 2, 10, 100))):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)

    def _flip_header(self, rng: random.Random, path: Path) -> None:
        content = bytearray(self._content)
        for _ in range(rng.choice((1, 2, 5))):
            content[rng.randrange(200)] ^= 1 << rng.randrange(8)
        path.write_bytes(content)

    def _cut_off(self, rng: random.Random, path: Path) -> None:
        path.write_bytes(self._content[: rng.choice((rng.randrange(200), rng.randrange(len(self._content))))])

    def _overwrite_page(self, rng: random.Random, path: Path) -> None:
        content = bytearray(self._content)
        for _ in range(rng.choice((1, 1, 3))):
            place = rng.randrange(len(content) // self._page) * self._page
            other = rng.randrange(len(content) // self._page) * self._page
            page = rng.choice((bytes(self._page), rng.randbytes(self._page), content[other : other + self._page]))
            content[place : place + self._page] = page
        path.write_bytes(content)

    def _swap_pages(self, rng: random.Random, path: Path) -> None:
        content = bytearray(self._content)
        one, other = (rng.randrange(1, len(content) // self._page) * self._page for _ in range(2))
        first, second = content[one : one + self._page], content[other : other + self._page]
        content[one : one + self._page], content[other : other + self._page] = second, first
        path.write_bytes(content)

    def _shift(self, rng: random.Random, path: Path) -> None:
        place, size = rng.randrange(len(self._content)), rng.choice((1, 7, 4096))
        middle = rng.randbytes(size) if rng.random() < 0.5 else b""
        path.write_bytes(self._content[:place] + middle + self._content[place + (0 if middle else size) :])

    def _edited(self, path: Path) -> sqlite3.Connection:
        path.write_bytes(self._content)
        return sqlite3.connect(path, isolation_level=None)

    def _blobs(self, connection: sqlite3.Connection) -> list[tuple[str, str]]:
        return [
            (table, column)
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall()
            if kind == "BLOB"
        ]

    def _cell(self, rng: random.Random, connection: sqlite3.Connection, table: str, column: str) -> tuple[int, object]:
        rows = connection.execute(f"SELECT rowid, {column} FROM {table} ORDER BY rowid").fetchall()
        rowid, value = rng.choice(rows)
        return int(rowid), value

    def _swap_blobs(self, rng: random.Random, path: Path) -> None:
        connection = self._edited(path)
        (table, column), (other_table, other_column) = rng.choices(self._blobs(connection), k=2)
        one, value = self._cell(rng, connection, table, column)
        other, other_value = self._cell(rng, connection, other_table, other_column)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (other_value, one))
        connection.execute(f"UPDATE {other_table} SET {other_column} = ? WHERE rowid = ?", (value, other))
        connection.close()

    def _tamper_with_blob(self, rng: random.Random, path: Path) -> None:
        connection = self._edited(path)
        table, column = rng.choice(self._blobs(connection))
        rowid, value = self._cell(rng, connection, table, column)
        content = bytearray(value or b"f4")
        match rng.randrange(4):
            case 0:
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            case 1:
                del content[rng.randrange(len(content)) :]
            case 2:
                content += rng.randbytes(10)
            case 3:
                content[:2] = rng.choice((b"O8", b"f8", b"u1", b"b1", b"V9", b"\xff\xff"))
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (bytes(content), rowid))
        connection.close()

    def _plant_bomb(self, rng: random.Random, path: Path) -> None:
        connection = self._edited(path)
        table, column = rng.choice(self._blobs(connection))
        rowid, value = self._cell(rng, connection, table, column)
        letters = bytes(value or b"f4")[:2]
        bomb = letters + zlib.compress(bytes(rng.choice((10_000_000, 200_000_000))), 9)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (bomb, rowid))
        if table == "arrays":
            shape = json.dumps([rng.choice((10_000_000, 200_000_000, 2**31))])
            connection.execute(f"UPDATE {table} SET shape = ?, dtype = '|u1' WHERE rowid = ?", (shape, rowid))
        connection.close()

    def _edit_document(self, rng: random.Random, path: Path) -> None:
        connection = self._edited(path)
        table, key = rng.choice((("documents", "name"), ("documents", "name"), ("observations", "number")))
        name, value = rng.choice(connection.execute(f"SELECT {key}, content FROM {table} ORDER BY {key}").fetchall())
        text = str(value)
        hostile = ("null", "[]", "{}", '"x"', "-1", "1e999", "NaN", "true", "9" * 5000, str(2**62), "[" * 100_000)
        match rng.randrange(4):
            case 0:
                text = rng.choice(hostile)
            case 1 if ":" in text:
                parts = text.split(":")
                place = rng.randrange(1, len(parts))
                rest = parts[place].partition(",")
                parts[place] = f" {rng.choice(hostile)}{rest[1]}{rest[2]}"
                text = ":".join(parts)
            case 2:
                place = rng.randrange(len(text))
                text = text[:place] + chr(rng.randrange(32, 1000)) + text[place + 1 :]
            case _:
                text = text[: rng.randrange(len(text))]
        connection.execute(f"UPDATE {table} SET content = ? WHERE {key} = ?", (text, name))
        connection.close()

    def _edit_number(self, rng: random.Random, path: Path) -> None:
        table, column = rng.choice((
            ("chunks", "rows"), ("chunks", "first"), ("chunks", "level"), ("chunks", "number"), ("chunks", "series"),
            ("chunks", "by_layer"), ("chunks", "lowest"), ("scalars", "rows"), ("scalars", "first"),
            ("evaluations", "step"), ("evaluations", "samples"), ("evaluations", "grid"), ("distributions", "bins"),
            ("distributions", "step"), ("arrays", "shape"), ("arrays", "part"), ("arrays", "dtype"),
            ("arrays", "step"), ("more_scalars", "series"), ("more_scalars", "first"), ("more_scalars", "rows"),
            ("observations", "number"),
        ))  # fmt: skip
        numbers = (-1, 0, 1, 5, 2**31 - 1, 2**31, 2**40, 2**62, -(2**63), 1.5, 1e300)
        shapes = ("[]", "[1]", "[-1, -1]", "[1e9]", "[4611686018427387904, 2]", "[3, 1099511627776]", "[0]", "{}", "x")
        types = ("O", "|O", "V8", "<f8", "<c16", "", "<M8[s]", "|S100000000", "<U1000000000")
        value = rng.choice(shapes if column in ("shape", "grid") else types if column == "dtype" else numbers)
        connection = self._edited(path)
        rowid, _ = self._cell(rng, connection, table, column)
        # a key of another type is refused
        with suppress(sqlite3.IntegrityError):
            connection.execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE rowid = ?", (value, rowid))
        connection.close()

    def _edit_type(self, rng: random.Random, path: Path) -> None:
        connection = self._edited(path)
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        table = rng.choice(tables)[0]
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        column = rng.choice(columns)
        rowid, _ = self._cell(rng, connection, table, column)
        value = rng.choice((None, "text", b"bytes", "x" * 1_000_000, 0, 3.5, "\ud7ff", b"\xff" * 10))
        with suppress(sqlite3.IntegrityError):
            connection.execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE rowid = ?", (value, rowid))
            if rng.random() < 0.2:
                # text that is no text
                connection.execute(f"UPDATE {table} SET {column} = CAST(x'ff00fe' AS TEXT) WHERE rowid = ?", (rowid,))
        connection.close()

    def _edit_rows(self, rng: random.Random, path: Path) -> None:
        connection = self._edited(path)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = rng.choice(tables)
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        rowid, _ = self._cell(rng, connection, table, columns[-1])
        match rng.randrange(3):
            case 0:
                connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
            case 1:
                connection.execute(f"DELETE FROM {table}")
            case 2 if table == "chunks":
                rest = ", ".join(columns[1:])
                changed = rest.replace("number", "number + 1", 1)
                connection.execute(
                    f"INSERT OR IGNORE INTO chunks ({rest}) SELECT {changed} FROM chunks WHERE rowid = ?", (rowid,)
                )
            case _:
                connection.execute(
                    f"UPDATE OR REPLACE {table} SET rowid = ? WHERE rowid = ?", (rng.randrange(2**40), rowid)
                )
        connection.close()

    def _add_foreign(self, rng: random.Random, path: Path) -> None:
        connection = self._edited(path)
        recursion = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*), 1 FROM n"
        schema = "PRAGMA writable_schema = ON; UPDATE sqlite_master SET"
        statements = (
            f"CREATE VIEW more AS {recursion}",
            f"DROP TABLE documents; CREATE VIEW documents (name, content) AS {recursion}",
            "CREATE TRIGGER t AFTER INSERT ON documents BEGIN DELETE FROM chunks; END",
            "CREATE TRIGGER t BEFORE UPDATE ON documents BEGIN DELETE FROM documents; END",
            "CREATE TABLE more (x)",
            "CREATE VIRTUAL TABLE more USING fts5(x)",
            "ALTER TABLE documents ADD COLUMN more GENERATED ALWAYS AS (zeroblob(100000000))",
            "CREATE INDEX more ON documents (length(content))",
            "DROP INDEX places",
            "ALTER TABLE chunks RENAME COLUMN data TO dates",
            f"PRAGMA user_version = {rng.choice((0, 1, 77, -5))}",
            f"PRAGMA application_id = {rng.choice((0, 1, -1))}",
            f"{schema} rootpage = 2 WHERE name = 'chunks'",
            f"{schema} rootpage = 99999 WHERE name = 'scalars'",
            f"{schema} sql = 'CREATE TABLE chunks (x' WHERE name = 'chunks'",
            "VACUUM; PRAGMA journal_mode = WAL",
        )
        connection.executescript(rng.choice(statements))
        connection.close()

    def _add_log(self, rng: random.Random, path: Path) -> None:
        content = bytearray(self._content)
        # as if it were in WAL mode
        content[18] = content[19] = 2
        path.write_bytes(content)
        log = rng.randbytes(rng.choice((0, 10, 32, 5000, 100_000)))
        if rng.random() < 0.5:
            # the header of a real log, then garbage
            log = bytes.fromhex("377f0682002de21800001000000000000000000000000000") + log
        path.with_name(f"{path.name}-wal").write_bytes(log)
