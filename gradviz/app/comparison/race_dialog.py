"""What is to race: two to four variants of the experiment on the form."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, change_in_words
from gradviz.experiment.differences import NAMING
from gradviz.experiment.variants import UNCHANGED, offered, variant
from gradviz.plots.shown_run import FEWEST_COMPARED, MOST_COMPARED, SeriesStyle

FIRST_SIZE = QSize(600, 380)
LETTER_PX = 30
INTRODUCTION = (
    "The experiment on the form is trained in two to four variants, a step of each in turn, and shown side by side. "
    "Write what a variant changes as key=value, as after --set: activation=relu shortcut=scaled"
)
CHANGES_TIP = (
    "Changes of the form's experiment as key=value, with spaces between; empty: none.\n"
    f"Fields: {', '.join(name for name in Experiment.model_fields if name not in NAMING)}"
)


class VariantRow:
    """One variant: its letter, its changes as text, and what that means in words or what is wrong with it."""

    def __init__(self, number: int) -> None:
        look = SeriesStyle(number)
        self.letter = QLabel(f"{look.letter} {look.glyph}")
        self.letter.setFixedWidth(LETTER_PX)
        self.changes = QLineEdit()
        self.changes.setAccessibleName(f"changes of variant {look.letter}")
        self.changes.setToolTip(CHANGES_TIP)
        self.changes.setPlaceholderText(UNCHANGED)
        self.remove = QToolButton()
        self.remove.setText("✕")
        self.remove.setAutoRaise(True)
        self.remove.setToolTip(f"Take variant {look.letter} out of the race")
        self.remove.setAccessibleName(f"remove variant {look.letter}")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setContentsMargins(LETTER_PX + 6, 0, 0, 4)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.experiment: Experiment | None = None

    def widgets(self) -> tuple[QWidget, ...]:
        """Return everything that is shown."""
        return self.letter, self.changes, self.remove, self.words

    def check(self, base: Experiment) -> None:
        """Say what the variant is, or what is wrong with it."""
        try:
            self.experiment = variant(base, self.changes.text())
            self.words.setText(change_in_words(base, self.experiment) or UNCHANGED)
        except ExperimentError as error:
            self.experiment = None
            self.words.setText(f"⚠ {error}")
        self.changes.setAccessibleDescription(self.words.text())


class RaceDialog(QDialog):
    """Asks which variants of `base` are to race; `experiments()` after it was accepted."""

    def __init__(self, base: Experiment, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Race")
        self._base = base
        self.sets = QComboBox()
        self._offered = offered(base)
        for each, _ in self._offered:
            self.sets.addItem(each.name)
            self.sets.setItemData(self.sets.count() - 1, each.tip, Qt.ItemDataRole.ToolTipRole)
        self.sets.setToolTip("Variants to begin with; each can be changed below")
        self.rows = [VariantRow(number) for number in range(MOST_COMPARED)]
        self.add = QPushButton("&Add a variant")
        self.add.setToolTip(f"At most {MOST_COMPARED} can race")
        self.mistake = QLabel()
        self.mistake.setWordWrap(True)
        self._count = 0
        self._lay_out()
        self.sets.activated.connect(self._propose)
        self.add.clicked.connect(self._add)
        for number, row in enumerate(self.rows):
            row.changes.textChanged.connect(self._check)
            row.remove.clicked.connect(partial(self._remove, number))
        self._propose(0)

    def experiments(self) -> list[Experiment]:
        """Return the variants, in their order."""
        return [row.experiment for row in self.rows[: self._count] if row.experiment is not None]

    def _propose(self, index: int) -> None:
        _, changes = self._offered[index]
        self._show(changes[:MOST_COMPARED])

    def _show(self, changes: list[str]) -> None:
        self._count = len(changes)
        for number, row in enumerate(self.rows):
            for widget in row.widgets():
                widget.setVisible(number < self._count)
            if number < self._count:
                row.changes.setText(changes[number])
        self._check()

    def _add(self) -> None:
        self._show([*self._texts(), ""])
        self.rows[self._count - 1].changes.setFocus()

    def _remove(self, number: int) -> None:
        texts = self._texts()
        del texts[number]
        self._show(texts)
        self.rows[min(number, self._count - 1)].changes.setFocus()

    def _texts(self) -> list[str]:
        return [row.changes.text() for row in self.rows[: self._count]]

    def _check(self) -> None:
        for row in self.rows[: self._count]:
            row.check(self._base)
            row.remove.setEnabled(self._count > FEWEST_COMPARED)
        ready = self.experiments()
        twins = len(ready) == self._count and any(
            not change_in_words(one, other) for place, one in enumerate(ready) for other in ready[:place]
        )
        self.mistake.setText("Two of the variants are the same; they will run the same race." if twins else "")
        self.add.setEnabled(self._count < MOST_COMPARED)
        self.start.setEnabled(len(ready) == self._count >= FEWEST_COMPARED)
        self._make_room()

    def _make_room(self) -> None:
        """Grow until no words are cut: a window does not by itself for what wraps into more lines."""
        layout = self.layout()
        assert layout is not None
        # else it knows only the words of before
        layout.activate()
        needed = layout.totalHeightForWidth(self.width())
        if needed > self.height():
            self.resize(self.width(), needed)

    def _lay_out(self) -> None:
        introduction = QLabel(INTRODUCTION)
        introduction.setWordWrap(True)
        label = QLabel("&Begin with")
        label.setBuddy(self.sets)
        label.setToolTip(self.sets.toolTip())
        top = QHBoxLayout()
        top.addWidget(label)
        top.addWidget(self.sets, 1)
        variants = QVBoxLayout()
        variants.setSpacing(2)
        for row in self.rows:
            line = QHBoxLayout()
            line.addWidget(row.letter)
            line.addWidget(row.changes, 1)
            line.addWidget(row.remove)
            variants.addLayout(line)
            variants.addWidget(row.words)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = buttons.addButton("&Start the race", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setToolTip("Train the variants side by side; each is kept as a run of its own")
        cancel = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        cancel.setToolTip("Train nothing")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        more = QHBoxLayout()
        more.addWidget(self.add)
        more.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(introduction)
        column.addLayout(top)
        column.addLayout(variants)
        column.addLayout(more)
        column.addStretch(1)
        column.addWidget(self.mistake)
        column.addWidget(buttons)
        # Return starts the race, wherever it is pressed but on a button
        for button in (self.add, cancel):
            button.setAutoDefault(False)
        self.start.setDefault(True)
        self.resize(FIRST_SIZE)
