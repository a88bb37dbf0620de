"""Which steps an animation shows, and how fast."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from gradviz.plots.pages.animation import FRAME_RATES, USUAL_RATE, StepRange

LARGE_FRAMES = 1000


class AnimationFields(QWidget):
    """Asks for a StepRange of a run of `frames` steps. `changed` says that it is another one."""

    changed = Signal()

    def __init__(self, frames: int) -> None:
        super().__init__()
        usual = StepRange.of_all(frames)
        self.first = self._step_box(0, usual.last, usual.first, "first step of the animation")
        self.last = self._step_box(0, usual.last, usual.last, "last step of the animation")
        self.every = self._step_box(1, max(usual.last, 1), usual.every, "steps from frame to frame")
        self.every.setToolTip("Show every n-th step only: fewer frames make a smaller file")
        self.rate = QComboBox()
        for rate in FRAME_RATES:
            self.rate.addItem(f"{rate} frames/s", rate)
        self.rate.setCurrentIndex(self.rate.findData(USUAL_RATE))
        self.rate.setAccessibleName("frames per second")
        self.rate.setToolTip("How fast the frames follow each other")
        self.rate.currentIndexChanged.connect(self.changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in (self.first, QLabel("to"), self.last, QLabel("every"), self.every, self.rate):
            row.addWidget(part)
        row.addStretch(1)
        self.setFocusProxy(self.first)

    @property
    def cut(self) -> StepRange:
        """What is asked for; the ends in their order."""
        first, last = sorted((self.first.value(), self.last.value()))
        return StepRange(first, last, self.every.value(), self.rate.currentData())

    @property
    def words(self) -> str:
        """How much that is."""
        cut = self.cut
        frames = len(cut.steps)
        words = f"{frames:,} frame{'s'[: frames != 1]}, {cut.seconds:,.1f} s."
        return f"{words} That makes a large file; show fewer steps." if frames > LARGE_FRAMES else words

    def _step_box(self, low: int, high: int, value: int, name: str) -> QSpinBox:
        box = QSpinBox()
        box.setRange(low, high)
        box.setValue(value)
        box.setAccessibleName(name)
        box.setToolTip(name.capitalize())
        box.valueChanged.connect(self.changed)
        return box
