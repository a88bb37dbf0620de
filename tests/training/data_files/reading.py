"""How the tests of data files read one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradviz.errors import DataError
from gradviz.experiment.data import Data
from gradviz.training.data_files import LabelledData, read_data_file


def read(path: Path, **asked_for: Any) -> LabelledData:
    return read_data_file(Data(source="file", data_file=str(path), **asked_for))


def refusal(path: Path, **asked_for: Any) -> str:
    """What is said, in one line, with the file."""
    with pytest.raises(DataError) as caught:
        read(path, **asked_for)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message
