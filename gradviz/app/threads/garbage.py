"""Garbage is collected in the window's thread alone.

Python collects reference cycles in whichever thread happens to allocate. A QObject in a cycle (a closed dialog, an
item of a plot) would sooner or later be destroyed by the training thread, which Qt forbids: its timers are "stopped
from another thread", and the process crashes.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

PERIOD_MS = 500


class GarbageCollector(QObject):
    """Takes the automatic collection's place from `begin` to `end`, by Python's own thresholds."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_automatic = False
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self.collect)

    def begin(self) -> None:
        """Collect here from now on, and nowhere else."""
        self._was_automatic = gc.isenabled()
        gc.disable()
        self._timer.start()

    def end(self) -> None:
        """Leave it to Python again, if it was left to it before."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_automatic:
            gc.enable()

    def spare_what_is_loaded(self) -> None:
        """Never look again at what is there now: hundreds of thousands of objects of torch that stay anyway."""
        gc.freeze()

    def collect(self) -> None:
        """Collect the oldest generation that is due."""
        due = [
            generation
            for generation, (count, threshold) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
            if threshold and count > threshold
        ]
        if due:
            gc.collect(due[-1])
