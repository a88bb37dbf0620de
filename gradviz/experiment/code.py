"""A short text that carries an experiment: `gv1:d=1000:a=tanh:s=scaled:4390`.

Only fields that differ from their default are written, each under its one- to three-letter key, so that a class can
read the code from a board; the last part is a check on typing errors.
"""

import zlib
from typing import Any

from gradviz.errors import ExperimentError
from gradviz.experiment.files import with_settings
from gradviz.experiment.recipe import Experiment, fields, fields_asked_for

PREFIX = "gv1"
LONGEST_CODE = 2000


def to_code(experiment: Experiment) -> str:
    """Return the code of `experiment`; title and notes are left out.

    Raises ExperimentError for data from a file, which no code can carry.
    """
    if experiment.data.own_file:
        raise ExperimentError("a code cannot carry a data file; save the experiment and send it with the data instead")
    known = fields(experiment.network.architecture)
    changes = experiment.changes()
    parts = [f"{known[name].code}={_text(value)}" for name, value in changes.items() if known[name].code]
    body = ":".join([PREFIX, *parts])
    return f"{body}:{_check(body)}"


def from_code(text: str) -> Experiment:
    """Return the experiment that `text` stands for. Raises ExperimentError."""
    code = "".join(text.split())
    if not code.startswith(PREFIX + ":") or len(code) > LONGEST_CODE:
        raise ExperimentError(f"{text.strip()[:40]!r} is not an experiment code; a code begins with {PREFIX}:")
    body, _, check = code.rpartition(":")
    if check.lower() != _check(body):
        raise ExperimentError("the code is incomplete or mistyped: its last four characters do not fit the rest")
    parts = [part.partition("=")[::2] for part in body.split(":")[1:]]
    known = fields_asked_for(dict(parts).get(fields()["architecture"].code))
    names = {field.code: field.name for field in known.values() if field.code}
    settings = []
    for key, value in parts:
        if key not in names:
            raise ExperimentError(f"the code names a field {key!r} that this version of gradviz does not know")
        settings.append(f"{names[key]}={value.replace('/', ':')}")
    return with_settings(Experiment(), settings)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).replace(":", "/")


def _check(body: str) -> str:
    return f"{zlib.crc32(body.encode(errors='backslashreplace')) & 0xFFFF:04x}"
