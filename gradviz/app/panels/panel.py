"""What a panel is, and what panels share: how the window reaches them, and they each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QGraphicsView, QLabel, QVBoxLayout, QWidget

from gradviz.plots.parts.notice import NO_RUN
from gradviz.plots.parts.style import Style
from gradviz.recording.history import History

if TYPE_CHECKING:
    from gradviz.app.panels.playback_bar import PlaybackBar
    from gradviz.app.settings import Settings
    from gradviz.app.threads.preview_thread import PreviewThread
    from gradviz.plots.curves import CurvesPlot
    from gradviz.plots.profiles.profile import ProfilePlot


@runtime_checkable
class Panel(Protocol):
    """A widget that shows one side of a run or preview. It is made with a PanelContext."""

    def show_history(self, history: History | None) -> None:
        """Show another run or preview, the latest step of it; None for none."""

    def show_step(self, step: int | None) -> None:
        """Show `step`; None follows the latest."""

    def show_row(self, row: int) -> None:
        """Look closer at the row (layer) of that number, from 1 on."""

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""

    def refresh(self) -> None:
        """Pull what is new; costs next to nothing if there is none."""

    def stop(self) -> bool:
        """End what runs in threads; return whether it has ended."""

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the plots that can be exported now, by name."""


@runtime_checkable
class CentrePanel(Panel, Protocol):
    """The panel in the middle of the window, which Tab goes through.

    `readout` says what is under the mouse; it stands at the foot of the window.
    """

    readout: QLabel

    def in_tab_order(self) -> list[QWidget]:
        """Return what takes the keyboard, in the order in which Tab reaches it."""


class PanelContext(QObject):
    """What every panel of a window is made with. Panels connect to what concerns them, and emit what concerns others.

    From the window come: `reference_changed` (the History drawn behind, or None, and its label), `absence_changed`
    (what to say without a run; empty for how to start one), `theory_found` (Started, Theory), `experiment_changed`
    (the Experiment that is set up, where nothing is shown), `training_changed`, and how to draw: `first_layer_changed`
    ("bottom" or "top"), `log_loss_changed`, `whole_wanted` (show the whole range).

    From panels come: `hovered` (words about what is under the mouse), `step_wanted` (a step, None for the latest),
    `row_picked` (a row that another panel was set to), `row_wanted` (a row to look at more closely),
    `quantity_wanted` and `quantity_shown` (names), `remedy_wanted` (a Remedy to try), `judged` (a Judgement),
    `closer_look_wanted` (distributions as new as can be), and `failed` (a Failure).
    """

    reference_changed = Signal(object, str)
    absence_changed = Signal(str)
    theory_found = Signal(object, object)
    experiment_changed = Signal(object)
    training_changed = Signal(bool)
    first_layer_changed = Signal(str)
    log_loss_changed = Signal(bool)
    whole_wanted = Signal()
    hovered = Signal(str)
    step_wanted = Signal(object)
    row_picked = Signal(int)
    row_wanted = Signal(int)
    quantity_wanted = Signal(str)
    quantity_shown = Signal(str)
    remedy_wanted = Signal(object)
    judged = Signal(object)
    closer_look_wanted = Signal()
    failed = Signal(object)

    def __init__(
        self, settings: Settings, preview: PreviewThread, playback_bar: PlaybackBar, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.settings, self.preview, self.playback_bar = settings, preview, playback_bar


class PlainPanel(QWidget):
    """A panel without rows and threads of its own."""

    def show_row(self, row: int) -> None:
        """Nothing here is about a single row."""

    def stop(self) -> bool:
        """Return True: nothing here runs in a thread."""
        return True


class PlotPanel(PlainPanel):
    """A panel that is one plot of a run, which fills it."""

    def __init__(self, plot: ProfilePlot | CurvesPlot, context: PanelContext) -> None:
        super().__init__()
        self._plot = plot
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(plot)
        context.reference_changed.connect(plot.show_reference)
        context.absence_changed.connect(self._say_absent)
        context.whole_wanted.connect(plot.show_all)

    def show_history(self, history: History | None) -> None:
        """Draw another run or preview."""
        self._plot.show_history(history)

    def show_step(self, step: int | None) -> None:
        """Show `step`; None stands for the latest."""
        self._plot.show_step(step)

    def refresh(self) -> None:
        """Pull what is new."""
        self._plot.refresh()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._plot.apply_style(style)

    def _say_absent(self, words: str) -> None:
        self._plot.absence = words or NO_RUN
        self._plot.refresh()
