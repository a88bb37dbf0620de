"""The controls of a race, in the window that shows it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from gradviz.app.session.race_run import RaceRun


class RaceControls(QWidget):
    """Pause, step and stop a race, and its state in a word. The widget may go while the race continues."""

    def __init__(self, race: RaceRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._race = race
        self.pause, self.step, self.stop = QPushButton("&Pause"), QPushButton("S&ingle step"), QPushButton("S&top")
        self.pause.setToolTip("Pause the race after the current step, or resume it")
        self.step.setToolTip("Make exactly one step in each variant, then pause")
        self.stop.setToolTip("Stop the race; what was measured stays, and is in the list of runs")
        self.words = QLabel()
        self.words.setAccessibleName("state of the race")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 12, 0)
        row.setSpacing(8)
        for part in (self.pause, self.step, self.stop, self.words):
            row.addWidget(part)
        self.pause.clicked.connect(race.pause_or_resume)
        self.step.clicked.connect(race.step)
        self.stop.clicked.connect(race.stop)
        race.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Enable each button exactly when it applies."""
        running, paused = self._race.running, self._race.paused
        for button in (self.pause, self.step, self.stop):
            button.setEnabled(running)
        self.pause.setText("Resu&me" if paused else "&Pause")
        self.words.setText("race over" if not running else "paused" if paused else "racing")
