"""What a claim is, and how a run that it speaks of is made: by the same generator that the window pumps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gradviz.experiment import Experiment, load_preset
from gradviz.recording.frame import Event, Frame
from gradviz.recording.history import History
from gradviz.training.loop import train

# told the share of a measurement that is done, 0 to 1
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured, in words, with the numbers behind them; `holds` is None where a number is only reported."""

    measured: str
    holds: bool | None
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """One word for the table."""
        return {True: "holds", False: "DOES NOT HOLD", None: "measured"}[self.holds]


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement about deep networks, what is expected of it, and how it is measured here."""

    name: str
    statement: str
    expected: str
    measure: Callable[[Progress], Outcome]


def recorded(experiment: Experiment, progress: Progress = lambda _share: None) -> History:
    """Train `experiment` to its end and return its recording."""
    return History.of(_told(train(experiment), experiment.training.steps, progress))


def _told(events: Iterable[Event], steps: int, progress: Progress) -> Iterator[Event]:
    """Pass the events on, telling after each frame how far a run of `steps` steps is."""
    for event in events:
        yield event
        if isinstance(event, Frame) and steps:
            progress((event.step + 1) / (steps + 1))


def recorded_preset(name: str, progress: Progress = lambda _share: None, **changes: object) -> History:
    """Train the preset `name` with some fields changed, on the CPU."""
    return recorded(load_preset(name).changed(**{"device": "cpu"} | changes), progress)


def accuracy_of(history: History) -> float:
    """Return the share of held-out samples classified rightly at the end."""
    _, accuracies = history.accuracies()
    return float(accuracies[-1])
