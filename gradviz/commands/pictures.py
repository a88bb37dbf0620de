"""The plots of a run as pictures, painted without a screen by the widgets that the window is made of."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QRectF

from gradviz.app.application import application
from gradviz.plots.boundary import BoundaryPlot
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.heatmap import HeatmapPlot
from gradviz.plots.images import Placement, save_picture
from gradviz.plots.profile import ProfilePlot
from gradviz.plots.samples import SamplesPlot
from gradviz.plots.style import LIGHT
from gradviz.recording.history import History

Plot = HeatmapPlot | ProfilePlot | CurvesPlot | SamplesPlot | BoundaryPlot

PIXELS_PER_UNIT = 2
ALONE = QRectF(0, 0, 900, 620)
# the heatmap at the left, the others stacked beside it
BOARD = {
    "heatmap": QRectF(0, 0, 900, 960),
    "profile": QRectF(900, 0, 560, 320),
    "curves": QRectF(900, 320, 560, 320),
    "held-out": QRectF(900, 640, 560, 320),
}
# a watched network has no samples held out that could be drawn
WATCHED_BOARD = {
    "heatmap": QRectF(0, 0, 900, 960),
    "profile": QRectF(900, 0, 560, 480),
    "curves": QRectF(900, 480, 560, 480),
}


def save_plot(path: Path, history: History, plot: str, probe: str | None, step: int | None = None) -> None:
    """Draw the plot `plot` (heatmap, profile, curves, held-out, or board: all of them) into the file `path`.

    `probe` is the name of the quantity shown, None for the first one, and `step` the one that is picked, None for the
    latest. Raises ExportError for a file that cannot be written.
    """
    # nothing is shown, so no display is needed
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application()
    board = BOARD if history.started.held_out is not None else WATCHED_BOARD
    places = board if plot == "board" else {plot: ALONE}
    placements = [Placement(_draw(name, history, probe, step), place) for name, place in places.items()]
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


def _draw(name: str, history: History, probe: str | None, step: int | None) -> Plot:
    plot = _make(name, history)
    plot.apply_style(LIGHT)
    plot.show_history(history)
    if isinstance(plot, HeatmapPlot | ProfilePlot):
        plot.show_quantity(probe or history.quantities[0].name)
    if step is not None:
        (plot.pick_step if isinstance(plot, HeatmapPlot | CurvesPlot) else plot.show_step)(step)
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
        case _:
            samples = history.started.held_out
            return SamplesPlot() if samples is None or samples.extent is None else BoundaryPlot()
