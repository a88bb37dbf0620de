"""Reads a lesson from Markdown. Nothing in it is ever executed: text, and about ten verbs with words behind them.

A lesson begins with TOML between two lines of `+++`. Each heading of the second level begins a page. A line that begins
with `@` is a verb; all other lines are text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from gradviz.errors import ExperimentError, LessonError
from gradviz.experiment import Experiment, fields, load_preset
from gradviz.experiment.files import with_settings
from gradviz.lessons.lesson import (
    PLACES,
    Answer,
    Ask,
    Bring,
    Check,
    Item,
    Lesson,
    Light,
    Option,
    Page,
    PickLayer,
    PickStep,
    SetUp,
    Show,
    Start,
    Text,
    Wait,
)
from gradviz.lessons.measure import Condition, Measure

LARGEST_BYTES = 1_000_000
FENCE = "+++"
PLACEHOLDER = re.compile(r"\{=([a-z_]+)\}")
_WORD = re.compile(r"[a-z0-9_]+")


class _FrontMatter(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    about: str
    remember: str
    measures: dict[str, Measure] = {}
    otherwise: list[dict[str, str | int | float | bool]] = []
    locked: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def read_lesson(path: Path) -> Lesson:
    """Read the lesson in a file. Raises LessonError naming file and line."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise LessonError(f"{path.name} is larger than any lesson (1 MB)")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise LessonError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise LessonError(f"{path.name} is no text in UTF-8") from error
    return parse_lesson(text, path.stem)


def parse_lesson(text: str, name: str) -> Lesson:
    """Return the lesson that `text` holds. Raises LessonError naming `name` and the line."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != FENCE or FENCE not in (line.strip() for line in lines[1:]):
        raise LessonError(f"{name}: a lesson begins with its title and measures between two lines of {FENCE}")
    end = next(number for number, line in enumerate(lines[1:], 1) if line.strip() == FENCE)
    front = _front_matter("\n".join(lines[1:end]), name)
    pages = tuple(_pages(lines, end + 1, name))
    if not pages:
        raise LessonError(f"{name}: there is no page; a line that begins with `## ` begins one")
    lesson = Lesson(
        name,
        front.title,
        front.about,
        front.remember,
        front.measures,
        pages,
        tuple({key: str(value) for key, value in each.items()} for each in front.otherwise),
        front.locked,
        front.hidden,
    )
    _check_names(lesson)
    return lesson


def experiment_of(order: SetUp, current: Experiment) -> Experiment:
    """Return the experiment that `order` sets up where `current` is set up. Raises ExperimentError."""
    base = load_preset(order.preset) if order.preset else current
    return with_settings(base, [f"{name}={value}" for name, value in order.values.items()])


def _front_matter(text: str, name: str) -> _FrontMatter:
    try:
        return _FrontMatter.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise LessonError(f"{name}: the lines between {FENCE} are no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise LessonError(f"{name}: {place}: {first['msg']}") from error


def _pages(lines: list[str], first: int, name: str) -> Iterator[Page]:
    title = ""
    items: list[Item] = []
    text: list[str] = []

    def close_text() -> None:
        if joined := "\n".join(text).strip():
            items.append(Text(joined))
        text.clear()

    for number in range(first, len(lines)):
        line = lines[number].rstrip()
        if line.startswith("## "):
            close_text()
            if title:
                yield Page(title, tuple(items))
            title, items = line[3:].strip(), []
        elif not title and line:
            raise LessonError(f"{name}, line {number + 1}: text before the first page; a page begins with `## `")
        elif line.startswith("@"):
            close_text()
            try:
                _take(line[1:], items)
            except (LessonError, ExperimentError) as error:
                raise LessonError(f"{name}, line {number + 1}: {error}") from error
        else:
            text.append(line)
    close_text()
    if title:
        yield Page(title, tuple(items))


def _take(order: str, items: list[Item]) -> None:
    """Append what a line asks for to `items`; an option goes to the question before it."""
    verb, _, rest = order.partition(" ")
    rest = rest.strip()
    if verb == "option":
        if not items or not isinstance(items[-1], Ask):
            raise LessonError("an option follows the question that it answers")
        condition, words = _parts(rest, 2, "@option CONDITION | words")
        items[-1] = Ask(items[-1].question, (*items[-1].options, Option(words, Condition.parse(condition))))
        return
    if verb not in _VERBS:
        raise LessonError(f"there is no verb @{verb}; the verbs are {', '.join(f'@{each}' for each in sorted(_VERBS))}")
    items.append(_VERBS[verb](rest))


def _parts(text: str, count: int, form: str) -> list[str]:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != count or not all(parts):
        raise LessonError(f"written as {form}")
    return parts


def _preset(text: str) -> SetUp:
    name, *settings = text.split()
    return SetUp(name, _settings(settings))


def _settings(settings: list[str]) -> Mapping[str, str]:
    values = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not (name and sign and value):
            raise LessonError(f"{setting!r}: a field is set as field=value")
        values[name] = value
    return values


def _wait(text: str) -> Wait:
    return Wait(None if text == "end" else _whole(text, "@wait end, or @wait 100"))


def _pick_step(text: str) -> PickStep:
    return PickStep({"first": 0, "latest": None}[text] if text in ("first", "latest") else _whole(text, "@step 100"))


def _pick_layer(text: str) -> PickLayer:
    row = {"first": 1, "last": -1}[text] if text in ("first", "last") else _whole(text, "@layer 3, first or last")
    if row == 0:
        raise LessonError("layers are counted from 1")
    return PickLayer(row)


def _whole(text: str, form: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise LessonError(f"{text!r} is no whole number; written as {form}")
    return int(text)


def _bring(text: str) -> Bring:
    return Bring(_place(text))


def _light(text: str) -> Light:
    return Light(tuple(_place(place) for place in text.split()))


def _place(text: str) -> str:
    if text not in PLACES and not text.startswith("field:"):
        raise LessonError(
            f"there is no place {text!r}; the places are {', '.join(PLACES)}, and field:depth and the like"
        )
    return text


def _show(text: str) -> Show:
    if not _WORD.fullmatch(text):
        raise LessonError("written as @show weight_grad_norm")
    return Show(text)


def _check(text: str) -> Check:
    condition, right, wrong = _parts(text, 3, "@check CONDITION | words where it holds | words where it does not")
    return Check(Condition.parse(condition), right, wrong)


def _ask(text: str) -> Ask:
    if not text:
        raise LessonError("a question needs words")
    return Ask(text, ())


def _bare(item: Item) -> Callable[[str], Item]:
    def make(text: str) -> Item:
        if text:
            raise LessonError(f"nothing stands behind this verb, and not {text!r}")
        return item

    return make


_VERBS: Mapping[str, Callable[[str], Item]] = {
    "preset": _preset,
    "set": lambda text: SetUp("", _settings(text.split())),
    "start": _bare(Start()),
    "wait": _wait,
    "step": _pick_step,
    "layer": _pick_layer,
    "show": _show,
    "bring": _bring,
    "light": _light,
    "ask": _ask,
    "answer": _bare(Answer()),
    "check": _check,
}


def _check_names(lesson: Lesson) -> None:
    """Raise LessonError for a measure, preset or field that does not exist, and for a question without answers."""
    current = Experiment()
    asked = False
    for page in lesson.pages:
        for item in page.items:
            where = f"{lesson.name}, page {page.title!r}"
            _check_item(item, lesson, where, asked=asked)
            asked = asked or isinstance(item, Ask)
            if isinstance(item, SetUp):
                current = _set_up(item, current, lesson, where)
            if isinstance(item, Light):
                _check_fields(item, current, where)
    for name in (*lesson.locked, *lesson.hidden):
        if name not in fields(current.network.architecture):
            raise LessonError(f"{lesson.name}: there is no field {name!r} to lock or hide")


def _check_item(item: Item, lesson: Lesson, where: str, *, asked: bool) -> None:
    for name in _measures_in(item):
        if name not in lesson.measures:
            raise LessonError(f"{where}: there is no measure {name!r}")
    if isinstance(item, Ask) and len(item.options) < 2:
        raise LessonError(f"{where}: a question needs at least two options")
    if isinstance(item, Answer) and not asked:
        raise LessonError(f"{where}: @answer without a question before it")


def _check_fields(light: Light, current: Experiment, where: str) -> None:
    for place in light.places:
        name = place.removeprefix("field:")
        if name != place and name not in fields(current.network.architecture):
            raise LessonError(f"{where}: there is no field {name!r} to light up")


def _set_up(order: SetUp, current: Experiment, lesson: Lesson, where: str) -> Experiment:
    try:
        current = experiment_of(order, current)
        for values in lesson.otherwise:
            experiment_of(SetUp("", values), current)
    except ExperimentError as error:
        raise LessonError(f"{where}: {error}") from error
    return current


def _measures_in(item: Item) -> set[str]:
    match item:
        case Text(text):
            return set(PLACEHOLDER.findall(text))
        case Ask(_, options):
            return {option.condition.measure for option in options}
        case Check(condition, right, wrong):
            return {condition.measure, *PLACEHOLDER.findall(right), *PLACEHOLDER.findall(wrong)}
        case _:
            return set()
