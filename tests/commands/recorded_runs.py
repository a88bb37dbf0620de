"""Runs made up row by row and recorded into a file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from gradviz.experiment import Experiment, Row
from gradviz.recording.frame import Checkpoint, Ending, Evaluation, Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter

NORM = Quantity("weight_grad_norm", "Weight gradient norm", "|g|", "made up, a logarithm")
SHARE = Quantity("share", "Share of units", "", "made up, a number", scale="linear")
EXPERIMENT = Experiment(title="made up", depth=5, width=8, activation="tanh")
MODULES = ("stem", "blocks.0.conv", "blocks.0.norm", "blocks.1.conv", "head")
STEPS = 30


def norm(step: int, layer: int) -> float:
    """The log10 of what was measured of the gradient."""
    return float(np.float32(-layer - step / 100))


def record(path: Path, *, watched: bool = False, ending: Ending = "finished", name: str = "", why: str = "") -> History:
    """Record a run of STEPS updates; the watched one tells no loss, and its norm module has no gradient."""
    held_out = HeldOut(np.zeros((2, 64), np.float32), np.array([0, 1]), ("a", "b"), (8, 8))
    known = {"quantities": (NORM, SHARE), "parameters": 100, "device": "cpu", "threads": 1}
    started = (
        Started("my model", tuple(Row(module) for module in MODULES), precision="float32", **known)
        if watched
        else Started.of_experiment(EXPERIMENT, held_out=held_out, batch_size=4, training_samples=8, **known)
    )
    history = History(started)
    with_weights = np.array([module != "blocks.0.norm" for module in MODULES])
    for step in range(STEPS + 1):
        rows = {
            NORM.name: np.array([norm(step, layer) for layer in range(1, 6)], np.float32),
            SHARE.name: np.full(5, 0.5, np.float32),
        }
        loss = math.nan if watched else 2.0 / (step + 1)
        measured = {NORM.name: with_weights} if watched else {}
        if not watched and step % 10 == 0:
            predicted, confidence = np.array([0, 0]), np.array([0.9, 0.8], np.float32)
            history.append(Evaluation(step, loss, 0.5, predicted, confidence))
        history.append(Frame(step, loss, math.nan if watched else 0.25, 0.1, rows, measured))
    writer = StoreWriter(path, history, environment={"torch": "2.x", "device": "cpu"}, name=name, on_trouble=print)
    if not watched:
        writer.keep(Checkpoint(20, {"weights": np.zeros(3)}))
    writer.close(ending, why)
    return history
