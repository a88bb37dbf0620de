"""Measurements from the device to the host without making the device wait.

One copy a frame. On a GPU it goes through pinned memory while training goes on and is read after its event; on the
CPU it is there at once. Order is kept.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SLOTS = 4


class HostCopies:
    """A short queue of copies under way; at most `SLOTS` of them, so a reader lags at most that many steps."""

    def __init__(self, device: torch.device) -> None:
        self._on_cuda = device.type == "cuda"
        self._under_way: deque[tuple[int, Tensor, Any]] = deque()

    def submit(self, step: int, values: Tensor) -> None:
        """Begin to copy `values`, which are to stay as they are."""
        if not self._on_cuda:
            self._under_way.append((step, values.cpu(), None))
            return
        host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
        host.copy_(values, non_blocking=True)
        event: Any = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        self._under_way.append((step, host, event))

    def collect(self, *, wait: bool) -> list[tuple[int, NDArray[np.float64]]]:
        """Return the copies that have arrived, oldest first; with `wait`, or with all slots taken, wait for them."""
        arrived = []
        while self._under_way:
            step, host, event = self._under_way[0]
            if event is not None and not event.query():
                if not wait and len(self._under_way) < SLOTS:
                    break
                event.synchronize()
            self._under_way.popleft()
            arrived.append((step, host.numpy().astype(np.float64, copy=False)))
        return arrived
