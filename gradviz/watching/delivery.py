"""Frames on their way from the device to the file: several in one go, unless somebody waits for what is in them."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import Tensor

from gradviz.probes.frame_queue import Arrived, FrameQueue
from gradviz.watching.cadence import Cadence
from gradviz.watching.facts.facts import Facts
from gradviz.watching.run_file import RunFile

# frames that have arrived wait for others, at most so many and so long
MOST_WAITING = 64
LONGEST_WAIT_S = 0.25


class Delivery:
    """Takes the numbers of frames where they lie on `device`, and appends the frames to `file`."""

    def __init__(self, device: torch.device, facts: Facts, file: RunFile, cadence: Cadence) -> None:
        self._queue = FrameQueue(device)
        self._facts, self._file, self._cadence = facts, file, cadence
        self._arrived: list[Arrived] = []
        self._delivered_at = 0.0

    def submit(self, *frame: Any, **more: Any) -> None:
        """Take a frame, as `FrameQueue.submit` does."""
        self._queue.submit(*frame, **more)

    def hurry(self) -> None:
        """Let what arrives next wait for no other."""
        self._delivered_at = 0.0

    def deliver(self, *, wait: bool) -> None:
        """Append what has arrived, if enough has, or if it is time; with `wait` all that was submitted."""
        self._arrived += self._queue.collect(wait=wait)
        now = time.monotonic()
        # several frames in one go take half the time that each takes by itself
        late = now - self._delivered_at > LONGEST_WAIT_S
        # whoever waits for what is wrong is told of it at once
        thorough = bool(self._arrived) and self._cadence.was_thorough(self._arrived[-1].step)
        if wait or late or thorough or len(self._arrived) >= MOST_WAITING:
            self._delivered_at = now
            for arrived in self._arrived:
                frame, _ = arrived.read()
                observations, frame = self._facts.arrived(arrived, frame)
                for observation in observations:
                    self._file.append(observation)
                self._file.append(frame)
                if isinstance(arrived.scalars.get("loss"), Tensor):
                    # it had to be waited for
                    self._cadence.saw_loss(frame.loss)
            self._arrived.clear()
