"""Words for every fact, a file for each topic. A new file is found by itself.

Each has `FACTS`, the words by the name of the fact, and `TITLES`, the headings of the kinds of findings it speaks of.
"""

from __future__ import annotations

from gradviz.diagnosis.discovery import modules_in
from gradviz.diagnosis.words.said import Words

FACTS: dict[str, Words] = {}
TITLES: dict[str, str] = {}
for _module in modules_in(__name__, __path__):
    FACTS.update(_module.FACTS)
    TITLES.update(_module.TITLES)
