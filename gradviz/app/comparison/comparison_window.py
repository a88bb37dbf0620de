"""The window that compares: heatmaps over one scale, profiles and curves overlaid, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGraphicsView,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.comparison.difference_table import DifferenceTable
from gradviz.app.export.export_dialog import ExportDialog, ExportRequest
from gradviz.app.panels.number_box import NumberBox
from gradviz.app.panels.scale_chooser import ScaleChooser
from gradviz.app.settings import Settings
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.pages.caption import Caption, identity, with_caption
from gradviz.plots.pages.images import Placement, copy_to_clipboard, save_picture
from gradviz.plots.parts.style import Style
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.plots.shown_run import ShownRun, common_quantities

PERIOD_MS = 100
FIRST_SIZE = QSize(1280, 860)
CLIPBOARD_SCALE = 2
PROMPT = "Point at a plot to read values; click or drag to pick a step, also with ← and → on the heatmaps"
NOTHING_COMMON = "These runs have no quantity in common; there is nothing to compare but their curves."


class ComparisonWindow(QWidget):
    """Two to four runs side by side; those under way move on. `closed` is emitted when it goes.

    `guarded` carries out what may fail with a message for the person.
    """

    closed = Signal()

    def __init__(self, settings: Settings, guarded: Callable[[Callable[[], object]], None]) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.runs: tuple[ShownRun, ...] = ()
        self._settings, self._guarded = settings, guarded
        self._style: Style | None = None
        self.quantity = QComboBox()
        self.log_loss = QCheckBox("&Log loss")
        self.latest = QPushButton("&Follow the latest step")
        self.all = QPushButton("Show &all")
        self.export = QPushButton("&Export…")
        self.heatmaps, self.profiles, self.curves = HeatmapPlot(), ProfilePlot(), CurvesPlot()
        self.number = NumberBox(self.curves)
        self.scale = ScaleChooser(self.heatmaps, "these runs")
        self.differences = DifferenceTable()
        self.readout = QLabel(PROMPT)
        self._controls = QHBoxLayout()
        self._describe()
        self._lay_out()
        self._connect()
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self.refresh)

    def show_runs(self, runs: Sequence[ShownRun], quantity: str = "") -> None:
        """Compare `runs`, first by the quantity of that name if they have it."""
        self.runs = tuple(runs)
        self.setWindowTitle(f"{' | '.join(run.name for run in runs)} – comparison")
        self._offer_quantities(quantity)
        for part in (self.heatmaps, self.profiles, self.curves, self.differences):
            part.show_runs(runs)
        self.number.refresh()
        self._choose_quantity()

    def lead_with(self, controls: QWidget, buttons: Sequence[QWidget]) -> None:
        """Put more controls at the left of those there are; Tab reaches their `buttons` first."""
        self._controls.insertWidget(0, controls)
        order: list[QWidget] = [
            *buttons,
            self.quantity,
            *self.scale.in_tab_order(),
            self.log_loss,
            self.number,
            self.latest,
            self.all,
            self.export,
            self.heatmaps,
        ]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    @property
    def is_live(self) -> bool:
        """Whether it pulls regularly, because runs move."""
        return self._timer.isActive()

    def go_live(self, live: bool) -> None:
        """Pull regularly while runs move; once more when they have ended."""
        if live:
            self._timer.start()
        else:
            self._timer.stop()
            self.refresh()

    def refresh(self) -> None:
        """Pull everything now."""
        for part in (self.heatmaps, self.profiles, self.curves, self.differences):
            part.refresh()
        self.number.refresh()
        self.scale.follow()

    def pick_step(self, step: int | None) -> None:
        """Let every plot show `step`; None follows the latest."""
        for plot in (self.heatmaps, self.profiles, self.curves):
            plot.show_step(step)
        self.latest.setEnabled(step is not None)

    def apply_style(self, style: Style) -> None:
        """Recolour every plot."""
        self._style = style
        for plot in (self.heatmaps, self.profiles, self.curves):
            plot.apply_style(style)

    def plots(self) -> dict[str, QGraphicsView]:
        """Return the plots that can be exported, by name."""
        return {"heatmaps": self.heatmaps, "profiles": self.profiles, "curves": self.curves}

    def placements(self, what: str) -> list[Placement]:
        """Return what to put on the page for the plot `what`, or for all where it is `board`, and what they show."""
        assert self._style is not None
        return with_caption(self._places(what), Caption(self._style, self.windowTitle(), self._identities()))

    def _identities(self) -> str:
        step = self.heatmaps.step
        return "\n".join(f"{run.series.letter}  {run.name} · {identity(run.history, step)}" for run in self.runs)

    def _places(self, what: str) -> list[Placement]:
        if what != "board":
            view = self.plots()[what]
            return [Placement(view, QRectF(0, 0, view.width(), view.height()))]
        width, above = self.heatmaps.width(), self.heatmaps.height()
        below = max(self.profiles.height(), self.curves.height())
        return [
            Placement(self.heatmaps, QRectF(0, 0, width, above)),
            Placement(self.profiles, QRectF(0, above, width / 2, below)),
            Placement(self.curves, QRectF(width / 2, above, width / 2, below)),
        ]

    def carry_out(self, request: ExportRequest) -> None:
        """Write a picture. Raises ExportError."""
        assert self._style is not None
        save_picture(
            request.path, self.placements(request.what), scale=request.scale, background=self._style.background,
            # it is of several experiments, and a picture carries one
            experiment_json=None, title=self.windowTitle(),
        )  # fmt: skip
        self.readout.setText(f"Exported {request.path}")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop pulling and say goodbye."""
        self._timer.stop()
        super().closeEvent(event)
        self.closed.emit()

    def _offer_quantities(self, wanted: str) -> None:
        chosen = wanted or self.quantity.currentData()
        with QSignalBlocker(self.quantity):
            self.quantity.clear()
            for index, quantity in enumerate(common_quantities(self.runs)):
                self.quantity.addItem(quantity.label, quantity.name)
                self.quantity.setItemData(index, quantity.description, Qt.ItemDataRole.ToolTipRole)
            self.quantity.setCurrentIndex(max(self.quantity.findData(chosen), 0))
        self.quantity.setEnabled(self.quantity.count() > 0)
        if not self.quantity.count():
            self.readout.setText(NOTHING_COMMON)

    def _choose_quantity(self) -> None:
        name = self.quantity.currentData()
        if name is not None:
            self.heatmaps.show_quantity(name)
            self.profiles.show_quantity(name)
            if self.heatmaps.quantity is not None:
                self.scale.show_quantity(self.heatmaps.quantity)

    def _show_all(self) -> None:
        for plot in (self.heatmaps, self.profiles, self.curves):
            plot.show_all()

    def _ask_and_export(self) -> None:
        sizes = {name: f"{view.width()} × {view.height()} pixels on screen." for name, view in self.plots().items()}
        letters = "-".join(run.series.letter.lower() for run in self.runs)
        dialog = ExportDialog(
            {"board": "All plots on one page."} | sizes, self._settings, f"gradviz-comparison-{letters}", self
        )
        dialog.accepted.connect(lambda: self._guarded(lambda: self.carry_out(dialog.request())))
        dialog.copy_wanted.connect(lambda what: self._guarded(lambda: self._copy(what)))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _copy(self, what: str) -> None:
        assert self._style is not None
        copy_to_clipboard(self.placements(what), scale=CLIPBOARD_SCALE, background=self._style.background)
        self.readout.setText("Copied a picture")

    def _say(self, words: str) -> None:
        self.readout.setText(words or PROMPT)

    def _describe(self) -> None:
        self.quantity.setAccessibleName("quantity shown")
        self.quantity.setToolTip("Which measurement heatmaps and profiles show; those that at least two runs have")
        self.quantity.setMinimumWidth(110)
        self.log_loss.setToolTip("Draw the loss over powers of ten")
        self.log_loss.setChecked(self._settings.log_loss)
        self.curves.show_log_loss(self._settings.log_loss)
        self.latest.setToolTip("Let profiles and cursors follow the runs (Escape)")
        self.latest.setEnabled(False)
        self.all.setToolTip("Zoom out, and follow the runs again (Ctrl+0)")
        self.export.setToolTip("Save the comparison as PNG, SVG or PDF, or copy it (Ctrl+E)")
        self.heatmaps.setToolTip(
            "Click or drag to pick a step; the wheel zooms and the middle button moves, in all panes"
        )
        self.heatmaps.setAccessibleName("heatmaps of the runs, one scale of colours")
        self.profiles.setToolTip("The quantity over the layers, at the picked or the latest step of each run")
        self.profiles.setAccessibleName("profiles of the runs, overlaid")
        self.curves.setToolTip("Loss and accuracy of each run; click to pick a step")
        self.curves.setAccessibleName("loss and accuracy of the runs, overlaid")
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.readout.setAccessibleName("values under the mouse")
        for plot in (self.profiles, self.curves):
            # they have no keys of their own; the arrows on the heatmaps move all of them
            plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def _lay_out(self) -> None:
        show = QLabel("&Show")
        show.setBuddy(self.quantity)
        show.setToolTip(self.quantity.toolTip())
        self._controls.setContentsMargins(8, 8, 8, 2)
        self._controls.setSpacing(8)
        parts: tuple[QWidget, ...] = (show, self.quantity, self.scale, self.log_loss, self.number)
        for part in parts:
            self._controls.addWidget(part)
        self._controls.addStretch(1)
        for button in (self.latest, self.all, self.export):
            self._controls.addWidget(button)
        below = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.profiles, self.curves, self.differences):
            part.setMinimumWidth(180)
            below.addWidget(part)
        below.setSizes([440, 440, 400])
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.heatmaps)
        split.addWidget(below)
        split.setSizes([420, 400])
        for splitter in (below, split):
            splitter.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(self._controls)
        column.addWidget(split, 1)
        self.readout.setContentsMargins(10, 0, 8, 6)
        column.addWidget(self.readout)
        self.resize(FIRST_SIZE.boundedTo(self.screen().availableSize()))

    def _connect(self) -> None:
        self.quantity.currentIndexChanged.connect(self._choose_quantity)
        self.log_loss.toggled.connect(self.curves.show_log_loss)
        self.latest.clicked.connect(lambda: self.pick_step(None))
        self.all.clicked.connect(self._show_all)
        self.export.clicked.connect(self._ask_and_export)
        for plot in (self.heatmaps, self.profiles, self.curves):
            plot.hovered.connect(self._say)
        self.heatmaps.step_picked.connect(self.pick_step)
        self.curves.step_picked.connect(self.pick_step)
        keys: tuple[tuple[str, Callable[[], object]], ...] = (
            ("Escape", lambda: self.pick_step(None)), ("Ctrl+0", self._show_all), ("Ctrl+E", self._ask_and_export),
            ("Ctrl+W", self.close),
        )  # fmt: skip
        for key, act in keys:
            QShortcut(QKeySequence(key), self).activated.connect(act)
