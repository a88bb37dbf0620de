"""What a claim is, and how its runs are trained: by the generator that the window uses, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gradviz.experiment import Experiment, load_preset
from gradviz.recording.frame import Event, Frame
from gradviz.recording.history import History
from gradviz.training.loop import train

# called with the fraction of a measurement that is done, 0 to 1
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured, as text and as numbers; `holds` is None where a number is only reported."""

    measured: str
    holds: bool | None
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The outcome in a word."""
        return {True: "holds", False: "DOES NOT HOLD", None: "measured"}[self.holds]


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about deep networks, the expected result, and how it is measured."""

    name: str
    statement: str
    expected: str
    measure: Callable[[Progress], Outcome]


def recorded(experiment: Experiment, progress: Progress = lambda _share: None) -> History:
    """Train `experiment` to its end and return its recording."""
    return History.of(_told(train(experiment), experiment.training.steps, progress))


def _told(events: Iterable[Event], steps: int, progress: Progress) -> Iterator[Event]:
    """Pass the events on; report after each frame how far a run of `steps` steps is."""
    for event in events:
        yield event
        if isinstance(event, Frame) and steps:
            progress((event.step + 1) / (steps + 1))


def recorded_preset(name: str, progress: Progress = lambda _share: None, **changes: object) -> History:
    """Train the preset `name` with some fields changed, on the CPU."""
    return recorded(load_preset(name).changed(**{"device": "cpu"} | changes), progress)


def accuracy_of(history: History) -> float:
    """Return the final validation accuracy, 0 to 1."""
    _, accuracies = history.accuracies()
    return float(accuracies[-1])
