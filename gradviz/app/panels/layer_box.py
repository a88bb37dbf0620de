"""Which layer a panel shows."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QSpinBox, QWidget


class LayerBox(QSpinBox):
    """A layer from 1 to the last. A network with fewer layers shows its last one, and does not make the box forget.

    `picked` carries a layer that the person chose here, and none that `show_layer` was told.
    """

    picked = Signal(int)

    def __init__(self, meaning: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wish = 1
        self.setKeyboardTracking(False)
        self.setAccelerated(True)
        self.setAccessibleName(meaning)
        self.setToolTip(f"{meaning.capitalize()}; 1 is next to the input")
        self.valueChanged.connect(self._choose)
        self.offer(1)

    def offer(self, layers: int) -> None:
        """Let the person choose among `layers` layers."""
        with QSignalBlocker(self):
            self.setRange(1, max(layers, 1))
            self.setSuffix(f" of {layers:,}" if layers > 1 else "")
            self.setValue(self._wish)

    def show_layer(self, layer: int) -> None:
        """Show `layer`, or the last one if there are not so many."""
        self._wish = layer
        with QSignalBlocker(self):
            self.setValue(layer)

    def _choose(self, layer: int) -> None:
        self._wish = layer
        self.picked.emit(layer)
