"""Start, pause, step, stop, reset; how far the run is, how fast, and where it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from gradviz.app.session.phase import Phase
from gradviz.app.session.run_controller import RunController
from gradviz.app.theme import ICON_PX
from gradviz.recording.history import History

LONGEST_NAME = 28
PREVIEW = "before training"
TRANSPORT = ("start", "pause", "step", "stop", "reset")


class TransportBar(QFrame):
    """The bar under the plots. `refresh` pulls the numbers; `show_phase` follows the life of the run."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 6)
        row.setSpacing(6)
        for name in TRANSPORT:
            row.addWidget(self._button(actions[name]))
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.progress.setAccessibleName("progress of the run")
        self.progress.setToolTip("Share of the training steps done")
        self._preview: History | None = None
        self.state = self._label("ready", "What the worker is doing", 120)
        self.steps = self._label("step –", "The latest step and the last one", 100)
        self.result = self._label("", "Loss of the latest batch, and accuracy on samples never trained on", 180)
        self.rate = self._label("", "Training steps per second over the last second", 80)
        self.device = self._label("", "Where the network is trained", 90)
        self.device.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addSpacing(8)
        row.addWidget(self.state)
        row.addWidget(self.progress, 1)
        for label in (self.steps, self.result, self.rate, self.device):
            row.addWidget(label)

    def button(self, name: str) -> QToolButton:
        """Return the button of the command `name`. Raises StopIteration where the bar has none."""
        return next(each for each in self.findChildren(QToolButton) if each.defaultAction().objectName() == name)

    def show_phase(self, phase: Phase, run: RunController, preview: History | None = None) -> None:
        """Say where the run stands; one that was cut off names its step, one that is followed its file.

        Where a `preview` is shown the bar is about that: nothing is trained yet.
        """
        self._preview = preview
        self.state.setText(PREVIEW if preview is not None else _state(phase, run))
        where = f"\n{run.path}" if run.path is not None else ""
        self.state.setToolTip(f"What the worker is doing{where}")
        self.refresh(run)

    def refresh(self, run: RunController) -> None:
        """Pull the numbers of the run, or of the preview."""
        history = run.history if self._preview is None else self._preview
        if history is None:
            waiting = run.phase in (Phase.STARTING, Phase.WAITING)
            self.progress.setRange(0, 0 if waiting else 1)
            self.progress.setValue(0)
            for label, text in ((self.steps, "step –"), (self.result, ""), (self.rate, ""), (self.device, "")):
                label.setText(text)
            return
        latest, last = max(history.frames - 1, 0), history.started.planned_steps
        if last:
            self.progress.setRange(0, last)
            self.progress.setValue(latest)
        else:
            self.progress.setRange(0, 0 if run.phase in (Phase.RUNNING, Phase.FOLLOWING) else 1)
        self.steps.setText(f"step {latest:,} / {last:,}" if last else f"step {latest:,}")
        self.result.setText(_result(history) if self._preview is None else "")
        rate = run.steps_per_second() if self._preview is None else None
        self.rate.setText(f"{rate:,.1f} steps/s" if rate else "")
        self.device.setText(_place(history.started.device, history.started.threads))

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        start = action.objectName() == "start"
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if start else Qt.ToolButtonStyle.ToolButtonIconOnly
        button.setToolButtonStyle(style)
        button.setMinimumHeight(32)
        button.setMinimumWidth(88 if start else 36)
        button.setAccessibleName(action.text().replace("&", ""))
        return button

    @staticmethod
    def _label(text: str, tip: str, width_px: int) -> QLabel:
        label = QLabel(text)
        label.setToolTip(tip)
        label.setMinimumWidth(width_px)
        return label


def _state(phase: Phase, run: RunController) -> str:
    history = run.history
    if phase.follows and run.path is not None:
        return f"{phase.value} {_cut(run.path.name)}"
    if history is not None and phase is Phase.DIVERGED and history.diverged is not None:
        return f"diverged at step {history.diverged.step:,}"
    if history is not None and phase is Phase.INTERRUPTED:
        return f"interrupted at step {max(history.frames - 1, 0):,}"
    return phase.value


def _cut(name: str) -> str:
    """Leave out the middle of a long file name."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[-half:]}"


def _result(history: History) -> str:
    loss = history.loss(history.frames - 1)
    # a script that is watched may not tell its loss
    parts = [f"loss {loss:.4g}"] if loss is not None and not _is_untold(history, loss) else []
    if history.latest_evaluation is not None:
        parts.append(f"validation {history.latest_evaluation.accuracy:.1%}")
    return " · ".join(parts)


def _is_untold(history: History, loss: float) -> bool:
    return history.started.loss_optional and math.isnan(loss)


def _place(device: str, threads: int) -> str:
    """Say where a run computes: a CPU with its threads as far as they are known, else the name of the device."""
    if device != "cpu":
        return device
    return f"CPU, {threads} thread{'s'[: threads != 1]}" if threads else "CPU"
