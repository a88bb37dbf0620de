"""What the plots of validation samples have in common: when to draw, the title, and words where there is no picture."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from gradviz.plots.parts.drawn import Readout
from gradviz.plots.parts.key import Key, KeyEntry
from gradviz.plots.parts.plot_widgets import HoverPlot
from gradviz.plots.parts.readout import measured_at
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.recording.frame import Evaluation, HeldOut
from gradviz.recording.history import History
from gradviz.recording.score import ACCURACY


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutState:
    """What a plot of validation samples shows; `wrong_first` says in which order, where there is one."""

    history: History | None
    step: int | None
    wrong_first: bool


class HeldOutPlot(HoverPlot):
    """Draws how a network did on validation samples, when it was last looked at up to the picked, else the latest step.

    A subclass puts its picture into row 1 of the layout.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = Words(size_pt=10.5)
        self.key = Key()
        self.message = Words(lines=0, size_pt=10.5)
        self.addItem(self.title, row=0, col=0)
        self.addItem(self.key, row=2, col=0)
        self.style_in_use: Style = LIGHT
        self.history: History | None = None
        self._step: int | None = None
        self._drawn: object = None
        self._said: int | None = None

    def show_history(self, history: History | None) -> None:
        """Draw `history` from now on; None empties the plot."""
        self.history = history
        self._step = None
        self.redraw()

    def show_step(self, step: int | None) -> None:
        """Draw the latest evaluation at or before `step`; None follows the latest."""
        self._step = step
        self.refresh()

    def refresh(self) -> None:
        """Draw again if there is another evaluation to draw; otherwise this costs a comparison."""
        evaluation = self._evaluation()
        if evaluation is not self._drawn or (evaluation is None and self._step != self._said):
            self.redraw()
        elif evaluation is not None and self._step != self._said and self.title.text:
            self._entitle(evaluation)

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.style_in_use = style
        self.setBackground(style.background)
        self.title.set_colour(style.foreground)
        self.message.set_colour(style.muted)
        self._colour_picture(style)
        self.redraw()

    def redraw(self) -> None:
        """Draw whether or not anything is new."""
        evaluation = self._evaluation()
        self._drawn, self._said = evaluation, self._step
        if self.history is None:
            self._say("There is no run yet: start one to see how it does on samples it never trains on")
        elif (samples := self.history.started.held_out) is None:
            self._say("This network is trained by a script of its own, which holds its samples")
        elif reason := self._why_not(samples):
            self._say(reason)
        elif evaluation is None:
            so_far = "yet" if self._step is None else f"up to step {self._step:,}"
            self._say(f"The validation samples have not been evaluated {so_far}")
        else:
            self._swap(show_picture=True)
            self._entitle(evaluation)
            entries = self._draw(samples, evaluation)
            self.key.show_entries(entries, self.style_in_use.foreground)

    def shown(self) -> tuple[HeldOut, Evaluation] | None:
        """Return the samples, and the evaluation of the step shown; None where it says why there is no picture."""
        evaluation, present = self._evaluation(), self.ci.getItem(1, 0)
        samples = self.history.started.held_out if self.history is not None else None
        if evaluation is None or samples is None or present is None or present is self.message:
            return None
        return samples, evaluation

    def _evaluation(self) -> Evaluation | None:
        if self.history is None:
            return None
        return self.history.latest_evaluation if self._step is None else self.history.evaluation_at(self._step)

    def _entitle(self, evaluation: Evaluation) -> None:
        self._said = self._step
        when, right = measured_at(evaluation.step, self._step), self._how_well(evaluation)
        # shorter where there is more to say, or the end would be cut
        what = "Validation samples" if self._step in (None, evaluation.step) else "Validation"
        self.title.say(f"{what} {when}: {right}")

    def _how_well(self, evaluation: Evaluation) -> str:
        score = self.history.started.score if self.history is not None else ACCURACY
        right = score.text(evaluation.accuracy)
        return f"{right} right" if score is ACCURACY else f"{score.name} {right}"

    def _say(self, reason: str) -> None:
        self._swap(show_picture=False)
        self.title.say("")
        self.key.show_entries((), self.style_in_use.foreground)
        self.message.say(reason)

    def _swap(self, show_picture: bool) -> None:
        wanted = self._picture() if show_picture else self.message
        present = self.ci.getItem(1, 0)
        if present is wanted:
            return
        if present is not None:
            self.removeItem(present)
        self.addItem(wanted, row=1, col=0)

    def fit_all_steps(self) -> None:
        """Let the axes hold every step; they do so anyway."""

    def state(self) -> HeldOutState:
        """Return what is shown, and how."""
        return HeldOutState(self.history, self._step, self._order())

    def restore(self, state: HeldOutState) -> None:
        """Show what a plot of the same class showed when `state` was taken."""
        self._put_in_order(state.wrong_first)
        self.show_history(state.history)
        self.show_step(state.step)

    def readout(self) -> Readout:
        """Return title and legend, or the message in place of the picture."""
        told = self.ci.getItem(1, 0) is self.message
        return Readout(title=self.title.text, notice=self.message.text if told else "", key=self.key.entries)

    def _order(self) -> bool:
        """Return whether wrong samples come first."""
        return False

    def _put_in_order(self, wrong_first: bool) -> None:
        """Put wrong samples first, or not."""

    @abstractmethod
    def _picture(self) -> pg.GraphicsWidget:
        """Return the item that draws the samples."""

    @abstractmethod
    def _why_not(self, held_out: HeldOut) -> str:
        """Say why these samples cannot be drawn here; empty if they can."""

    @abstractmethod
    def _draw(self, held_out: HeldOut, evaluation: Evaluation) -> list[KeyEntry]:
        """Update the picture and return what its marks mean: mark, colour and words."""

    @abstractmethod
    def _colour_picture(self, style: Style) -> None:
        """Put the picture's own lines and letters into `style`."""
