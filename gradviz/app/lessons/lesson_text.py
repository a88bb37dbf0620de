"""What stands on a page of a lesson, as Markdown: text with its terms linked, met guesses, and checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from gradviz.app.help_pages import headings, page_text
from gradviz.lessons.formulas import with_pictures
from gradviz.lessons.lesson import Text
from gradviz.lessons.playing import Met, Playing, Shown, Verified
from gradviz.lessons.terms import linked

GLOSSARY = "glossary.md"
PICTURES = "formula:"
RIGHT, WRONG, OPEN = "✓", "✗", "…"
# words of the glossary that are everyday words, too; as links they would only disturb
_EVERYDAY = frozenset({"step", "layer", "run", "batch", "code", "guess", "cause", "watch", "follow", "frame", "theory"})
_TERM_LEVEL = 3


@cache
def glossary_terms() -> Mapping[str, str]:
    """Return the terms of the glossary that a lesson links, in lower case, with their addresses."""
    found = [each for each in headings(page_text(GLOSSARY)) if each.level == _TERM_LEVEL]
    return {each.title.lower(): f"{GLOSSARY}#{each.anchor}" for each in found if each.title.lower() not in _EVERYDAY}


def page_markdown(playing: Playing) -> str:
    """Return the whole page, as far as it has been read."""
    parts = [f"## {playing.page.title}", *(_part(item) for item in _without_open_question(playing))]
    if playing.finished:
        parts.append(f"---\n\n**To remember.** {playing.lesson.remember}")
    text = with_pictures("\n\n".join(parts), PICTURES)
    return linked(text, glossary_terms())


def _without_open_question(playing: Playing) -> Sequence[Text | Met | Verified]:
    seen = [item for item in playing.seen() if not isinstance(item, Shown)]
    return seen[:-1] if playing.waiting == "guess" else seen


def _part(item: Text | Met | Verified) -> str:
    match item:
        case Text(text):
            return text
        case Verified(_, holds, words):
            mark = OPEN if holds is None else RIGHT if holds else WRONG
            return f"**{mark}**  {words}"
        case Met():
            return _met(item)


def _met(met: Met) -> str:
    options = met.ask.options
    lines = [f"*{met.ask.question}*"]
    if met.chosen is not None:
        lines.append(f"You guessed: {options[met.chosen].words}.")
    if met.right is not None:
        if met.chosen == met.right:
            lines.append(f"**{RIGHT}**  That is what the run shows.")
        else:
            lines.append(f"**The run shows:** {options[met.right].words}.")
    return "\n\n".join(lines)
