"""What looks on while a network is trained: one contract for the fused stack and for modules, in training and watching.

A step is `before_forward`, forward and backward pass, `after_backward`, `before_update`, the optimiser's step,
`after_update`; `take` may be called at any time after `after_backward`, and hands over what was measured in the state
before the update. What `after_update` measures belongs to the next state and comes with its numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gradviz.recording.frame import Distribution, Quantity

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Due:
    """What is measured in a step: what is not `scheduled`, what is (`thorough`), and how the numbers are spread."""

    gradients: bool = True
    thorough: bool = True
    distributions: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What was measured in one step, on the host: the rows of a `Frame`, and distributions by kind, if any."""

    rows: Mapping[str, NDArray[np.floating[Any]]]
    measured: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    distributions: Mapping[str, Distribution] | None = None


class Pending(ABC):
    """What was measured in one step, still on its device."""

    @abstractmethod
    def tensors(self) -> Sequence[Tensor]:
        """Return the numbers, vectors that stay as they are; their lengths add up to what `read` is given."""

    @abstractmethod
    def read(self, host: Values) -> Measured:
        """Make sense of the numbers once they are on the host, one after the other."""


class Observer(ABC):
    """Measures one network. Nothing it does changes a number of the training."""

    @property
    @abstractmethod
    def quantities(self) -> tuple[Quantity, ...]:
        """What is measured, in the order in which views offer it."""

    @abstractmethod
    def before_forward(self, due: Due) -> None:
        """Prepare for a step in which `due` is measured."""

    @abstractmethod
    def after_backward(self) -> None:
        """Measure, while gradients stand and the weights are still those of the passes."""

    @abstractmethod
    def before_update(self, coming: Due) -> None:
        """Look at the weights before the optimiser moves them; `coming` is measured in the step after this."""

    @abstractmethod
    def after_update(self) -> None:
        """Look at the weights after the optimiser has moved them."""

    @abstractmethod
    def take(self) -> Pending:
        """Hand over what was measured since the last time."""

    @abstractmethod
    def carried(self) -> dict[str, Tensor]:
        """Return what the latest update left to be told with the next state, by name: the tensors themselves."""

    @abstractmethod
    def prepare_carried(self, coming: Due) -> None:
        """Make what is `carried` into a state in which `coming` is measured, to be filled with another run's."""
