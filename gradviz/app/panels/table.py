"""The panels of the window. To add one, write its file and add a line here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from gradviz.app.panels.panel import Panel, PanelContext


@dataclass(frozen=True, slots=True)
class PanelEntry:
    """Where a panel is and how it is made.

    `made_by` is `module:class`, loaded only when the panel is made: the window shows the docks before the drawing
    libraries are there. A panel in the `column` at the right lies behind the one named in `behind`, or below the one
    before it. What changes with every picture is refreshed with the `pictures`, the first of them every time and the
    others in turn; what is read, with the `words`. Panels `on_page` are on the page that exports the whole board.
    `commands` are those of the window that concern its plots. Panels `of_row` look closer at one row.
    """

    name: str
    title: str
    made_by: str
    place: Literal["centre", "column"] = "column"
    behind: str = ""
    pace: Literal["pictures", "words"] = "pictures"
    on_page: bool = False
    commands: tuple[str, ...] = ()
    of_row: bool = False

    def make(self, context: PanelContext) -> Panel:
        """Make the panel."""
        module, _, name = self.made_by.partition(":")
        panel: Panel = getattr(import_module(module), name)(context)
        return panel


_HERE = "gradviz.app.panels"
PANELS = (
    PanelEntry("heatmap", "Heatmap", f"{_HERE}.heatmap_panel:HeatmapPanel", "centre", on_page=True,
               commands=("first_bottom", "first_top")),
    PanelEntry("profile", "Profile over layers", f"{_HERE}.profile_panel:ProfilePanel", on_page=True),
    PanelEntry("curves", "Loss", f"{_HERE}.curves_panel:CurvesPanel", on_page=True,
               commands=("log_loss",)),
    PanelEntry("samples", "Samples", f"{_HERE}.validation_panel:ValidationPanel", behind="curves",
               on_page=True),
    PanelEntry("predictions", "Predictions", f"{_HERE}.predictions_panel:PredictionsPanel", behind="curves",
               pace="words"),
    PanelEntry("mistakes", "Mistakes", f"{_HERE}.mistakes_panel:MistakesPanel", behind="curves", pace="words"),
    PanelEntry("distributions", "Distributions", f"{_HERE}.distribution_panel:DistributionPanel", behind="profile",
               pace="words", of_row=True),
    PanelEntry("activation", "Activation", f"{_HERE}.activation_panel:ActivationPanel", behind="profile",
               pace="words", of_row=True),
    PanelEntry("verdict", "Verdict", f"{_HERE}.judging_panel:JudgingPanel", behind="curves", pace="words"),
)  # fmt: skip
