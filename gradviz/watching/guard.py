"""What keeps an error of the watching from the training that is watched."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import torch


class Guard:
    """Runs measurements: no exception comes out of one, and none leaves a trace in any graph.

    The first exception ends it all: `on_error` is told, and nothing is run any more. In a process that was forked off
    nothing is run either: it has a copy of this, with locks that nobody there releases. `spent_s` is how many seconds
    went into measurements so far.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._process = os.getpid()
        self.ended = False
        self.spent_s = 0.0

    @property
    def off(self) -> bool:
        """Whether nothing is run any more, or nothing in this process."""
        return self.ended or os.getpid() != self._process

    def __call__(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Return what `action` returns without gradients; None if it failed, or nothing is run any more."""
        with torch.no_grad():
            return self.run(action, *arguments)

    def run(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Do the same for what computes nothing."""
        if self.off:
            return None
        begin = time.perf_counter()
        try:
            return action(*arguments)
        except Exception as error:
            self._on_error(error)
            return None
        finally:
            self.spent_s += time.perf_counter() - begin
