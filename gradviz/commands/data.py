"""`gradviz data FILE`: how a data file of a person's own is understood."""

from __future__ import annotations

import json
from dataclasses import asdict

from gradviz.experiment.data import Data
from gradviz.training.data_files import facts, read_data_file

CHANGE = "--set label_column=NAME, leave_out=NAME,NAME, missing=drop or missing=mean; loss=mse to predict a number"


def describe_data(data: Data, *, regression: bool = False, as_json: bool = False) -> int:
    """Print what was understood of the file, for a `regression` with a number to predict. Raises DataError."""
    understood = read_data_file(data, regression=regression).understood
    if as_json:
        print(json.dumps(asdict(understood), ensure_ascii=False))
        return 0
    print(f"{data.data_file}: {understood.form}")
    for what, words in (*facts(understood), ("change it", CHANGE)):
        print(f"{what:<10} {words}")
    return 0
