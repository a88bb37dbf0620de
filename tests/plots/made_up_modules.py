"""Watched runs made up row by row: a small Transformer, a convolutional net, and where they could not be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradviz.experiment import Row
from gradviz.recording.frame import Frame, Quantity, Started
from gradviz.recording.history import History

GRADIENT = Quantity("weight_grad_norm", "Weight gradient norm", "|∂loss/∂W|", "made up")
SPREAD = Quantity("activation_std", "Spread", "", "made up", scale="linear")

BLOCK = (
    "norm1", "self_attn.in_proj", "self_attn.out_proj", "self_attn.dropout", "dropout1", "norm2", "linear1",
    "activation", "dropout", "linear2", "dropout2", "gate.proj", "gate.scale", "gate",
)  # fmt: skip
TRANSFORMER = (
    "embed.tokens", "embed.positions",
    *(f"encoder.layers.{block}.{part}" for block in range(4) for part in BLOCK),
    "norm", "head",
)  # fmt: skip
CONVOLUTIONAL = (*(f"features.{number}" for number in range(60)), "classifier")


def watched(
    rows: Sequence[Sequence[float] | None],
    names: Sequence[str] = TRANSFORMER,
    *,
    measured: Mapping[int, Sequence[bool]] | None = None,
    losses: Sequence[float] | None = None,
    skipped: Sequence[int] = (),
    title: str = "my model",
) -> History:
    """A run whose gradient is `rows`, one a step; of the steps in `measured` only the layers marked there."""
    started = Started(title, tuple(Row(name) for name in names), (GRADIENT, SPREAD), "float32", 1000, "cpu", 0)
    history = History(started)
    for step, row in enumerate(rows):
        kept = {} if row is None else {GRADIENT.name: np.asarray(row, np.float32)}
        known = {GRADIENT.name: np.asarray(measured[step], np.bool_)} if measured and step in measured else {}
        loss = float("nan") if losses is None else losses[step]
        history.append(Frame(step, loss, float("nan"), float("nan"), kept, known, step in skipped))
    return history
