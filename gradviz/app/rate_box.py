"""The learning rate of the run under way, to be changed while it trains."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gradviz.app.form.number_editors import NumberBox
from gradviz.app.session.run_controller import RunController
from gradviz.app.theme import GRID_PX
from gradviz.experiment import field

TIP = (
    "Learning rate of the run under way; a change holds from its next step on, and is recorded. A schedule takes its "
    "part of it. The form, and so the next run, keeps its own"
)
WIDTH_PX = 92


class RateBox(QWidget):
    """There only while a run can be steered. `asked` carries the rate that the person wants."""

    asked = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        caption = QLabel("Rate")
        self.box = NumberBox(field("learning_rate"))
        self.box.setFixedWidth(WIDTH_PX)
        self.box.setAccessibleName("learning rate of the run under way")
        caption.setBuddy(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX, 0, 0, 0)
        row.setSpacing(GRID_PX)
        for widget in (caption, self.box):
            widget.setToolTip(TIP)
            row.addWidget(widget)
        self.box.valueChanged.connect(self.asked)
        self.hide()

    def follow(self, run: RunController) -> None:
        """Show the rate of the run, unless somebody is about to change it; hide where there is none to change."""
        rate = run.full_rate
        self.setVisible(rate is not None)
        if rate is not None and not self.box.hasFocus():
            with QSignalBlocker(self.box):
                self.box.setValue(rate)
