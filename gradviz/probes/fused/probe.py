"""What every probe is: a few quantities per layer, measured on what one training step left behind."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from gradviz.network.stack.layer_chunks import LayerChunk
from gradviz.network.stack.stack import Network
from gradviz.network.stack.trace import Trace
from gradviz.recording.frame import Quantity


class Probe:
    """Measures `quantities` in the state before an update; may look on while the optimiser moves the weights.

    It reads what a training batch left behind (`measure`), or what the layers do with the probe batch (`look_at`): the
    same validation samples at every step, so that only the network can change what is measured on them.
    A probe keeps its numbers on the device and never asks for one of them: the frame is copied once, as a whole.
    One whose quantities are `scheduled` measures only on the experiment's schedule. One of `logarithms` returns log10
    of its values, because no float could hold the values themselves. One that looks on while weights move has the last
    `carried_rows` of its rows `carried`, [rows, layers], from there to the next state; a run that is resumed is
    given them back.
    """

    quantities: ClassVar[tuple[Quantity, ...]]
    logarithms: ClassVar[bool] = False
    carried_rows: ClassVar[int] = 0
    carried: Tensor | None = None

    @classmethod
    def applies_to(cls, network: Network) -> bool:
        """Whether there is anything of this kind to measure in `network`."""
        return True

    @property
    def scheduled(self) -> bool:
        """Whether this measures only every so many steps."""
        return all(quantity.scheduled for quantity in self.quantities)

    def look_at(self, chunk: LayerChunk) -> None:
        """Look at some layers on the probe batch; on schedule, before `measure`, layer 1 first until all were seen."""

    def measure(self, trace: Trace) -> Tensor | None:
        """Return own values (or their `logarithms`), [quantities, layers]; None if there is nothing yet.

        Fewer rows are the first of the quantities.
        """
        raise NotImplementedError

    def before_update(self, trace: Trace) -> None:
        """Look at the weights before the optimiser moves them."""

    def after_update(self, trace: Trace) -> None:
        """Look at the weights after the optimiser has moved them."""
