"""Chooses which of a script's further numbers is drawn below loss and accuracy."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox

from gradviz.plots.curves import CurvesPlot


class NumberBox(QComboBox):
    """The further numbers that `curves` can draw; there to be seen only where there is a choice between several."""

    def __init__(self, curves: CurvesPlot) -> None:
        super().__init__()
        self._curves = curves
        self.setToolTip("Which of the further numbers is drawn below loss and accuracy")
        self.setAccessibleName("further number that is drawn")
        self.setVisible(False)
        self.currentIndexChanged.connect(lambda _: curves.show_number(str(self.currentData())))

    def refresh(self) -> None:
        """Offer what there is by now, with what is drawn chosen."""
        names = [family.name for family in self._curves.numbers]
        if names == [self.itemData(place) for place in range(self.count())]:
            return
        with QSignalBlocker(self):
            self.clear()
            for family in self._curves.numbers:
                self.addItem(family.label, family.name)
            self.setCurrentIndex(self.findData(self._curves.number))
        self.setVisible(len(names) > 1)
