"""What a lesson is: pages of text, with orders to the program, questions and checks between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradviz.lessons.measure import Condition, Measure

# what a lesson can bring to the front or light up: the panels of the window, the heatmap, the Start button
PLACES = (
    "experiment",
    "runs",
    "heatmap",
    "profile",
    "curves",
    "samples",
    "distributions",
    "activation",
    "verdict",
    "transport",
    "start",
)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of Markdown, in which `{=name}` stands for a measured number."""

    markdown: str


@dataclass(frozen=True, slots=True)
class SetUp:
    """Set up an experiment: a `preset` (empty: what is set up already), and some fields of it otherwise."""

    preset: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Start:
    """Offer the button that trains what is set up."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until the run has come to `step` (None: to its end)."""

    step: int | None = None


@dataclass(frozen=True, slots=True)
class PickStep:
    """Show a step in every panel (None: the latest)."""

    step: int | None


@dataclass(frozen=True, slots=True)
class PickLayer:
    """Look at a layer, counted from 1; -1 is the last."""

    row: int


@dataclass(frozen=True, slots=True)
class Show:
    """Show a quantity in heatmap and profile."""

    quantity: str


@dataclass(frozen=True, slots=True)
class Bring:
    """Bring a panel to the front."""

    panel: str


@dataclass(frozen=True, slots=True)
class Light:
    """Light up places of the window while the page is read."""

    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """An answer to choose, and when it is the right one."""

    words: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to guess the answer of before it is measured."""

    question: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Meet the last guess again."""


@dataclass(frozen=True, slots=True)
class Check:
    """A statement about a measured number: what to say where it holds, and where it does not."""

    condition: Condition
    right: str
    wrong: str


Item = Text | SetUp | Start | Wait | PickStep | PickLayer | Show | Bring | Light | Ask | Answer | Check


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its heading, and what stands and happens on it, in order."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson, from its file.

    `name` is that of the file; `remember` the one sentence to keep. `otherwise` are changes of fields, at one of which
    each check must fail, for the tests; fields in `locked` cannot be changed while it is open, those in `hidden` are
    not shown.
    """

    name: str
    title: str
    about: str
    remember: str
    measures: Mapping[str, Measure]
    pages: tuple[Page, ...]
    otherwise: tuple[Mapping[str, str], ...] = ()
    locked: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """Number of words to read."""
        texts = [item.markdown for page in self.pages for item in page.items if isinstance(item, Text)]
        return sum(len(text.split()) for text in texts)
