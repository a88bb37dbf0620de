"""The plots together: all of them show the same run or preview, the same quantity and the same step.

The board pulls: one timer refreshes the pictures, a slower one the words. It knows no thread and no session; what it is
given, live, ended or a preview of one frame, is drawn in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtWidgets import QGraphicsView, QStackedWidget

from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.panels.playback import Playback
from gradviz.app.panels.playback_bar import PlaybackBar
from gradviz.app.session.run_names import in_short
from gradviz.app.session.shown import Shown
from gradviz.plots.boundary import BoundaryPlot
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.pages.film import Film, SteppedPlot, copy_off_screen
from gradviz.plots.pages.images import Placement
from gradviz.plots.parts.notice import NO_RUN
from gradviz.plots.parts.style import Style
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.plots.profiles.profile_rows import Theory
from gradviz.plots.samples import SamplesPlot
from gradviz.recording.frame import Started
from gradviz.recording.history import History

PROFILE_TIP = "The quantity of the heatmap over the layers, at the picked or the latest step"
OWN_PLOTS = ("heatmap", "profile", "curves", "held-out samples")
PICTURE_PERIOD_MS = 33
TEXT_PERIOD_MS = 250


class Board(QObject):
    """Heatmap, profile, curves and validation samples of what is shown.

    `text_due` asks for the words to be refreshed, too; `menu_wanted` says on which plot (by its name) and where on the
    screen the right button was clicked; `step_wanted` carries the step that somebody picked, None for the latest.
    """

    text_due = Signal()
    menu_wanted = Signal(str, QPoint)
    step_wanted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.heatmap = HeatmapPanel()
        self.profile = ProfilePlot()
        self.curves = CurvesPlot()
        self.playback = Playback(self)
        self.playback_bar = PlaybackBar(self.playback)
        self.heatmap.add_below(self.playback_bar)
        self.samples = SamplesPlot()
        self.boundary = BoundaryPlot()
        self.held_out = QStackedWidget()
        self.held_out.addWidget(self.samples)
        self.held_out.addWidget(self.boundary)
        self.shown = Shown()
        self._compare = True
        self._turn = 0
        self._pictures = QTimer(self)
        self._pictures.setInterval(PICTURE_PERIOD_MS)
        self._pictures.timeout.connect(self._next_pictures)
        self._words = QTimer(self)
        self._words.setInterval(TEXT_PERIOD_MS)
        self._words.timeout.connect(self.text_due)
        self.heatmap.quantity_chosen.connect(self._show_quantity)
        self.heatmap.plot.step_picked.connect(self._want_step)
        self.curves.step_picked.connect(self._want_step)
        self.playback.step_wanted.connect(self._want_step)
        self.playback.changed.connect(self._share_time)
        self.playback_bar.step_picked.connect(self._want_step)
        for plot in (self.heatmap.plot, self.curves):
            self.playback_bar.play_on_space(plot)
        self.curves.hovered.connect(self.heatmap.say)
        self.profile.hovered.connect(self.heatmap.say)
        self.profile.setToolTip(PROFILE_TIP)
        self.curves.setToolTip(
            "Loss and accuracy of the training batch and of samples held out; click or drag to pick a step, also with "
            "← and →"
        )
        for plot in (self.profile, self.samples, self.boundary):
            # they have no keys of their own; the heatmap's arrows move all of them
            plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._more: dict[str, QGraphicsView] = {}
        for plot in (self.heatmap.plot, self.profile, self.curves, self.samples, self.boundary):
            self._give_menu(plot)

    def add_plots(self, plots: Mapping[str, QGraphicsView]) -> None:
        """Let more plots, by their names, be exported and have a menu."""
        self._more |= plots
        for plot in plots.values():
            self._give_menu(plot)

    @property
    def history(self) -> History | None:
        """The history that every plot shows."""
        return self.shown.history

    def show(self, shown: Shown) -> None:
        """Show a run or a preview, and the run it is compared with, in every plot."""
        self.shown = shown
        history = shown.history
        samples = history.started.held_out if history is not None else None
        planar = samples is not None and samples.extent is not None
        self.held_out.setCurrentWidget(self.boundary if planar else self.samples)
        absence = f"Waiting for {shown.waiting_for} …" if shown.waiting_for else NO_RUN
        for plot in (self.heatmap.plot, self.profile, self.curves):
            plot.absence = absence
        self.heatmap.show_history(history)
        for part in (self.profile, self.curves, self.samples, self.boundary, self.playback):
            part.show_history(history)
        self.profile.setToolTip(PROFILE_TIP)
        self.show_step(None)
        self._show_reference()
        self.refresh()

    def show_step(self, step: int | None) -> None:
        """Show `step` in every plot; None follows the latest."""
        self.heatmap.plot.show_step(step)
        self.curves.show_step(step)
        for plot in (self.profile, self.samples, self.boundary):
            plot.show_step(step)
        self.playback.show_step(step)
        self.playback_bar.refresh()

    def show_theory(self, started: Started, theory: Theory) -> None:
        """Draw what theory predicts, if `started` is still what is shown."""
        if self.history is not None and self.history.started is started:
            self.profile.show_theory(theory)
            self.profile.setToolTip("\n\n".join(part for part in (PROFILE_TIP, theory.words, theory.source) if part))

    def compare(self, wanted: bool) -> None:
        """Draw the run for comparison behind what is shown, or not."""
        self._compare = wanted
        self._show_reference()
        self.refresh()

    def live(self, running: bool) -> None:
        """Refresh regularly while a run trains; draw once more when it has ended."""
        self.playback.show_growing(running)
        if running and not self._pictures.isActive():
            self._pictures.start()
            self._words.start()
        elif not running:
            self._pictures.stop()
            self._words.stop()
            self.refresh()

    def refresh(self) -> None:
        """Draw what is new, now."""
        self.heatmap.refresh()
        self.playback_bar.refresh()
        for plot in (self.profile, self.curves, self.samples, self.boundary):
            plot.refresh()

    def apply_style(self, style: Style) -> None:
        """Recolour every plot."""
        for part in (self.heatmap, self.playback_bar, self.profile, self.curves, self.samples, self.boundary):
            part.apply_style(style)

    @property
    def held_out_plot(self) -> QGraphicsView:
        """Held-out samples as they are shown: pictures, or points in the plane."""
        return self.boundary if self.held_out.currentWidget() is self.boundary else self.samples

    def plots(self) -> dict[str, QGraphicsView]:
        """Return the plots a person can export, by name."""
        own: tuple[QGraphicsView, ...] = (self.heatmap.plot, self.profile, self.curves, self.held_out_plot)
        return dict(zip(OWN_PLOTS, own, strict=True)) | self._more

    def placements(self, name: str) -> list[Placement]:
        """Return what to put on the page for the plot `name`, or for all of them where it is `board`."""
        return _placed([self.plots()[each] for each in self._on_page(name)])

    def moving(self) -> set[str]:
        """Return the names of what changes from step to step, `board` among them."""
        return {"board", *(name for name, plot in self.plots().items() if isinstance(plot, SteppedPlot))}

    def film(self, name: str, background: str, scale: float) -> Film:
        """Return the plot `name`, or all of them where it is `board`, as a film in the present state."""
        actors = [copy_off_screen(self.plots()[each]) for each in self._on_page(name)]
        return Film(actors, _placed([actor.view for actor in actors]), background, scale)

    @staticmethod
    def _on_page(name: str) -> tuple[str, ...]:
        return OWN_PLOTS if name == "board" else (name,)

    def _give_menu(self, plot: QGraphicsView) -> None:
        # one menu for all, on a click; a menu on the press of the button would forbid to drag with it
        plot.setContextMenuPolicy(Qt.ContextMenuPolicy.DefaultContextMenu)
        scene: Any = plot.scene()
        scene.sigMouseClicked.connect(partial(self._clicked, plot))

    def _clicked(self, plot: QGraphicsView, event: Any) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            name = next(name for name, each in self.plots().items() if each is plot)
            self.menu_wanted.emit(name, event.screenPos().toPoint())

    def _want_step(self, step: int | None) -> None:
        self.step_wanted.emit(step)

    def _share_time(self) -> None:
        """Pull what comes in less often while the person looks at what was, which is drawn as often then."""
        self._pictures.setInterval(TEXT_PERIOD_MS if self.playback.playing else PICTURE_PERIOD_MS)

    def _next_pictures(self) -> None:
        # the heatmap moves at every tick, the others take turns: no tick draws everything
        self.heatmap.refresh()
        self.playback_bar.refresh()
        others = (self.profile, self.curves, self.samples, self.boundary)
        others[self._turn].refresh()
        self._turn = (self._turn + 1) % len(others)

    def _show_quantity(self, name: str) -> None:
        self.profile.show_quantity(name)
        self.profile.refresh()

    def _show_reference(self) -> None:
        reference = self.shown.reference if self._compare else None
        which = "last run" if self.shown.kind == "preview" else "previous"
        label = f"{which}: {in_short(reference)}" if reference is not None else ""
        self.profile.show_reference(reference, label)
        self.curves.show_reference(reference, label)


def _placed(views: Sequence[QGraphicsView]) -> list[Placement]:
    """Lay out one view as it is, more as on screen: the first at the left, the rest stacked beside it at its height."""
    main, *others = views
    if not others:
        return [Placement(main, QRectF(0, 0, main.width(), main.height()))]
    height = max(main.height(), 260 * len(others))
    side_width = max(max(other.width() for other in others), 380)
    placements = [Placement(main, QRectF(0, 0, main.width(), height))]
    each = height / len(others)
    placements += [
        Placement(other, QRectF(main.width(), index * each, side_width, each)) for index, other in enumerate(others)
    ]
    return placements
