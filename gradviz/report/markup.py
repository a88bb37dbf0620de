"""HTML made of elements whose texts are escaped: nothing a run is called can become a part of the page.

What is written is also well-formed XML, so that any XML parser can check it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

# what no XML document may contain: control characters, halves of surrogate pairs
_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
EMPTY_ELEMENTS = ("meta", "br", "col", "path", "rect", "line", "circle", "image", "stop")


class Markup(str):
    """Text that is HTML already; every other text is escaped."""

    __slots__ = ()


def text(words: object) -> Markup:
    """Return `words` as HTML that shows exactly them."""
    if isinstance(words, Markup):
        return words
    return Markup(escape(_NO_TEXT.sub("\ufffd", str(words))))


def tag(name: str, /, *content: object, **attributes: object) -> Markup:
    """Return an element with its content in it.

    `class_` stands for the attribute `class`, and an underscore inside of a name for a hyphen. An attribute that is
    None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY_ELEMENTS:
        return Markup(f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{joined(content)}</{name}>")


def joined(parts: Iterable[object]) -> Markup:
    """Return all parts one after the other."""
    return Markup("".join(text(part) for part in parts))
