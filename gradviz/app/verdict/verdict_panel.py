"""The verdict on a run: what is wrong, worst first, and which layers are the worst."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.kept_widgets import arrange, keyed
from gradviz.app.settings import Settings
from gradviz.app.verdict.finding_card import FindingCard, Surroundings
from gradviz.app.verdict.judgement import Judgement
from gradviz.app.verdict.layer_range import LayerRange
from gradviz.app.verdict.severity_mark import SeverityMark
from gradviz.app.verdict.thresholds_dialog import ThresholdsDialog
from gradviz.app.verdict.worst_rows_bar import SHOWN, WorstRowsBar
from gradviz.diagnosis import Finding, Severity, Thresholds, diagnose, severity_scores, words
from gradviz.diagnosis.verdict import Verdict, WordedFinding
from gradviz.diagnosis.words import Names
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.history import History

NO_RUN = "No run to judge yet"


class VerdictPanel(QWidget):
    """Findings of one run at the picked or the latest step, for all layers or a range of them.

    `suggested` carries a Remedy that the person wants to try, `layer_wanted` a layer and `quantity_wanted` the name
    of a quantity to look at, `judged` a Judgement whenever there is something new to judge.
    """

    suggested = Signal(object)
    layer_wanted = Signal(int)
    quantity_wanted = Signal(str)
    judged = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.history: History | None = None
        self.step: int | None = None
        self.findings: list[Finding] = []
        self.dialog: ThresholdsDialog | None = None
        self._settings = settings
        self._thresholds = settings.thresholds
        self._style = LIGHT
        self._shown: object = None
        self._tab_order: list[QWidget] = []
        self.mark = SeverityMark(22)
        self.verdict = QLabel(NO_RUN)
        self.about = QLabel()
        self.range = LayerRange()
        self.thresholds_button = QPushButton("&Thresholds…")
        self.list = QScrollArea()
        self.cards: dict[tuple[str, int], FindingCard] = {}
        self.worst = WorstRowsBar()
        self._describe()
        self._lay_out()
        self._connect()
        self.show_history(None)

    @property
    def words(self) -> str:
        """The whole verdict in one line."""
        return self.verdict.text()

    def words_at(self, step: int) -> str:
        """Return the whole verdict on the run at `step` in one line, by the same thresholds and for the same layers."""
        if self.history is None:
            return NO_RUN
        return words.verdict(diagnose(self.history, step, self._thresholds, self.range.part), self.names)

    @property
    def names(self) -> Names:
        """What the rows of the run are called."""
        return Names.of(self.history.started) if self.history is not None else Names(())

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds that the person has set."""
        return self._thresholds

    def show_history(self, history: History | None) -> None:
        """Judge another run, from the top of the list; a range of layers stays while the number of rows does."""
        if history is not self.history:
            self.history, self._shown = history, None
            self.list.verticalScrollBar().setValue(0)
        self.range.setEnabled(history is not None)
        if history is not None:
            self.range.offer(len(history.started.rows))
        self.refresh()

    def show_step(self, step: int | None) -> None:
        """Judge the run at `step`; None follows the latest."""
        self.step = step
        self.refresh()

    def refresh(self) -> None:
        """Judge again if something changed."""
        history = self.history
        step = self._existing_step()
        diverged = history is not None and history.diverged is not None
        state = (history is None, step, self.step is None, diverged, self._thresholds, self.range.part)
        if state == self._shown:
            return
        self._shown = state
        self.findings = [] if history is None else diagnose(history, step, self._thresholds, self.range.part)
        self._show_words(step)
        self._show_findings(step or 0)
        self._show_ranking(step)
        names = self.names
        found = Verdict(WordedFinding(finding, names) for finding in self.findings)
        self.judged.emit(Judgement(found, step, self.step is not None, self.range.part))

    def apply_style(self, style: Style) -> None:
        """Recolour marks, links and bars."""
        self._style = style
        self.mark.apply_style(style)
        self.worst.apply_style(style)
        for card in self.cards.values():
            card.apply_style(style)

    def open_thresholds(self, name: str = "") -> None:
        """Open the thresholds at the one called `name`."""
        if self.dialog is None:
            self.dialog = ThresholdsDialog(self._thresholds, self)
            self.dialog.changed.connect(self._take_thresholds)
        self.dialog.show()
        self.dialog.activateWindow()
        if name:
            self.dialog.go_to(name)

    def _existing_step(self) -> int | None:
        """Return the recorded step that is judged; None if there is none yet."""
        if self.history is None or not self.history.frames:
            return None
        latest = self.history.frames - 1
        return latest if self.step is None else min(max(self.step, 0), latest)

    def _take_thresholds(self, thresholds: Thresholds) -> None:
        self._thresholds = self._settings.thresholds = thresholds
        self.refresh()

    def _show_words(self, step: int | None) -> None:
        text, part = NO_RUN, self.range.part
        if self.findings:
            text = words.verdict(self.findings, self.names)
            if part is not None:
                text = f"Layers {part[0]} to {part[1]} only · {text}"
        worst = self.findings[0].severity if self.findings else Severity.UNKNOWN
        self.mark.show_severity(worst)
        self.mark.setVisible(bool(self.findings))
        self.about.setText(self._where(step))
        if text != self.verdict.text():
            self.verdict.setText(text)

    def _where(self, step: int | None) -> str:
        """Say what the verdict is about."""
        if step is None:
            return "The verdict appears here with the first step of a run."
        if step == 0:
            return "Step 0: the network as initialised"
        return f"Step {step:,}, {'the latest' if self.step is None else 'as picked'}"

    def _show_findings(self, step: int) -> None:
        history = self.history
        wanted = keyed(self.findings, lambda finding: finding.kind)
        arrange(self._column, self.cards, wanted, self._new_card)
        if history is None:
            return
        labels = {quantity.name: quantity.label for quantity in history.quantities}
        around = Surroundings(step, self._thresholds, labels, self.names, history.started.experiment)
        for key, finding in wanted.items():
            self.cards[key].show_finding(finding, around)
        self._order_for_tab([self.cards[key] for key in wanted])

    def _show_ranking(self, step: int | None) -> None:
        self.worst.setVisible(step is not None)
        if step is None or self.history is None:
            return
        first, last = self.range.ends
        values = severity_scores(self.history, step, self._thresholds)[first - 1 : last]
        order = (-values).argsort(kind="stable")[:SHOWN]
        self.worst.show_ranking(order + first, values[order], self.history.started.row_name)

    def _new_card(self) -> FindingCard:
        card = FindingCard()
        card.apply_style(self._style)
        card.suggested.connect(self.suggested)
        card.quantity_wanted.connect(self.quantity_wanted)
        card.layer_wanted.connect(self.layer_wanted)
        card.threshold_wanted.connect(self.open_thresholds)
        return card

    def _order_for_tab(self, cards: list[FindingCard]) -> None:
        """Let Tab go through the cards from top to bottom, and then to the worst layers."""
        wanted = [self.list, self._content, *(part for card in cards for part in card.in_tab_order())]
        wanted += self.worst.buttons
        if wanted != self._tab_order:
            self._tab_order = wanted
            for before, after in pairwise(wanted):
                QWidget.setTabOrder(before, after)

    def _describe(self) -> None:
        font = self.verdict.font()
        font.setBold(True)
        self.verdict.setFont(font)
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdict.setAccessibleName("verdict")
        self.verdict.setToolTip("What is wrong with the run, in one line")
        self.about.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.about.setWordWrap(True)
        self.about.setAccessibleName("what the verdict is about")
        self.about.setToolTip("Pick a step in the heatmap or the curves to judge the run at that step")
        self.thresholds_button.setToolTip("See and change the numbers that decide what is a finding")
        self.list.setAccessibleName("findings, worst first")
        self.list.setToolTip("What is wrong, worst first, and what to try")

    def _lay_out(self) -> None:
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(self.verdict)
        lines.addWidget(self.about)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(lines, 1)
        controls = QHBoxLayout()
        controls.addWidget(self.range)
        controls.addStretch(1)
        controls.addWidget(self.thresholds_button)
        self._content = QWidget()
        # what takes no focus at all has no place in the tab order either
        self._content.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._column = QVBoxLayout(self._content)
        # the scroll bar does not touch the cards
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(8)
        self._column.addStretch(1)
        self.list.setWidget(self._content)
        self.list.setWidgetResizable(True)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 6)
        column.setSpacing(8)
        column.addLayout(top)
        column.addLayout(controls)
        column.addWidget(self.list, 1)
        column.addWidget(self.worst)

    def _connect(self) -> None:
        self.range.chosen.connect(self.refresh)
        self.thresholds_button.clicked.connect(lambda: self.open_thresholds())
        self.worst.layer_wanted.connect(self.layer_wanted)
