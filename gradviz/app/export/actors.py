"""Plots off the screen that stand in for those of the board, and can be set to any step."""

from __future__ import annotations

from PySide6.QtWidgets import QGraphicsView

from gradviz.plots import curves, held_out
from gradviz.plots.heatmaps import heatmap
from gradviz.plots.pages.film import Actor
from gradviz.plots.profiles import profile


def actor_for(plot: QGraphicsView) -> Actor:
    """Return an actor in the state of `plot`, one of the board's own."""
    match plot:
        case heatmap.HeatmapPlot():
            of_heatmap = heatmap.stand_in(plot)
            return Actor(of_heatmap, of_heatmap.pick_step)
        case curves.CurvesPlot():
            of_curves = curves.stand_in(plot)
            return Actor(of_curves, of_curves.pick_step)
        case profile.ProfilePlot():
            of_profile = profile.stand_in(plot)
            return Actor(of_profile, of_profile.show_step)
        case held_out.HeldOutPlot():
            of_samples = held_out.stand_in(plot)
            return Actor(of_samples, of_samples.show_step)
        case _:
            raise TypeError(f"{type(plot).__name__} does not change from step to step")
