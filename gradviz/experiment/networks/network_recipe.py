"""What every architecture's part of the recipe answers, whatever its fields."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from gradviz.experiment.activations import ActivationChoice
from gradviz.experiment.fields import PART_CONFIG
from gradviz.experiment.rows import Row, Span, shortcuts_around


class NetworkRecipe(BaseModel):
    """The network of an experiment: a frozen model of its own for each architecture."""

    model_config = PART_CONFIG

    architecture: ClassVar[str]

    def rows(self) -> tuple[Row, ...]:
        """Return what is measured, from the input to the loss."""
        raise NotImplementedError

    def shortcuts(self) -> tuple[Span, ...]:
        """Return the first and the last row, counted from 1, of what each shortcut passes over."""
        return shortcuts_around(self.rows())

    @property
    def phi(self) -> ActivationChoice | None:
        """The activation of the network; None where no single one tells what its layers do."""
        return None

    @property
    def normalises_batches(self) -> bool:
        """Whether what one sample becomes depends on the others of its batch."""
        return False

    @property
    def straight(self) -> bool:
        """Whether all its layers together are one affine map, because none bends."""
        return False

    @property
    def summary(self) -> str:
        """The network in a few words, for the name of a run."""
        raise NotImplementedError

    @property
    def slug(self) -> str:
        """The network in a few letters, digits and hyphens, for the name of a file."""
        raise NotImplementedError

    @property
    def formula(self) -> str:
        """What one layer or block computes from its input x; empty where no line of text says it."""
        return ""

    def inapplicable(self) -> dict[str, str]:
        """Return the fields that have no effect given the others, each with the reason in words."""
        return {}

    def conflict(self, batch_size: int) -> str:
        """Return why the network cannot be trained in batches of `batch_size`; empty if it can."""
        return ""
