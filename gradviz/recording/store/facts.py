"""The facts of a run: small JSON values, each looked at twice before it is believed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from gradviz.recording.store.codec import DamagedError

LONGEST_JSON = 32_000_000
LONGEST_TEXT = 100_000
LARGEST_NUMBER = 1 << 53


def put(connection: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    """Write some facts, over what they were."""
    rows = [(key, json.dumps(value, ensure_ascii=False)) for key, value in facts.items()]
    connection.executemany("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", rows)


def get(connection: sqlite3.Connection, *keys: str) -> Facts:
    """Return the facts named `keys`; of several, those that are there."""
    found = {}
    for key in keys:
        query = "SELECT value FROM facts WHERE key = ? AND length(value) <= ?"
        for (value,) in connection.execute(query, (key, LONGEST_JSON)):
            found[key] = _parsed(key, value)
    return Facts(found)


class Facts:
    """JSON values by name, read with their types. Raises DamagedError for what is missing or of another type."""

    def __init__(self, values: object) -> None:
        if not isinstance(values, dict):
            raise DamagedError("facts are not where they should be")
        self._values: dict[str, Any] = values

    def all(self) -> dict[str, Any]:
        """Return all of them, whatever their types."""
        return dict(self._values)

    def has(self, key: str) -> bool:
        """Whether there is such a fact, other than null."""
        return self._values.get(key) is not None

    def inner(self, key: str) -> Facts:
        """Return the facts within the fact `key`."""
        return Facts(self._value(key))

    def text(self, key: str, longest: int = LONGEST_TEXT) -> str:
        """Return a text."""
        return checked_text(self._value(key), key, longest)

    def texts(self, key: str, most: int) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(checked_text(value, key) for value in self._list(key, most))

    def mapping(self, key: str, most: int = 1000) -> dict[str, str]:
        """Return texts by name."""
        values = self.inner(key)._values
        if len(values) > most:
            raise DamagedError(f"{key} has too many entries")
        return {name: checked_text(value, key) for name, value in values.items()}

    def whole(self, key: str, low: int = 0, high: int = LARGEST_NUMBER) -> int:
        """Return a whole number from `low` to `high`."""
        return checked_whole(self._value(key), key, low, high)

    def number(self, key: str) -> float:
        """Return a number, which may be infinite or NaN."""
        return checked_number(self._value(key), key)

    def numbers(self, key: str, most: int) -> tuple[float, ...]:
        """Return a list of numbers."""
        return tuple(checked_number(value, key) for value in self._list(key, most))

    def _value(self, key: str) -> Any:
        if not self.has(key):
            raise DamagedError(f"{key} is missing")
        return self._values[key]

    def _list(self, key: str, most: int) -> list[Any]:
        values = self._value(key)
        if not isinstance(values, list) or len(values) > most:
            raise DamagedError(f"{key} is not a list of at most {most:,}")
        return values


def checked_text(value: object, name: str, longest: int = LONGEST_TEXT) -> str:
    """Return `value` if it is a text that is not too long."""
    if not isinstance(value, str) or len(value) > longest:
        raise DamagedError(f"{name} is not a text of at most {longest:,} characters")
    return value


def checked_whole(value: object, name: str, low: int = 0, high: int = LARGEST_NUMBER) -> int:
    """Return `value` if it is a whole number from `low` to `high`."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise DamagedError(f"{name} is not a whole number from {low:,} to {high:,}")
    return value


def checked_number(value: object, name: str) -> float:
    """Return `value` as a float if it is a number."""
    if isinstance(value, float):
        return value
    return float(checked_whole(value, name, -LARGEST_NUMBER, LARGEST_NUMBER))


def _parsed(key: str, value: object) -> Any:
    try:
        return json.loads(checked_text(value, key, LONGEST_JSON))
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{key} is not JSON") from error
