"""Times every activation beside the window, until it is done or told to end."""

from __future__ import annotations

import threading
import time
from contextlib import closing

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure

# turns follow each other faster than anybody could read, and a queued signal cannot be refused
TELL_EVERY_S = 0.1


class CostThread(QThread):
    """Measures the cost of all activations on `device`, in rounds.

    `progressed` carries a CostProgress, about ten a second, and always the last one, from which a stop takes nothing;
    `failed` a Failure. QThread's own `finished` always comes last.
    """

    progressed = Signal(object)
    failed = Signal(object)

    def __init__(
        self, device: str, leaky_slope: float, *, sizes: tuple[int, ...] | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("activation costs")
        self.device = device
        self._leaky_slope = leaky_slope
        self._sizes = sizes
        self._ended = threading.Event()

    def end(self) -> None:
        """Let the thread run out after the turn under way, which takes a fraction of a second; wait() for it then."""
        self._ended.set()

    def run(self) -> None:
        """Measure; called by QThread in the new thread."""
        try:
            # imports torch where the preview has not done so yet
            from gradviz.training.activation_cost import measure_costs

            with closing(measure_costs(self.device, leaky_slope=self._leaky_slope, sizes=self._sizes)) as events:
                told_s = -TELL_EVERY_S
                for progress in events:
                    ended = self._ended.is_set()
                    now_s = time.monotonic()
                    if ended or progress.done == progress.total or now_s - told_s >= TELL_EVERY_S:
                        told_s = now_s
                        self.progressed.emit(progress)
                    if ended:
                        return
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            self.failed.emit(Failure.of(error))
