"""How a run stands, at the foot of the window: what the worker does, how far it is, how fast, and where."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gradviz.app.session.phase import Phase
from gradviz.app.session.run_controller import RunController
from gradviz.app.theme import GRID_PX
from gradviz.recording.history import History

LONGEST_NAME = 28
PREVIEW = "before training"


class RunStatus(QWidget):
    """`refresh` pulls the numbers; `show_phase` follows the life of the run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preview: History | None = None
        self.state = self._label("ready", "What the worker is doing")
        self.steps = self._label("step –", "The latest step and the last one")
        self.result = self._label("", "Loss of the latest batch, and accuracy on samples never trained on")
        self.rate = self._label("", "Training steps per second over the last second")
        self.device = self._label("", "Where the network is trained")
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX, 0, 2 * GRID_PX, 0)
        row.setSpacing(4 * GRID_PX)
        for label in (self.state, self.steps, self.result, self.rate, self.device):
            row.addWidget(label)
            label.setVisible(bool(label.text()))

    def show_phase(self, phase: Phase, run: RunController, preview: History | None = None) -> None:
        """Say where the run stands; one that was cut off names its step, one that is followed its file.

        Where a `preview` is shown the bar is about that: nothing is trained yet.
        """
        self._preview = preview
        _say(self.state, PREVIEW if preview is not None else _state(phase, run))
        where = f"\n{run.path}" if run.path is not None else ""
        self.state.setToolTip(f"What the worker is doing{where}")
        self.refresh(run)

    def refresh(self, run: RunController) -> None:
        """Pull the numbers of the run, or of the preview."""
        history = run.history if self._preview is None else self._preview
        if history is None:
            for label, text in ((self.steps, "step –"), (self.result, ""), (self.rate, ""), (self.device, "")):
                _say(label, text)
            return
        latest, last = max(history.frames - 1, 0), history.started.planned_steps
        _say(self.steps, f"step {latest:,} / {last:,}" if last else f"step {latest:,}")
        _say(self.result, _result(history) if self._preview is None else "")
        rate = run.steps_per_second() if self._preview is None else None
        _say(self.rate, f"{rate:,.1f} steps/s" if rate else "")
        _say(self.device, _place(history.started.device, history.started.threads))

    @staticmethod
    def _label(text: str, tip: str) -> QLabel:
        label = QLabel(text)
        label.setToolTip(tip)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))


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
        parts.append(f"validation {history.started.score.short(history.latest_evaluation.accuracy)}")
    return " · ".join(parts)


def _is_untold(history: History, loss: float) -> bool:
    return history.started.loss_optional and math.isnan(loss)


def _place(device: str, threads: int) -> str:
    """Say where a run computes: a CPU with its threads as far as they are known, else the name of the device."""
    if device != "cpu":
        return device
    return f"CPU, {threads} thread{'s'[: threads != 1]}" if threads else "CPU"
