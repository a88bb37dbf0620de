"""What the batches are like, and what the network says of them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from gradviz.probes.observer import Values
from gradviz.watching.facts.batch_reductions import (
    INPUT_NUMBERS,
    PREDICTION_NUMBERS,
    reduce_inputs,
    reduce_predictions,
    reduce_targets,
)
from gradviz.watching.facts.said import Numbers, Said

# what a small batch is predicted as says little, so several looks are taken together
LOOKS_TOGETHER = 5
# a share, or an entropy, has changed when it is so far from what was said
CHANGED = 0.05
# of numbers without bounds, the part of their spread that counts as a change
CHANGED_SPREAD = 0.5
# two ways to the same loss differ by their rounding; half precision by more
SAME_LOSS = 1e-3


def look_at_batch(inputs: object, outputs: object, targets: object) -> dict[str, Tensor]:
    """Return what there is to know of a batch as vectors on its device, by name; what is no tensor is passed over."""
    found: dict[str, Tensor] = {}
    said = _plain(outputs)
    wanted = _plain(targets)
    with torch.no_grad():
        if (given := _plain(inputs)) is not None and given.dim():
            found["inputs"] = reduce_inputs(given)
        if wanted is not None:
            wanted = wanted.to(said.device) if said is not None else wanted
            found["labels"] = reduce_targets(wanted, said)
        if said is not None:
            found["predictions"] = reduce_predictions(said, wanted)
            found["outputs"] = said.isfinite().all().reshape(1).to(torch.float32)
    return {name: vector for name, vector in found.items() if vector.numel()}


def _plain(given: object) -> Tensor | None:
    """Return a tensor with numbers in it that lie one beside the other; None for anything else."""
    if not isinstance(given, Tensor) or given.layout is not torch.strided or not given.numel():
        return None
    # one that is spread over processes, or stands for many inside of vmap, is no batch
    return given if type(given) in (Tensor, torch.nn.Parameter) else None


class BatchFacts:
    """Says what the vectors of `look_at_batch` come to, once they are on the host."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self._labels = np.zeros(0)
        self._label_range = (math.inf, -math.inf, 0.0)
        self._predictions: deque[Values] = deque(maxlen=LOOKS_TOGETHER)
        self._looks: dict[str, int] = {}
        self._loss = math.nan

    def arrived(self, step: int, facts: Mapping[str, Values], loss: float) -> None:
        """Take what was looked at in a step of that loss; several looks at a thing are numbered in their names."""
        self._loss = loss
        for name, take in (("inputs", self._inputs), ("labels", self._targets), ("predictions", self._outputs)):
            found = [vector for key, vector in facts.items() if key.partition(" ")[0] == name]
            if found:
                self._looks[name] = self._looks.get(name, 0) + 1
                take(step, found)

    def _inputs(self, step: int, found: list[Values]) -> None:
        looks = np.array(found)
        lowest, highest, mean, std, bad, constant, features, numbers = looks.T
        counts = numbers - bad
        total = max(counts.sum(), 1.0)
        whole = np.nansum(mean * counts) / total
        spread = math.sqrt(np.nansum(counts * (np.square(std) + np.square(mean - whole))) / total)
        values = (lowest.min(), highest.max(), whole, spread, bad.sum(), constant.min(), features.max())
        if not counts.sum():
            values = (math.nan, math.nan, math.nan, math.nan, *values[4:])
        self._say(step, "inputs", tuple(zip(INPUT_NUMBERS, map(float, values), strict=False)), values[3])

    def _targets(self, step: int, found: list[Values]) -> None:
        low, high, bad = self._label_range
        for vector in found:
            low, high, bad = min(low, vector[0]), max(high, vector[1]), bad + vector[2]
            counts = vector[4:]
            width = max(len(counts), len(self._labels))
            self._labels = np.pad(self._labels, (0, width - len(self._labels))) + np.pad(
                counts, (0, width - len(counts))
            )
        self._label_range = low, high, bad
        if low > high:
            low = high = math.nan
        numbers: Numbers = (("lowest", float(low)), ("highest", float(high)), ("not_finite", float(bad)))
        if self._labels.sum():
            numbers += (("classes", float(len(self._labels))), *_frequencies(self._labels))
        self._say(step, "labels", numbers, high - low)

    def _outputs(self, step: int, found: list[Values]) -> None:
        for vector in found:
            self._predictions.append(vector)
        width = max(len(vector) for vector in self._predictions)
        total = sum((np.pad(vector, (0, width - len(vector))) for vector in self._predictions), np.zeros(width))
        right, compared, counts = total[0], total[1], total[len(PREDICTION_NUMBERS) :]
        if not counts.sum():
            return
        numbers: Numbers = (("classes", float((counts > 0).sum())), *_frequencies(counts))
        if compared:
            numbers += (("accuracy", float(right / compared)),)
        # the loss of the script is the one that takes its outputs for logits, and they are probabilities
        _, _, probabilities, entropy, log_loss = np.mean(
            [vector[: len(PREDICTION_NUMBERS)] for vector in found], axis=0
        )
        slack = SAME_LOSS * max(abs(entropy), 1.0)
        # of probabilities that are all alike both come to the same
        if probabilities == 1 and abs(entropy - self._loss) <= slack and not abs(log_loss - self._loss) <= 5 * slack:
            numbers += (("softmax_twice", 1.0),)
        self._say(step, "predictions", numbers, 0.0)

    def _say(self, step: int, kind: str, numbers: Numbers, spread: float) -> None:
        """Say it at the looks 1, 2, 4, 8 ... and when it has changed."""
        before = self._said.holds(kind)
        looks = self._looks[kind]
        if before is None or looks & (looks - 1) == 0 or _changed(dict(before.numbers), dict(numbers), spread):
            self._said.say(step, kind, numbers=numbers)


def _frequencies(counts: Values) -> Numbers:
    shares = counts[counts > 0] / counts.sum()
    return (
        ("largest_share", float(shares.max())),
        # a sum of nothing but a 1 would be -0
        ("entropy", float(abs((shares * np.log(shares)).sum()))),
    )


def _changed(before: dict[str, float], now: dict[str, float], spread: float) -> bool:
    if before.keys() != now.keys():
        return True
    for name, value in now.items():
        old = before[name]
        if math.isnan(old) or math.isnan(value):
            if math.isnan(old) != math.isnan(value):
                return True
        elif name in ("largest_share", "accuracy", "entropy"):
            if abs(value - old) > CHANGED:
                return True
        elif name in ("not_finite", "constant_features"):
            # none or some; all or some
            if (value > 0) != (old > 0) or (value == now.get("features")) != (old == before.get("features")):
                return True
        elif name in ("lowest", "highest", "mean", "std") and abs(value - old) > CHANGED_SPREAD * max(spread, 0.0):
            return True
    return False
