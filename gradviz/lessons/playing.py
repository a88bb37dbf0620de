"""A lesson being read: how far its reader has come, what was guessed, and what the program is told to do.

It knows no window. What a lesson asks for goes to a Stage: the session in the program, a plain loop in a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gradviz.lessons.lesson import (
    Answer,
    Ask,
    Bring,
    Check,
    Item,
    Lesson,
    Light,
    Page,
    PickLayer,
    PickStep,
    SetUp,
    Show,
    Start,
    Text,
    Wait,
)
from gradviz.lessons.measure import Amount
from gradviz.lessons.parse import PLACEHOLDER
from gradviz.recording.history import History

Waiting = Literal["", "guess", "start", "run"]
NOT_MEASURED = "…"


class Stage(Protocol):
    """Does what a lesson asks for."""

    def set_up(self, order: SetUp) -> None:
        """Set up an experiment."""

    def start(self, number: int) -> None:
        """Train what is set up, as the lesson's run of that number, counted from 1; one before it is replaced."""

    def pick_step(self, step: int | None) -> None:
        """Show a step; None follows the latest."""

    def pick_layer(self, row: int) -> None:
        """Look at a layer, counted from 1; -1 is the last."""

    def show(self, quantity: str) -> None:
        """Show a quantity."""

    def bring(self, panel: str) -> None:
        """Bring a panel to the front."""

    def light(self, places: Sequence[str]) -> None:
        """Light up these places, and no others."""

    def runs(self) -> Mapping[int, History]:
        """Return the runs that the lesson has started, by their numbers; the last may be under way."""

    def has_come_to(self, step: int | None) -> bool:
        """Return whether the run under way is at `step` or behind it, or has ended (None: only that)."""


@dataclass(slots=True)
class Met:
    """A question as it stands: which option was chosen, if any, and which is right, if that is measured."""

    ask: Ask
    chosen: int | None = None
    right: int | None = None


@dataclass(slots=True)
class Verified:
    """A check as it came out: None where nothing is measured to check."""

    check: Check
    holds: bool | None
    words: str


@dataclass(slots=True)
class Shown:
    """A run, by its number, and the quantity that the page shows of it; empty where it names none."""

    run: int
    quantity: str


@dataclass(slots=True)
class _Progress:
    """How far a page has been read: `reached` items of it are behind the reader."""

    reached: int = 0
    started: bool = False
    guesses: dict[int, int] = field(default_factory=dict)


class Playing:
    """One reader with one lesson; page 0 is the first.

    `waiting` says what has to happen before the page goes on: a guess, the press of Start, or the run.
    """

    def __init__(self, lesson: Lesson, stage: Stage) -> None:
        self.lesson, self._stage = lesson, stage
        self.number = 0
        self.waiting: Waiting = ""
        self._pages = [_Progress() for _ in lesson.pages]

    @property
    def page(self) -> Page:
        """The page that is open."""
        return self.lesson.pages[self.number]

    @property
    def finished(self) -> bool:
        """Whether the last page has been read to its end."""
        return self.number == len(self.lesson.pages) - 1 and self.page_done

    @property
    def page_done(self) -> bool:
        """Whether everything on the page has happened."""
        return self._now.reached == len(self.page.items)

    @property
    def question(self) -> Ask | None:
        """The question that waits for a guess."""
        item = self.page.items[self._now.reached] if self.waiting == "guess" else None
        return item if isinstance(item, Ask) else None

    @property
    def next_run(self) -> int:
        """The number, counted from 1, of the run that the page offers or comes to next."""
        return self._started_before(self.number, self._now.reached) + 1

    @property
    def guesses(self) -> dict[int, dict[int, int]]:
        """The option chosen of each question, by page and by its place on the page."""
        return {number: dict(page.guesses) for number, page in enumerate(self._pages) if page.guesses}

    def open(self, number: int) -> None:
        """Turn to a page; one that was read before is as it was left.

        Raises IndexError for a page that there is not.
        """
        if not 0 <= number < len(self._pages):
            raise IndexError(number)
        self.number = number
        self._stage.light(())
        if self._now.reached:
            for item in self.page.items[: self._now.reached]:
                if isinstance(item, Light | Bring | Show):
                    self._do(item)
        self._go_on()

    def recall(self, guesses: dict[int, dict[int, int]]) -> None:
        """Take over the guesses of an earlier time; those that do not fit the lesson are left out."""
        for number, chosen in guesses.items():
            if not 0 <= number < len(self._pages):
                continue
            items = self.lesson.pages[number].items
            for place, option in chosen.items():
                ask = items[place] if 0 <= place < len(items) else None
                if isinstance(ask, Ask) and 0 <= option < len(ask.options):
                    self._pages[number].guesses[place] = option

    def guess(self, option: int) -> None:
        """Choose an option of the question that is open."""
        ask = self.question
        if ask is not None and 0 <= option < len(ask.options):
            self._now.guesses[self._now.reached] = option
            self._go_on()

    def start(self) -> None:
        """Start the run that the page offers."""
        if self.waiting == "start":
            self._now.started = True
            self._stage.start(self.next_run)
            self._go_on()

    def begun_elsewhere(self) -> None:
        """Go on as the run which the page offers has been started in another way."""
        if self.waiting == "start":
            self._now.started = True
            self._go_on()

    def repeat(self) -> None:
        """Begin the page again; its guesses stay."""
        guesses = self._now.guesses
        self._pages[self.number] = _Progress(guesses=guesses)
        self.open(self.number)

    def moved(self) -> bool:
        """Go on where the run has got far enough; return whether anything happened."""
        before = self._now.reached
        if self.waiting == "run":
            self._go_on()
        return self._now.reached != before

    def seen(self) -> list[Text | Met | Verified | Shown]:
        """Return what stands on the page now, numbers filled in, in order.

        A run stands where the page waited for it.
        """
        found: list[Text | Met | Verified | Shown] = []
        shown = self._now.reached + (self.waiting == "guess")
        for place, item in enumerate(self.page.items[:shown]):
            match item:
                case Text(text):
                    found.append(Text(self._filled(text, place)))
                case Ask():
                    found.append(self._met(self.number, place, item))
                case Answer():
                    found.append(self._last_question(place))
                case Check():
                    found.append(self._verified(item, place))
                case Wait():
                    found.append(Shown(self._started_before(self.number, place), self._quantity_at(place)))
        return found

    def _quantity_at(self, place: int) -> str:
        """Return the quantity that this page shows first from `place` on, else last before it; empty if none."""
        items = self.page.items
        after = [item.quantity for item in items[place:] if isinstance(item, Show)]
        before = [item.quantity for item in items[:place] if isinstance(item, Show)]
        return after[0] if after else before[-1] if before else ""

    def _started_before(self, page: int, place: int) -> int:
        """Return how many runs the lesson has started where it comes to the item at `place` of a page."""
        before = [*(item for each in self.lesson.pages[:page] for item in each.items)]
        before += self.lesson.pages[page].items[:place]
        return sum(isinstance(item, Start) for item in before)

    def _amount(self, measure: str, place: int) -> Amount | None:
        latest = self._started_before(self.number, place)
        return self.lesson.measures[measure].amount(self._stage.runs(), latest)

    def _filled(self, text: str, place: int) -> str:
        """Return `text` with the measured numbers in it."""

        def words(name: str) -> str:
            amount = self._amount(name, place)
            return NOT_MEASURED if amount is None else amount.words(self.lesson.measures[name].say)

        return PLACEHOLDER.sub(lambda match: words(match[1]), text)

    def _verified(self, check: Check, place: int) -> Verified:
        """Return how a check comes out."""
        amount = self._amount(check.condition.measure, place)
        holds = None if amount is None else check.condition.holds(amount)
        return Verified(check, holds, self._filled(check.right if holds else check.wrong, place))

    @property
    def _now(self) -> _Progress:
        return self._pages[self.number]

    def _go_on(self) -> None:
        """Do what the page asks for, up to where it has to wait."""
        self.waiting = ""
        items = self.page.items
        while self._now.reached < len(items):
            self.waiting = self._held_by(items[self._now.reached])
            if self.waiting:
                return
            self._do(items[self._now.reached])
            self._now.reached += 1
            if isinstance(items[self._now.reached - 1], Start):
                self._now.started = False

    def _held_by(self, item: Item) -> Waiting:
        match item:
            case Ask() if self._now.reached not in self._now.guesses:
                return "guess"
            case Start() if not self._now.started:
                return "start"
            case Wait(step) if not self._stage.has_come_to(step):
                return "run"
        return ""

    def _do(self, item: Item) -> None:
        stage = self._stage
        match item:
            case SetUp():
                stage.set_up(item)
            case PickStep(step):
                stage.pick_step(step)
            case PickLayer(row):
                stage.pick_layer(row)
            case Show(quantity):
                stage.show(quantity)
            case Bring(panel):
                stage.bring(panel)
            case Light(places):
                stage.light(places)

    def _met(self, page: int, place: int, ask: Ask) -> Met:
        return Met(ask, self._pages[page].guesses.get(place))

    def _last_question(self, before: int) -> Met:
        """Return the question that the answer at the place `before` of this page is about, answered."""
        asked = [
            (page, place, item)
            for page in range(self.number + 1)
            for place, item in enumerate(self.lesson.pages[page].items)
            if isinstance(item, Ask) and (page, place) < (self.number, before)
        ]
        page, place, ask = asked[-1]
        met = self._met(page, place, ask)
        for number, option in enumerate(ask.options):
            amount = self._amount(option.condition.measure, before)
            if amount is not None and option.condition.holds(amount):
                met.right = number
        return met
