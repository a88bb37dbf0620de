"""The panels together: all of them show the same run or preview and the same step.

The board pulls: one timer refreshes the pictures, a slower one the words. It knows no thread and no session; what it is
given, live, ended or a preview of one frame, is drawn in the same way. Nor does it know any panel by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import cycle
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtWidgets import QGraphicsView, QLabel, QWidget

from gradviz.app.panels.panel import CentrePanel, Panel, PanelContext
from gradviz.app.panels.playback import Playback
from gradviz.app.panels.playback_bar import PlaybackBar
from gradviz.app.panels.table import PANELS
from gradviz.app.session.run_names import in_short
from gradviz.app.session.shown import Shown
from gradviz.app.settings import Settings
from gradviz.app.threads.preview_thread import PreviewThread
from gradviz.plots.pages.animation import Animation, FrameSource, SteppedPlot, copy_off_screen
from gradviz.plots.pages.caption import Caption, with_caption
from gradviz.plots.pages.images import Placement
from gradviz.plots.parts.plot_widgets import HoverPlot, RunsPlot
from gradviz.plots.parts.style import Style
from gradviz.recording.history import History

PICTURE_PERIOD_MS = 33
TEXT_PERIOD_MS = 250
# below it axes and words are cut
NARROWEST_PX = 280
# the page for a single plot that is smaller than this
SMALLEST_SEEN_PX = 60
UNSEEN = QRectF(0, 0, 560, 400)
Kind = TypeVar("Kind")


class Board(QObject):
    """Every panel of PANELS, by name.

    `text_due` asks for the words outside of panels to be refreshed, too; `menu_wanted` says on which plot (by its name)
    and where on the screen the right button was clicked. What else panels want, `context` says. `quantity` is the name
    of the one that is shown, empty before there is one.
    """

    text_due = Signal()
    menu_wanted = Signal(str, QPoint)

    def __init__(self, settings: Settings, preview: PreviewThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.playback = Playback(self)
        self.playback_bar = PlaybackBar(self.playback)
        self.context = PanelContext(settings, preview, self.playback_bar, self)
        self.panels: dict[str, Panel] = {entry.name: entry.make(self.context) for entry in PANELS}
        self.shown = Shown()
        self._row = 1
        self.quantity = ""
        self._compare = True
        self._adopted: set[QGraphicsView] = set()
        pictures = [self.panels[entry.name] for entry in PANELS if entry.pace == "pictures"]
        # the first moves at every tick, the others take turns: no tick draws everything
        self._every_time, self._in_turn = pictures[0], cycle(pictures[1:])
        self._pictures = self._timer(PICTURE_PERIOD_MS)
        self._pictures.timeout.connect(self._next_pictures)
        self._words = self._timer(TEXT_PERIOD_MS)
        self._words.timeout.connect(self._next_words)
        self.playback.step_wanted.connect(self.context.step_wanted)
        self.playback.changed.connect(self._share_time)
        self.playback_bar.step_picked.connect(self.context.step_wanted)
        self.context.row_picked.connect(self.show_row)
        self.context.quantity_shown.connect(self._remember_quantity)
        for entry in PANELS:
            if entry.place == "column":
                self.widget(entry.name).setMinimumWidth(NARROWEST_PX)
        self._adopt_plots()

    @property
    def history(self) -> History | None:
        """The history that every panel shows."""
        return self.shown.history

    @property
    def centre(self) -> QWidget:
        """The panel in the middle of the window."""
        return self.widget(next(entry.name for entry in PANELS if entry.place == "centre"))

    def in_tab_order(self) -> list[QWidget]:
        """Return what takes the keyboard in the middle of the window, in the order in which Tab reaches it."""
        assert isinstance(self.centre, CentrePanel)
        return self.centre.in_tab_order()

    @property
    def readout(self) -> QLabel:
        """What is under the mouse, in words."""
        assert isinstance(self.centre, CentrePanel)
        return self.centre.readout

    def widget(self, name: str) -> QWidget:
        """Return the panel of that name as the widget that it is."""
        panel = self.panels[name]
        assert isinstance(panel, QWidget)
        return panel

    def panel(self, kind: type[Kind]) -> Kind:
        """Return the panel of a class."""
        return next(panel for panel in self.panels.values() if isinstance(panel, kind))

    def show(self, shown: Shown) -> None:
        """Show a run or a preview, and the run it is compared with, in every panel."""
        self.shown = shown
        if shown.history is not None and self._row > len(shown.history.started.rows):
            # a row that was looked at in a deeper network is not there in every one
            self.show_row(len(shown.history.started.rows))
        self.context.absence_changed.emit(f"Waiting for {shown.waiting_for} …" if shown.waiting_for else "")
        for panel in self.panels.values():
            panel.show_history(shown.history)
        self.playback.show_history(shown.history)
        self._adopt_plots()
        self.show_step(None)
        self._show_reference()
        self.refresh()

    def show_step(self, step: int | None) -> None:
        """Show `step` in every panel; None follows the latest."""
        for panel in self.panels.values():
            panel.show_step(step)
        self.playback.show_step(step)
        self.playback_bar.refresh()

    def show_row(self, row: int) -> None:
        """Look closer at a row in every panel."""
        self._row = row
        for panel in self.panels.values():
            panel.show_row(row)

    def compare(self, wanted: bool) -> None:
        """Draw the run for comparison behind what is shown, or not."""
        self._compare = wanted
        self._show_reference()
        self.refresh()

    @property
    def periods_ms(self) -> tuple[int, int] | None:
        """Milliseconds between two pictures and between two texts; None where nothing moves."""
        timers = self._pictures, self._words
        return (timers[0].interval(), timers[1].interval()) if all(timer.isActive() for timer in timers) else None

    def live(self, running: bool) -> None:
        """Refresh regularly while a run trains; draw once more when it has ended."""
        self.playback.show_growing(running)
        for timer in (self._pictures, self._words):
            if running and not timer.isActive():
                timer.start()
            elif not running:
                timer.stop()
        if not running:
            self.refresh()

    def refresh(self) -> None:
        """Draw what is new, now."""
        for panel in self.panels.values():
            panel.refresh()
        self.playback_bar.refresh()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        for panel in self.panels.values():
            panel.apply_style(style)
        self.playback_bar.apply_style(style)

    def stop(self) -> bool:
        """End what runs in threads; return whether all of it has ended."""
        ended = [panel.stop() for panel in self.panels.values()]
        return all(ended)

    def plots(self) -> dict[str, QGraphicsView]:
        """Return the plots a person can export, by name."""
        return {name: plot for panel in self.panels.values() for name, plot in panel.plots().items()}

    def commands_of(self, plot: str) -> tuple[str, ...]:
        """Return the window's commands that concern the plot of that name."""
        return next((entry.commands for entry in PANELS if plot in self.panels[entry.name].plots()), ())

    def placements(self, name: str) -> list[Placement]:
        """Return what to put on the page for the plot `name`, or for all of them where it is `board`."""
        return _placed([self.plots()[each] for each in self._on_page(name)])

    def moving(self) -> set[str]:
        """Return the names of what changes from step to step, `board` among them."""
        return {"board", *(name for name, plot in self.plots().items() if isinstance(plot, SteppedPlot))}

    def animation(self, name: str, background: str, scale: float, caption: Caption, judged: FrameSource) -> Animation:
        """Return the plot `name`, or all of them where it is `board`, as an animation in the present state.

        The `caption`, which `judged` sets, stands below it.
        """
        sources = [copy_off_screen(self.plots()[each]) for each in self._on_page(name)]
        placements = with_caption(_placed([source.view for source in sources]), caption)
        return Animation([*sources, judged], placements, background, scale)

    def _on_page(self, name: str) -> list[str]:
        if name != "board":
            return [name]
        return [plot for entry in PANELS if entry.on_page for plot in self.panels[entry.name].plots()]

    def _timer(self, period_ms: int) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(period_ms)
        return timer

    def _adopt_plots(self) -> None:
        """Connect the plots that have not been seen before: menu, words under the mouse, and picked steps."""
        for plot in self.plots().values():
            if plot in self._adopted:
                continue
            self._adopted.add(plot)
            # one menu for all, on a click; a menu on the press of the button would forbid to drag with it
            plot.setContextMenuPolicy(Qt.ContextMenuPolicy.DefaultContextMenu)
            scene: Any = plot.scene()
            scene.sigMouseClicked.connect(partial(self._clicked, plot))
            if isinstance(plot, HoverPlot):
                plot.hovered.connect(self.context.hovered)
            if isinstance(plot, RunsPlot):
                plot.step_picked.connect(self._want_step)
                self.playback_bar.play_on_space(plot)

    def _clicked(self, plot: QGraphicsView, event: Any) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            name = next(name for name, each in self.plots().items() if each is plot)
            self.menu_wanted.emit(name, event.screenPos().toPoint())

    def _want_step(self, step: int | None) -> None:
        self.context.step_wanted.emit(step)

    def _remember_quantity(self, name: str) -> None:
        self.quantity = name

    def _share_time(self) -> None:
        """Pull what comes in less often while the person looks at what was, which is drawn as often then."""
        self._pictures.setInterval(TEXT_PERIOD_MS if self.playback.playing else PICTURE_PERIOD_MS)

    def _next_pictures(self) -> None:
        self._every_time.refresh()
        self.playback_bar.refresh()
        next(self._in_turn).refresh()

    def _next_words(self) -> None:
        for entry in PANELS:
            if entry.pace == "words":
                self.panels[entry.name].refresh()
        self.text_due.emit()

    def _show_reference(self) -> None:
        reference = self.shown.reference if self._compare else None
        which = "last run" if self.shown.kind == "preview" else "previous"
        label = f"{which}: {in_short(reference)}" if reference is not None else ""
        self.context.reference_changed.emit(reference, label)


def _placed(views: Sequence[QGraphicsView]) -> list[Placement]:
    """Lay out one view as it is, more as on screen: the first at the left, the rest stacked beside it at its height."""
    main, *others = views
    if not others:
        # a tab, or a splitter pushed together, may leave no height to a plot that lies behind another one
        seen = min(main.width(), main.height()) >= SMALLEST_SEEN_PX
        return [Placement(main, QRectF(0, 0, main.width(), main.height()) if seen else UNSEEN)]
    height = max(main.height(), 260 * len(others))
    side_width = max(max(other.width() for other in others), 380)
    placements = [Placement(main, QRectF(0, 0, main.width(), height))]
    each = height / len(others)
    placements += [
        Placement(other, QRectF(main.width(), index * each, side_width, each)) for index, other in enumerate(others)
    ]
    return placements
