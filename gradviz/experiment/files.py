"""Experiments as TOML and JSON text and files, both ways."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from gradviz.errors import ExperimentError
from gradviz.experiment.fields import RecipeField
from gradviz.experiment.recipe import Experiment, fields_asked_for

LARGEST_FILE_BYTES = 1_000_000


def to_toml(experiment: Experiment) -> str:
    """Return the experiment as TOML, every field that differs from its default."""
    return tomli_w.dumps(experiment.changes())


def to_json(experiment: Experiment) -> str:
    """Return the experiment as one line of JSON, every field."""
    return json.dumps(experiment.flat(), ensure_ascii=False)


def from_toml(text: str) -> Experiment:
    """Read an experiment from TOML text. Raises ExperimentError."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also for a number of too many digits, and for nesting without end
        raise ExperimentError(f"not a TOML file: {error}") from None
    return Experiment.parse(_with_floats(values))


def from_json(text: str) -> Experiment:
    """Read an experiment from JSON text. Raises ExperimentError."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExperimentError(f"not a JSON file: {error}") from None
    if not isinstance(values, dict):
        raise ExperimentError("a JSON experiment is an object of fields and values")
    return Experiment.parse(_with_floats(values))


def read(path: Path) -> Experiment:
    """Read an experiment from a `.toml` or `.json` file. A relative data file is relative to it.

    Raises ExperimentError.
    """
    text = _text_in(path)
    try:
        read = from_json(text) if path.suffix.lower() == ".json" else from_toml(text)
        data_file = Path(read.data.data_file)
        if not read.data.data_file or read.data.data_file.startswith("~") or data_file.is_absolute():
            return read
        return read.changed(data_file=str(path.parent.absolute() / data_file))
    except ExperimentError as error:
        raise ExperimentError(f"{path}:\n{error}") from None


def _text_in(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark."""
    try:
        # not by its size, which is 0 for a device or a pipe
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ExperimentError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:  # a name that no file can have
        raise ExperimentError(f"cannot read {str(path)!r}: {error}") from None
    if len(content) > LARGEST_FILE_BYTES:
        raise ExperimentError(f"{path} is too large to be an experiment: more than {LARGEST_FILE_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExperimentError(f"{path} is not a text file in UTF-8") from None


def with_settings(experiment: Experiment, settings: Iterable[str]) -> Experiment:
    """Apply `key=value` texts, as typed after `--set`. Raises ExperimentError."""
    pairs: list[tuple[str, str]] = []
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ExperimentError(f"{setting!r} is not of the form key=value")
        pairs.append((key.strip(), text.strip()))
    known = fields_asked_for(dict(pairs).get("architecture", experiment.network.architecture))
    return experiment.changed(**{name: _from_text(known.get(name), text) for name, text in pairs})


def _from_text(field: RecipeField | None, text: str) -> Any:
    """Turn typed text into the type that `field` wants; what does not fit is left for validation to name."""
    kind = field.kind if field is not None else str
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    # Python reads 10_0 as a hundred, and digits of every script
    if kind in (int, float) and ("_" in text or not text.isascii()):
        return text
    try:
        return kind(text)
    except ValueError:
        return text


def _with_floats(values: Mapping[str, Any]) -> dict[str, Any]:
    """Let a person write `noise = 0` where a float is meant; a bool stays a bool and is refused."""
    result, known = dict(values), fields_asked_for(values.get("architecture"))
    for name, value in values.items():
        if name in known and known[name].kind is float and type(value) is int:
            try:
                result[name] = float(value)
            except OverflowError:
                continue
    return result
