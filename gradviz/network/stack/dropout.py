"""Dropout: in each training pass a random share of the activations is 0, and the others are as much larger."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class Dropout:
    """Masks for one batch size, `masks` [layers, batch, width]: 0, or 1 / (1 - share) (Srivastava et al. 2014).

    Which activations a pass drops follows from the seed and the number of the pass alone, so that nothing but that
    number has to be kept to resume a run.
    """

    def __init__(self, share: float, seed: int, like: Tensor) -> None:
        self.masks = torch.ones_like(like)
        self._share, self._seed = share, seed
        self._generator = torch.Generator(like.device)

    def draw(self, number: int) -> None:
        """Fill the masks of pass `number`."""
        state = int(np.random.SeedSequence([self._seed, number]).generate_state(1, np.uint64)[0])
        # torch takes signed numbers
        self._generator.manual_seed(state >> 1)
        self.masks.bernoulli_(1.0 - self._share, generator=self._generator).div_(1.0 - self._share)

    def keep_all(self) -> None:
        """Let the next pass drop nothing."""
        self.masks.fill_(1.0)
