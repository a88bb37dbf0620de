"""Formulas in lessons: written in TeX between `$$`, and shown as pictures that are drawn beforehand."""

from __future__ import annotations

import re
from hashlib import sha256

FOLDER = "lessons/formulas"
# what they are drawn in, and nothing else is
COLOUR = "#010203"
_FORMULA = re.compile(r"^\$\$(.+)\$\$$", re.MULTILINE)


def formulas_in(text: str) -> list[str]:
    """Return the TeX of each formula in `text`, in order."""
    return [found.strip() for found in _FORMULA.findall(text)]


def picture_name(formula: str) -> str:
    """Return the name of the file with the picture of a formula."""
    return f"{sha256(formula.encode()).hexdigest()[:16]}.svg"


def with_pictures(text: str, address: str) -> str:
    """Return Markdown in which every formula is a picture at `address`."""
    # TeX as the words for a picture would be taken for Markdown
    return _FORMULA.sub(lambda match: f"![formula]({address}/{picture_name(match[1].strip())})", text)
