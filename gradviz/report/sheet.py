"""A lesson as a printable page: its text, what was guessed and found, and pictures of the runs that were made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from markdown_it import MarkdownIt

from gradviz.errors import ExportError
from gradviz.lessons.formulas import COLOUR, FOLDER, with_pictures
from gradviz.lessons.lesson import Text
from gradviz.lessons.playing import Met, Playing, Shown, Verified
from gradviz.recording.atomic_file import write_atomically
from gradviz.recording.history import History
from gradviz.report.curves import curves
from gradviz.report.heatmap import heatmap
from gradviz.report.markup import Markup, joined, tag
from gradviz.report.page import SUFFIXES, document
from gradviz.report.reported_run import reported
from gradviz.resources import resource_path

_PICTURE = re.compile(r'<img src="formula:/([0-9a-f]{16}\.svg)" alt="[^"]*" ?/>')
_SVG = re.compile(r"<svg.*</svg>", re.DOTALL)
# texts of others: no HTML of theirs gets into the page
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True})


def save_sheet(path: Path, playing: Playing, runs: Mapping[int, History], *, answered: bool = True) -> None:
    """Write the sheet of a lesson into the file `path`, as `sheet` makes it. Raises ExportError."""
    if path.suffix.lower() not in SUFFIXES:
        raise ExportError(f"{path.name}: a sheet is an HTML page; give the file the ending {SUFFIXES[0]}")
    write_atomically(path, sheet(playing, runs, answered=answered).encode("utf-8"))


def sheet(playing: Playing, runs: Mapping[int, History], *, answered: bool = True) -> str:
    """Return the sheet of a lesson as far as it has been read, with pictures of its `runs` by their numbers.

    Unless it is `answered`, its questions are left open, for a class to answer. `playing` is at the same page
    afterwards as before.
    """
    lesson, open_page = playing.lesson, playing.number
    parts = [tag("header", tag("p", "Lesson", class_="kicker"), tag("h1", lesson.title), tag("p", lesson.about))]
    for number, page in enumerate(lesson.pages):
        playing.number = number
        parts.append(tag("section", tag("h3", page.title), *(_part(item, runs, answered) for item in playing.seen())))
    playing.number = open_page
    parts.append(tag("section", tag("h3", "To remember"), _prose(lesson.remember)))
    return document(lesson.title, joined(parts))


def _part(item: Text | Met | Verified | Shown, runs: Mapping[int, History], answered: bool) -> Markup:
    match item:
        case Text(text):
            return _prose(text)
        case Verified():
            state = {None: "unknown", True: "fine", False: "warning"}[item.holds]
            return tag("article", tag("p", item.words), class_=f"finding {state}")
        case Met():
            return _met(item if answered else Met(item.ask))
        case Shown():
            return _pictures(item, runs)


def _met(met: Met) -> Markup:
    lines: list[object] = [tag("p", met.ask.question, class_="headline")]
    boxes = [("☒" if number == met.chosen else "☐", option.words) for number, option in enumerate(met.ask.options)]
    lines.append(tag("ul", *(tag("li", f"{box} {words}") for box, words in boxes), class_="runs"))
    if met.right is not None:
        lines.append(tag("p", "The run shows: ", tag("strong", met.ask.options[met.right].words)))
    return tag("article", *lines)


def _pictures(shown: Shown, runs: Mapping[int, History]) -> Markup:
    """Return the heatmap and the curves of a run; nothing where it was not made."""
    history = runs.get(shown.run)
    if history is None or not history.frames:
        return Markup()
    (run,) = reported([history], [history.started.title])
    shown_first = [each for each in history.quantities if each.name == shown.quantity] or history.quantities[:1]
    return tag("div", *(heatmap(history, each) for each in shown_first), *curves([run]), class_="charts")


def _prose(text: str) -> Markup:
    html = _MARKDOWN.render(with_pictures(text, "formula:"))
    return Markup(_PICTURE.sub(lambda match: _formula(match[1]), html))


def _formula(name: str) -> str:
    """Return the picture of a formula, in the colour of the text; nothing where it was never drawn."""
    try:
        source = resource_path(f"{FOLDER}/{name}").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    found = _SVG.search(source)
    # several pictures on one page must not share the names of their parts
    mark = name[:6]
    picture = re.sub(r'(id="|href="#)', rf"\g<1>{mark}-", found[0]) if found else ""
    return picture.replace(COLOUR, "currentColor")
