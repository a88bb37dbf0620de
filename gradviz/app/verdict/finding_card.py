"""One finding as a card: severity, evidence, thresholds, where to look, and what to try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gradviz.app.kept_widgets import arrange, keyed
from gradviz.app.verdict.severity_mark import WORDS, SeverityMark
from gradviz.app.verdict.threshold_box import written
from gradviz.diagnosis import Finding, Remedy, Thresholds, threshold_specs, words
from gradviz.experiment import Experiment, fields, value_in_words
from gradviz.plots.parts.style import LIGHT, Style

TRY_TIP = "Changes of the experiment that may help; each can be undone"
DECIDED_TIP = "The numbers that decided; click one to see the reason for it and to change it"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a card needs besides its finding.

    `step` is the one the verdict is about, `labels` are the names of all quantities that the run measures, `names`
    those of its rows, and `experiment` is what a remedy would change; None where a script trains the network.
    """

    step: int
    thresholds: Thresholds
    labels: Mapping[str, str]
    names: words.Names
    experiment: Experiment | None = None


class FindingCard(QFrame):
    """One finding. It is updated in place, so that what has the focus or lies under the mouse stays.

    `suggested` carries a Remedy to try, `layer_wanted` and `quantity_wanted` what to look at, and `threshold_wanted`
    the name of a threshold to show.
    """

    suggested = Signal(object)
    layer_wanted = Signal(int)
    quantity_wanted = Signal(str)
    threshold_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Tab passes over it, but has to know its place: the keyboard rests here when a part of it goes
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.finding: Finding | None = None
        self._around: Surroundings | None = None
        self._style = LIGHT
        self.mark = SeverityMark()
        self.severity = _label("Severity")
        self.title = _label()
        self.headline = _label()
        self.evidence = _label("The evidence, in numbers")
        self.evidence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.decided = _label(DECIDED_TIP)
        self.decided.setTextFormat(Qt.TextFormat.RichText)
        self.decided.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.decided.linkActivated.connect(self.threshold_wanted)
        self.go = QPushButton()
        self.go.clicked.connect(self._go)
        self.try_heading = _label(TRY_TIP)
        self.try_heading.setText("What to try")
        self.remedies: dict[tuple[str, int], RemedyRow] = {}
        self._lay_out()

    def show_finding(self, finding: Finding, around: Surroundings) -> None:
        """Show a finding, changing only what differs."""
        if finding == self.finding and around == self._around:
            return
        self.finding, self._around = finding, around
        title = words.title(finding)
        self.setAccessibleName(f"{WORDS[finding.severity]}: {title}")
        self.mark.show_severity(finding.severity)
        self.severity.setText(WORDS[finding.severity])
        self.title.setText(title)
        self.headline.setText(words.capitalised(words.headline(finding, around.names), around.names))
        at = f" Measured at step {finding.step:,}." if finding.step != around.step else ""
        self.evidence.setText(words.evidence(finding, around.names) + at)
        self._show_thresholds()
        self._show_place(finding, around)
        self._show_remedies(finding, around)

    def apply_style(self, style: Style) -> None:
        """Recolour mark and links."""
        self._style = style
        self.mark.apply_style(style)
        if self.finding is not None:
            self._show_thresholds()

    def in_tab_order(self) -> list[QWidget]:
        """Return what takes the focus, from top to bottom; the card itself does when a part of it goes."""
        rows = sorted(self.remedies.values(), key=self._tries.indexOf)
        return [self, self.decided, self.go, *(row.button for row in rows)]

    def _show_thresholds(self) -> None:
        finding, around = self.finding, self._around
        assert finding is not None
        assert around is not None
        links = [_link(name, around.thresholds, self._style) for name in finding.thresholds]
        self.decided.setText(f"Decided by: {' · '.join(links)}" if links else "")
        self.decided.setVisible(bool(links))

    def _show_place(self, finding: Finding, around: Surroundings) -> None:
        """Offer to show the evidence; a quantity only if this run measures it."""
        label = around.labels.get(finding.quantity, "")
        if finding.worst_row is not None:
            self.go.setText(f"Go to {around.names.row(finding.worst_row)}")
        elif label:
            self.go.setText("Show in the plots")
        else:
            self.go.hide()
            return
        parts = [f"The worst {around.names.noun} of this finding"] if finding.worst_row is not None else []
        self.go.setToolTip("; ".join([*parts, f"shows {label}"] if label else parts))
        self.go.setAccessibleName(f"{self.go.text()}: {words.title(finding)}")
        self.go.show()

    def _show_remedies(self, finding: Finding, around: Surroundings) -> None:
        wanted = keyed(finding.remedies, lambda remedy: remedy.kind)
        arrange(self._tries, self.remedies, wanted, self._new_row)
        for key, remedy in wanted.items():
            self.remedies[key].show_remedy(remedy, around)
        self.try_heading.setVisible(bool(wanted))
        self.try_heading.setText("What to try" if around.experiment is not None else "What to try in your code")
        self.try_heading.setToolTip(TRY_TIP if around.experiment is not None else "")

    def _new_row(self) -> RemedyRow:
        row = RemedyRow()
        row.suggested.connect(self.suggested)
        return row

    def _go(self) -> None:
        finding, around = self.finding, self._around
        assert finding is not None
        assert around is not None
        # the plots first, so that the row is shown in the right one
        if finding.quantity in around.labels:
            self.quantity_wanted.emit(finding.quantity)
        if finding.worst_row is not None:
            self.layer_wanted.emit(finding.worst_row)

    def _lay_out(self) -> None:
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        for label in (self.title, self.try_heading):
            font = label.font()
            font.setBold(True)
            label.setFont(font)
        for label in (self.severity, self.decided):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.severity.setWordWrap(False)
        heading = QHBoxLayout()
        heading.setSpacing(8)
        heading.addWidget(self.mark)
        heading.addWidget(self.title, 1)
        heading.addWidget(self.severity)
        place = QHBoxLayout()
        place.addWidget(self.go)
        place.addStretch(1)
        self._tries = QVBoxLayout()
        self._tries.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 10)
        column.setSpacing(6)
        column.addLayout(heading)
        column.addWidget(self.headline)
        column.addWidget(self.evidence)
        column.addWidget(self.decided)
        column.addLayout(place)
        column.addWidget(self.try_heading)
        column.addLayout(self._tries)


class RemedyRow(QWidget):
    """One thing to try, in words, and the button that puts it on the form."""

    suggested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.remedy: Remedy | None = None
        self.words = _label()
        self.button = QPushButton("Try it")
        self.button.clicked.connect(lambda: self.suggested.emit(self.remedy))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.words, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)

    def show_remedy(self, remedy: Remedy, around: Surroundings) -> None:
        """Show a remedy and what it would change in the experiment; advice for a script changes none."""
        self.remedy = remedy
        said = words.remedy(remedy, around.names)
        self.words.setText(said)
        self.button.setVisible(bool(remedy.changes))
        self.button.setAccessibleName(f"Try it: {said}")
        experiment = around.experiment
        if experiment is None:
            return
        changes = "\n".join(_change(experiment, name, value) for name, value in remedy.changes)
        self.button.setToolTip(f"Puts this on the form, where it can be undone:\n{changes}")


def _label(tip: str = "") -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setToolTip(tip)
    return label


def _link(name: str, thresholds: Thresholds, style: Style) -> str:
    """Return a threshold with its value as a link, in bold where it is not the default."""
    spec, value = threshold_specs()[name], getattr(thresholds, name)
    text = escape(f"{spec.label}: {written(value)} {spec.unit}")
    if value != getattr(Thresholds(), name):
        text = f"<b>{text}</b>"
    return f'<a href="{name}" style="color:{style.accent}">{text}</a>'


def _change(experiment: Experiment, name: str, value: object) -> str:
    field = fields(experiment.network.architecture)[name]
    return f"{field.label}: {value_in_words(field, experiment.value(name))} → {value_in_words(field, value)}"
