"""Single values from a run file, checked before they are used."""

from __future__ import annotations

import json

from gradviz.errors import RecordingError

LONGEST_TEXT = 100_000
LARGEST_NUMBER = 1 << 53


class DamagedError(RecordingError):
    """The file does not hold what it should."""


def checked_text(value: object, name: str, longest: int = LONGEST_TEXT) -> str:
    """Return `value` if it is a text that is not too long. Raises DamagedError."""
    if not isinstance(value, str) or len(value) > longest:
        raise DamagedError(f"{name} is not a text of at most {longest:,} characters")
    return value


def checked_whole(value: object, name: str, low: int = 0, high: int = LARGEST_NUMBER) -> int:
    """Return `value` if it is a whole number from `low` to `high`. Raises DamagedError."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise DamagedError(f"{name} is not a whole number from {low:,} to {high:,}")
    return value


def checked_number(value: object, name: str) -> float:
    """Return `value` as a float if it is a number; NULL is SQLite's NaN. Raises DamagedError."""
    if value is None:
        return float("nan")
    if isinstance(value, float):
        return value
    return float(checked_whole(value, name, -LARGEST_NUMBER, LARGEST_NUMBER))


def checked_shape(value: object, name: str, most_dimensions: int) -> tuple[int, ...]:
    """Return the shape in JSON in `value`, of so many dimensions at most. Raises DamagedError."""
    try:
        shape = json.loads(checked_text(value, name, 200))
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{name} cannot be read") from error
    if not isinstance(shape, list) or len(shape) > most_dimensions:
        raise DamagedError(f"{name} cannot be read")
    return tuple(checked_whole(extent, name) for extent in shape)
