"""Terms of the glossary in running text, which become links to it."""

from __future__ import annotations

import re
from collections.abc import Mapping

# what stays as it is: code, links and pictures, headings, and words in bold, where a text explains them itself
_UNTOUCHED = re.compile(r"`[^`]*`|!?\[[^\]]*\]\([^)]*\)|\*\*[^*]+\*\*|^#.*$", re.MULTILINE)


def linked(text: str, terms: Mapping[str, str]) -> str:
    """Return Markdown in which the first place of each term leads to its address.

    `terms` are words in lower case and addresses; a plural in -s counts as the term.
    """
    if not terms:
        return text
    longest_first = sorted(terms, key=len, reverse=True)
    term = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})(s?)\b", re.IGNORECASE)
    seen: set[str] = set()

    def link(match: re.Match[str]) -> str:
        name = match[1].lower()
        if name in seen:
            return match[0]
        seen.add(name)
        return f"[{match[0]}]({terms[name]})"

    parts, end = [], 0
    for kept in _UNTOUCHED.finditer(text):
        parts += [term.sub(link, text[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*parts, term.sub(link, text[end:])])
