"""Holds the words of a preset against its runs: a number that no test has looked at may not stand in the notes."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from trained_runs import trained

from gradviz.experiment import load_preset

NUMBER = re.compile(
    r"\b\d|√|\b(?:two|three|four|five|ten|eleven|fifteen|seventeen|eighteen|twenty|thirty|seventy|hundred|thousand|"
    r"quarter|half|double|dozens?|decades?|chance)\b",
    re.IGNORECASE,
)
# an invitation promises nothing until a colon
INVITATION = re.compile(r"Next, .*?(?:: |\.$)")

Shows = Callable[["Preset"], None]
SHOWN: dict[str, Shows] = {}
# those that take so long that they are trained with the benchmarks only
LONG: set[str] = set()


class Preset:
    """One preset, its run, and what of its notes has not been checked yet."""

    def __init__(self, name: str) -> None:
        self.experiment = load_preset(name)
        self.history = trained(self.experiment)
        self.unchecked = INVITATION.sub("", self.experiment.notes)

    @property
    def last(self) -> int:
        """The number of the last frame."""
        return self.history.frames - 1

    def row(self, quantity: str, step: int) -> np.ndarray:
        row = self.history.row(quantity, step)
        assert row is not None
        return row

    def accuracies(self) -> np.ndarray:
        """Share of right answers at every look at the validation samples."""
        return self.history.accuracies()[1]

    def fall(self, step: int = 0) -> float:
        """Decades by which the activation gradient of the first layer lies below that of the last."""
        row = self.row("activation_grad_rms", step)
        return float(row[-1] - row[0])

    def says(self, *numbers: str) -> None:
        """Strike numbers from the notes, with words that tell them apart, because the caller has checked them."""
        for number in numbers:
            place = re.search(rf"(?<![\w.]){re.escape(number)}(?![\w]|\.\d)", self.unchecked, re.IGNORECASE)
            assert place is not None, f"{number!r} is not in the notes: {self.unchecked}"
            self.unchecked = self.unchecked[: place.start()] + self.unchecked[place.end() :]

    def leaves_nothing_unchecked(self) -> None:
        number = NUMBER.search(self.unchecked)
        assert number is None, f"{number[0]!r} is not checked in: {self.unchecked}"


def shows(name: str, *, long: bool = False) -> Callable[[Shows], Shows]:
    """Register what checks the notes of the preset `name`."""

    def register(check: Shows) -> Shows:
        assert name not in SHOWN
        SHOWN[name] = check
        LONG.update({name} if long else ())
        return check

    return register
