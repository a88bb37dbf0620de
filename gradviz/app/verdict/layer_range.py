"""Which layers are asked about: all, or those from one to another."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QToolButton, QWidget

from gradviz.app.form.field_editor import WheelGuard

TIP = "Ask about a part of the network only; layer 1 is next to the input"


class LayerRange(QWidget):
    """Two numbers of layers, and a way back to all. `chosen` says that the person chose other layers."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.first, self.last = QSpinBox(), QSpinBox()
        self.everything = QToolButton()
        self.everything.setText("All")
        self.everything.setToolTip("Ask about all layers again")
        self.everything.setAccessibleName("all layers")
        caption, to = QLabel("La&yers"), QLabel("to")
        caption.setBuddy(self.first)
        for words in (caption, to):
            words.setToolTip(TIP)
        guard = WheelGuard(self)
        for box, meaning in ((self.first, "first layer asked about"), (self.last, "last layer asked about")):
            box.setKeyboardTracking(False)
            box.setAccelerated(True)
            box.setAccessibleName(meaning)
            box.setToolTip(f"{meaning.capitalize()}. {TIP}")
            box.valueChanged.connect(lambda _layer, box=box: self._choose(box))
            guard.guard(box)
        self.everything.clicked.connect(self._choose_all)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in (caption, self.first, to, self.last, self.everything):
            row.addWidget(widget)
        self.offer(1)

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last layer asked about."""
        return self.first.value(), self.last.value()

    @property
    def part(self) -> tuple[int, int] | None:
        """The same, None where that is all of them."""
        return None if self.ends == (1, self.last.maximum()) else self.ends

    def offer(self, layers: int) -> None:
        """Ask about all of so many layers; what was chosen stays where the number does."""
        if layers != self.last.maximum():
            self._ask(1, layers, layers)

    def _ask(self, first: int, last: int, layers: int) -> None:
        for box, value in ((self.first, first), (self.last, last)):
            with QSignalBlocker(box):
                box.setRange(1, layers)
                box.setValue(value)
        self.everything.setEnabled(self.part is not None)

    def _choose(self, moved: QSpinBox) -> None:
        """Take another end; the one that was not moved gives way to it."""
        first, last = self.ends
        if first > last:
            first = last = moved.value()
        self._ask(first, last, self.last.maximum())
        self.chosen.emit()

    def _choose_all(self) -> None:
        # a greyed button would let go of the keyboard
        if self.everything.hasFocus():
            self.first.setFocus()
        layers = self.last.maximum()
        self._ask(1, layers, layers)
        self.chosen.emit()
