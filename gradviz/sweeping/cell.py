"""One cell of a sweep, trained in whichever process gets it."""

from __future__ import annotations

import time

import torch

from gradviz.diagnosis.verdict import Verdict
from gradviz.errors import ExperimentError, GradvizError
from gradviz.experiment import Experiment
from gradviz.experiment.grid import Cell, Grid
from gradviz.recording.history import History
from gradviz.recording.outcome import Outcome, outcome_of
from gradviz.training.loop import train


def run_cell(grid_json: str, cell_json: str) -> str:
    """Train a cell and return its Outcome as JSON; what travels between processes is text.

    Never raises for what belongs to the cell: values that do not go together, too little memory, unusable data.
    """
    began = time.perf_counter()
    try:
        experiment = Grid.model_validate_json(grid_json).experiment(Cell.model_validate_json(cell_json))
        return _trained(experiment.changed(device="cpu"), began).model_dump_json()
    except (GradvizError, ExperimentError, MemoryError) as error:
        seconds = time.perf_counter() - began
        return Outcome(status="failed", why=str(error) or "too little memory", seconds=seconds).model_dump_json()


def _trained(experiment: Experiment, began: float) -> Outcome:
    # one thread each, for as long as this process lives: the cores are shared by the cells
    torch.set_num_threads(1)
    history = History.of(train(experiment))
    verdict = Verdict.of(history)
    return outcome_of(history, time.perf_counter() - began, verdict[0].kind if verdict else "")
