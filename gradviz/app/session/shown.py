"""What is shown: one run, one preview, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gradviz.app.session.run_names import in_short
from gradviz.experiment import Experiment
from gradviz.recording.history import History

Kind = Literal["nothing", "run", "preview"]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What every plot shows, and what is exported.

    `history` is that of a run, or of a preview: one frame, measured before training. `reference` is another run, drawn
    behind it for comparison. `waiting_for` names the file of a followed run that has no step yet.
    """

    kind: Kind = "nothing"
    history: History | None = None
    reference: History | None = None
    waiting_for: str = ""

    @property
    def experiment(self) -> Experiment | None:
        """The recipe of what is shown; None for a watched network and for nothing."""
        return self.history.started.experiment if self.history is not None else None

    @property
    def name(self) -> str:
        """What to call it: its title, else the network in a few words; empty for nothing."""
        return (self.history.started.title or in_short(self.history)) if self.history is not None else ""

    @property
    def title(self) -> str:
        """The title of a picture of it; says so where it is a preview."""
        title = self.history.started.title if self.history is not None else ""
        return f"{title} (before training)" if title and self.kind == "preview" else title

    @property
    def watched(self) -> str:
        """The title of a network that a script of its own trains; empty for every other."""
        return self.history.started.title if self.history is not None and self.experiment is None else ""

    @property
    def stem(self) -> str:
        """How the names of exported files begin."""
        if self.history is None:
            return "gradviz"
        experiment = self.experiment
        slug = experiment.network.slug if experiment is not None else f"watched-{len(self.history.started.rows)}"
        stem = f"gradviz-{slug}"
        return f"{stem}-preview" if self.kind == "preview" else stem
