"""The rules, one or a few that belong together in each file. A new file is found by itself."""

from __future__ import annotations

from gradviz.diagnosis.discovery import modules_in
from gradviz.diagnosis.rule import Rule


def _found() -> tuple[Rule, ...]:
    rules = [
        each for module in modules_in(__name__, __path__) for each in vars(module).values() if isinstance(each, Rule)
    ]
    return tuple(sorted(dict.fromkeys(rules), key=lambda rule: rule.rank))


RULES = _found()
