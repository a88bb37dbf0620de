"""The pages of Help as Markdown: where they are, their headings, and how links name them.

Links work here as they do where the files are read in a browser: `glossary.md#layer` leads to the heading "layer".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gradviz.resources import resource_path

# page, as links name it -> its resource, in the order of the contents
PAGES = {
    "guide.md": "help/guide.md",
    "glossary.md": "help/glossary.md",
    "keyboard.md": "help/keyboard.md",
    "changelog.md": "changelog.md",
}
# stands in keyboard.md where the table of all commands goes
COMMANDS_MARK = "<!-- commands -->"
_HEADING = re.compile(r"(#{1,6})\s+(.+)")
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a page: `level` 1 is the page's title, `anchor` what links name it by."""

    level: int
    title: str
    anchor: str


def page_text(name: str, keys: Iterable[tuple[str, str]] = ()) -> str:
    """Return the Markdown of the page `name`, with `keys` (shortcut, what it does) as a table where the page has one.

    Raises KeyError for a page that does not exist.
    """
    text = resource_path(PAGES[name]).read_text(encoding="utf-8")
    return text.replace(COMMANDS_MARK, "\n".join(_table(keys)))


def headings(text: str) -> list[Heading]:
    """Return the headings of a page in order; what looks like one in a code block is none."""
    found, in_code = [], False
    for line in text.splitlines():
        if line.startswith(_FENCE):
            in_code = not in_code
        elif not in_code and (match := _HEADING.fullmatch(line)):
            found.append(Heading(len(match[1]), match[2], anchor(match[2])))
    return found


def anchor(title: str) -> str:
    """Return what links call the heading `title`, by the rule of GitHub."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _table(keys: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "| keys | what they do |"
    yield "|---|---|"
    for shortcut, meaning in keys:
        yield f"| {shortcut} | {meaning} |"
