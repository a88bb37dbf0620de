"""What a network is trained for: how its outputs are compared with the targets, and how well they do.

The losses are torch's own functions with their usual mean, so that a loss here is the loss of a script.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gradviz.experiment import Experiment
from gradviz.training.data import Dataset


@dataclass(frozen=True, slots=True)
class Answers:
    """What a network says of some samples, as `Evaluation` keeps it: arrays [samples]."""

    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32]
    values: NDArray[np.float32] | None = None


class Objective(Protocol):
    """Compares `outputs` [samples, `outputs`] of a network with `targets` [samples]: classes, or numbers."""

    outputs: int

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss, a tensor []."""
        ...

    def score(self, outputs: Tensor, targets: Tensor, wide: torch.dtype) -> Tensor:
        """Return the share of samples classified rightly, or R squared, a tensor [] of type `wide`."""
        ...

    def answers(self, outputs: Tensor) -> Answers:
        """Return what the network says of each sample."""
        ...

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return what chance the network gives each class, [samples, classes]."""
        ...


def objective(experiment: Experiment, data: Dataset, dtype: torch.dtype, device: torch.device) -> Objective:
    """Return what `experiment` trains for on `data`, with a network of that type on that device."""
    training = experiment.training
    if experiment.regression:
        return Regression(data.target_mean, data.target_scale)
    weights = None
    if training.class_weights == "balanced" and training.loss != "mse":
        weights = torch.tensor(balanced(data.train_labels, data.classes), dtype=dtype, device=device)
    match training.loss:
        case "cross_entropy":
            return CrossEntropy(data.classes, weights, training.label_smoothing)
        case "binary_cross_entropy":
            return BinaryCrossEntropy(data.classes, weights)
        case "mse":
            return SquaredClasses(data.classes)


def balanced(labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Return a weight for each class, [classes]: in proportion to 1 / its samples, 1 where all have as many."""
    counts = np.bincount(labels, minlength=classes)
    return len(labels) / (classes * np.maximum(counts, 1))


class CrossEntropy:
    """Softmax and cross-entropy, with weights [classes] if any and smoothed labels, as `nn.CrossEntropyLoss`."""

    def __init__(self, classes: int, weights: Tensor | None = None, smoothing: float = 0.0) -> None:
        self.outputs = classes
        self._weights, self._smoothing = weights, smoothing

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy."""
        return functional.cross_entropy(outputs, targets, self._weights, label_smoothing=self._smoothing)

    def score(self, outputs: Tensor, targets: Tensor, wide: torch.dtype) -> Tensor:
        """Return the accuracy."""
        return (outputs.argmax(1) == targets).to(wide).mean()

    def answers(self, outputs: Tensor) -> Answers:
        """Return the likeliest class, and its probability."""
        return _of_classes(self.probabilities(outputs))

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return the softmax."""
        return torch.softmax(outputs, 1)


class BinaryCrossEntropy:
    """A sigmoid and a yes or no for each class, as `nn.BCEWithLogitsLoss`; of two classes one output says both.

    With weights [classes] the loss is the mean over samples weighted by those of their classes.
    """

    def __init__(self, classes: int, weights: Tensor | None = None) -> None:
        self._classes = classes
        self.outputs = 1 if classes == 2 else classes
        self._weights = weights

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the binary cross-entropy, a mean over samples and outputs."""
        wanted = _one_hot(targets, self._classes, outputs)
        if self.outputs == 1:
            wanted = wanted[:, 1:]
        if self._weights is None:
            return functional.binary_cross_entropy_with_logits(outputs, wanted)
        each = functional.binary_cross_entropy_with_logits(outputs, wanted, reduction="none").mean(1)
        weights = self._weights[targets]
        return (weights * each).sum() / weights.sum()

    def score(self, outputs: Tensor, targets: Tensor, wide: torch.dtype) -> Tensor:
        """Return the accuracy: the class with the largest output, of two the one on whose side of 0 it is."""
        predicted = (outputs[:, 0] > 0).to(targets.dtype) if self.outputs == 1 else outputs.argmax(1)
        return (predicted == targets).to(wide).mean()

    def answers(self, outputs: Tensor) -> Answers:
        """Return the likeliest class, and the probability that its own output gives it."""
        chances = torch.sigmoid(outputs)
        return _of_classes(torch.cat([1 - chances, chances], 1) if self.outputs == 1 else chances)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return the sigmoids, of more than two classes as shares of their sum."""
        chances = torch.sigmoid(outputs)
        return torch.cat([1 - chances, chances], 1) if self.outputs == 1 else _shares(chances)


class SquaredClasses:
    """The squared error of a 1 for the right class and 0 for the others, as `nn.MSELoss` of one-hot labels."""

    def __init__(self, classes: int) -> None:
        self.outputs = classes

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over samples and classes."""
        return functional.mse_loss(outputs, _one_hot(targets, self.outputs, outputs))

    def score(self, outputs: Tensor, targets: Tensor, wide: torch.dtype) -> Tensor:
        """Return the accuracy."""
        return (outputs.argmax(1) == targets).to(wide).mean()

    def answers(self, outputs: Tensor) -> Answers:
        """Return the class with the largest output, and that output, cut to 0 to 1."""
        answers = _of_classes(outputs)
        return Answers(answers.predicted, answers.confidence.clip(0.0, 1.0))

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return the outputs, cut to 0 to 1, as shares of their sum: the best approximation of class probabilities."""
        return _shares(outputs.clamp(0.0, 1.0))


class Regression:
    """The squared error of a number, standardised with the `mean` and the `scale` of its training samples."""

    outputs = 1

    def __init__(self, mean: float, scale: float) -> None:
        self._mean, self._scale = mean, scale

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean squared error of the standardised numbers: 1 for their mean, whatever their unit."""
        return functional.mse_loss(outputs[:, 0], targets)

    def score(self, outputs: Tensor, targets: Tensor, wide: torch.dtype) -> Tensor:
        """Return R squared: 1 less the squared error over that of the mean of these targets."""
        wanted = targets.to(wide)
        error = (outputs[:, 0].to(wide) - wanted).square().sum()
        around = (wanted - wanted.mean()).square().sum()
        # all alike, they leave nothing to explain
        return torch.where(around > 0, 1 - error / around, torch.nan)

    def answers(self, outputs: Tensor) -> Answers:
        """Return the predictions in the unit of the targets."""
        values = outputs[:, 0].cpu().double().numpy() * self._scale + self._mean
        nothing = np.zeros(len(values))
        return Answers(nothing.astype(np.int64), nothing.astype(np.float32), values.astype(np.float32))

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return no class at all, [samples, 0]."""
        return outputs[:, :0]


def _one_hot(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    return functional.one_hot(labels, classes).to(like.dtype)


def _of_classes(chances: Tensor) -> Answers:
    confidence, predicted = chances.max(1)
    return Answers(predicted.cpu().numpy(), confidence.float().cpu().numpy())


def _shares(chances: Tensor) -> Tensor:
    total = chances.sum(1, keepdim=True)
    return torch.where(total > 0, chances / total, 1 / chances.shape[1])
