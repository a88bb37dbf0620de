"""The plots of a run as pictures and animations, painted offscreen by the widgets of the window."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QRectF

from gradviz.app.application import application
from gradviz.diagnosis.verdict import Verdict
from gradviz.plots.boundary import BoundaryPlot
from gradviz.plots.confusion import ConfusionPlot
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.held_out import HeldOutPlot
from gradviz.plots.mistakes import MistakesPlot
from gradviz.plots.pages.animation import Animation, FrameSource, StepRange
from gradviz.plots.pages.caption import Caption, identity, with_caption
from gradviz.plots.pages.images import Placement, save_picture
from gradviz.plots.parts.style import LIGHT
from gradviz.plots.predicted import PredictedPlot
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.plots.samples import SamplesPlot
from gradviz.recording.history import History

Plot = HeatmapPlot | ProfilePlot | CurvesPlot | HeldOutPlot

PIXELS_PER_UNIT = 2
ALONE = QRectF(0, 0, 900, 620)
# the heatmap at the left, the others stacked beside it
BOARD = {
    "heatmap": QRectF(0, 0, 900, 960),
    "profile": QRectF(900, 0, 560, 320),
    "curves": QRectF(900, 320, 560, 320),
    "validation": QRectF(900, 640, 560, 320),
}
# a watched network has no validation samples
WATCHED_BOARD = {
    "heatmap": QRectF(0, 0, 900, 960),
    "profile": QRectF(900, 0, 560, 480),
    "curves": QRectF(900, 480, 560, 480),
}


def save_plot(path: Path, history: History, plot: str, probe: str | None, step: int | None = None) -> None:
    """Draw the plot `plot` (one of the command line, or board: the main ones together) into the file `path`.

    `probe` is the name of the quantity shown (None: the first), `step` the step shown (None: the latest).

    Raises ExportError for a file that cannot be written.
    """
    _begin()
    places = _places(plot, history)
    placements = [Placement(_draw(name, history, probe, step), place) for name, place in places.items()]
    caption = Caption(LIGHT, Verdict.of(history, step).line, identity(history, step))
    placements = with_caption(placements, caption)
    try:
        save_picture(
            path,
            placements,
            scale=PIXELS_PER_UNIT,
            background=LIGHT.background,
            experiment_json=history.started.experiment_json,
            title=history.started.title or "gradviz",
        )
    finally:
        for placement in placements:
            placement.view.close()
            placement.view.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def save_animation(
    path: Path, history: History, plot: str, probe: str | None, cut: StepRange, progress: Callable[[int, int], object]
) -> None:
    """Draw the plot `plot`, as `save_plot` names it, at the steps of `cut` into the GIF or WebP `path`.

    `progress` is told how many frames of how many are done. Raises ExportError for a file that cannot be written.
    """
    # Pillow is needed for this alone
    from gradviz.plots.pages.animation_file import record

    _begin()
    places = _places(plot, history)
    plots = [_draw(name, history, probe, None) for name in places]
    sources = [FrameSource(each, each.show_step) for each in plots]
    caption = Caption(LIGHT, "", identity(history, None))

    def judge(step: int) -> None:
        caption.say(Verdict.of(history, step).line, identity(history, step))

    sources.append(FrameSource(caption, judge))
    placements = [Placement(each, place) for each, place in zip(plots, places.values(), strict=True)]
    placements = with_caption(placements, caption)
    started = history.started
    with closing(Animation(sources, placements, LIGHT.background, 1)) as animation:
        for done in record(
            path, animation, cut, experiment_json=started.experiment_json, title=started.title or "gradviz"
        ):
            progress(done, len(cut.steps))


def _begin() -> None:
    # nothing is shown, so no display is needed
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application()


def _places(plot: str, history: History) -> dict[str, QRectF]:
    if plot != "board":
        return {plot: ALONE}
    return BOARD if history.started.held_out is not None else WATCHED_BOARD


def _draw(name: str, history: History, probe: str | None, step: int | None) -> Plot:
    plot = _make(name, history)
    plot.apply_style(LIGHT)
    plot.show_history(history)
    if isinstance(plot, HeatmapPlot | ProfilePlot):
        plot.show_quantity(probe or history.quantities[0].name)
    if step is not None:
        plot.show_step(step)
    plot.refresh()
    return plot


def _make(name: str, history: History) -> Plot:
    match name:
        case "heatmap":
            return HeatmapPlot()
        case "profile":
            return ProfilePlot()
        case "curves":
            return CurvesPlot()
        case "predictions":
            return PredictedPlot() if history.started.regression else ConfusionPlot()
        case "mistakes":
            return MistakesPlot()
        case _:
            samples = history.started.held_out
            return SamplesPlot() if samples is None or samples.extent is None else BoundaryPlot()
