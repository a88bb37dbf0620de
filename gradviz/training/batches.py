"""Which samples each step learns from."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# torch hands out the state of its Mersenne twister as bytes: after the seed, how many of its numbers are left until it
# makes the next ones, whether it was seeded, and which one comes next
_TWISTER = np.dtype([("seed", "u8"), ("left", "i4"), ("seeded", "i4"), ("next", "u8")])
_NUMBERS = 624


class ShuffledBatches:
    """Indices of batch after batch, reshuffled each epoch; the incomplete last batch of an epoch is left out.

    The order follows from the seed alone. `generator` and `position` say where in it one is, and `go_to` returns
    there.
    """

    def __init__(self, samples: int, batch_size: int, seed: int, device: torch.device) -> None:
        self._samples, self._batch_size, self._device = samples, batch_size, device
        self.per_epoch = samples // batch_size
        self._generator = torch.Generator().manual_seed(seed)
        self._begin_epoch()

    @property
    def generator(self) -> NDArray[np.uint8]:
        """The state of torch's generator before it shuffled the present epoch."""
        return self._epoch_began.numpy().copy()

    @property
    def position(self) -> int:
        """How many batches of the present epoch were taken."""
        return self._taken

    def take(self) -> Tensor:
        """Return the indices [batch] of the next batch."""
        if self._taken == self.per_epoch:
            self._begin_epoch()
        first = self._taken * self._batch_size
        self._taken += 1
        return self._order[first : first + self._batch_size]

    def go_to(self, generator: NDArray[np.uint8], position: int) -> None:
        """Continue from where another one was. Raises ValueError for what was never the state of a generator."""
        if not 0 <= position <= self.per_epoch:
            raise ValueError(f"there is no batch {position} in an epoch of {self.per_epoch}")
        if not _plausible(generator, self._epoch_began.numel()):
            raise ValueError("these bytes are no state of a generator")
        try:
            self._generator.set_state(torch.tensor(generator))
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        self._begin_epoch()
        self._taken = position

    def _begin_epoch(self) -> None:
        self._epoch_began = self._generator.get_state()
        self._order = torch.randperm(self._samples, generator=self._generator).to(self._device)
        self._taken = 0


def _plausible(generator: NDArray[np.uint8], size: int) -> bool:
    """Whether torch may be given these bytes: it would follow a position beyond its numbers out of its memory."""
    if generator.dtype != np.uint8 or generator.shape != (size,):
        return False
    head = np.frombuffer(generator.tobytes()[: _TWISTER.itemsize], _TWISTER)[0]
    left, following = int(head["left"]), int(head["next"])
    # as seeded, or somewhere in its numbers
    untouched, under_way = (left, following) == (1, 0), left > 0 and left + following == _NUMBERS + 1
    return bool(head["seeded"] == 1) and (untouched or under_way)
