"""The mistakes that a network is surest of, as pictures or as rows of their inputs; of numbers, the largest errors."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from gradviz.plots.held_out import HeldOutPlot
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.sample_grid import SampleGrid
from gradviz.plots.parts.sample_rows import SampleRow, SampleRows
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.confusion import errors_of, largest_errors, surest_mistakes
from gradviz.recording.frame import Evaluation, HeldOut

MOST_PICTURES, MOST_ROWS, MOST_INPUTS = 40, 100, 40
# large enough for the confidence below each
SMALLEST_PX = 52.0


class MistakesPlot(HeldOutPlot):
    """Validation samples that are wrong, the surest mistake first; where a number is predicted, the largest error."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._grid, self._rows = SampleGrid(SMALLEST_PX), SampleRows()
        self._pictures = False
        super().__init__(parent)
        self.setToolTip("Samples the network is surest of and wrong about: often they are labelled wrongly")
        self.setAccessibleName("Most confident mistakes")
        self.apply_style(LIGHT)

    @property
    def mistakes(self) -> tuple[SampleRow, ...]:
        """What is listed, in this order as far as there is room."""
        return tuple(self._rows.rows)

    def _picture(self) -> pg.GraphicsWidget:
        return self._grid if self._pictures else self._rows

    def _why_not(self, held_out: HeldOut) -> str:
        # below a picture there is room for a class, not for three numbers
        self._pictures = held_out.image_shape is not None and held_out.targets is None
        evaluation = self._evaluation()
        if evaluation is not None and held_out.targets is None and not surest_mistakes(held_out, evaluation).size:
            return f"There is no mistake at step {evaluation.step:,}: every validation sample is right"
        return ""

    def _draw(self, held_out: HeldOut, evaluation: Evaluation) -> list[KeyEntry]:
        if held_out.targets is not None:
            return self._draw_errors(held_out, evaluation)
        wrong = surest_mistakes(held_out, evaluation)
        chosen, names = wrong[: MOST_PICTURES if self._pictures else MOST_ROWS], held_out.class_names
        rows = [
            SampleRow(
                int(place) + 1,
                names[held_out.labels[place]],
                names[evaluation.predicted[place]],
                f"{evaluation.confidence[place]:.1%}",
                _inputs(held_out, place),
            )
            for place in chosen
        ]
        self._rows.show("confidence", rows)
        if self._pictures:
            self._grid.show(held_out, evaluation, chosen)
        style = self.style_in_use
        return [
            ("≠", style.series[1], "prediction ≠ truth"),
            ("%", style.muted, "confidence in the prediction"),
            ("…", style.muted, f"the surest of {len(wrong):,} mistakes among {len(held_out.labels):,}"),
        ]

    def _draw_errors(self, held_out: HeldOut, evaluation: Evaluation) -> list[KeyEntry]:
        assert held_out.targets is not None
        assert evaluation.values is not None
        errors = errors_of(held_out, evaluation)
        rows = [
            SampleRow(
                int(place) + 1,
                f"{held_out.targets[place]:.4g}",
                f"{evaluation.values[place]:.4g}",
                f"{errors[place]:+.4g}",
                _inputs(held_out, place),
            )
            for place in largest_errors(held_out, evaluation)[:MOST_ROWS]
        ]
        self._rows.show("error", rows, numeric=True)
        return [("±", self.style_in_use.muted, f"prediction minus truth; the largest of {len(errors):,}")]

    def _colour_picture(self, style: Style) -> None:
        self._grid.apply_style(style)
        self._rows.apply_style(style)


def _inputs(held_out: HeldOut, place: int) -> str:
    """Say what the inputs of a sample are: numbers, or the characters of a text; nothing of a picture."""
    if held_out.image_shape is not None:
        return ""
    inputs = held_out.inputs[place]
    if held_out.characters:
        # the last ones say most about the next
        return "".join(held_out.class_names[int(number)] for number in inputs[-MOST_INPUTS:])
    return ", ".join(f"{value:.4g}" for value in inputs[:MOST_INPUTS].tolist())
