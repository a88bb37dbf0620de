"""Words for networks of tokens."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.said import Said, Words


def _tokens_alike(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    return (
        f"all tokens of a sample alike in {where}",
        f"The mean cosine between two tokens of a sample is {fact.number('cosine'):.3f} in {names.row(fact.rows[-1])} "
        f"(alike from {fact.number('allowed'):g} on): nothing tells one from another.",
    )


TITLES = {
    "tokens_alike": "Tokens all alike",
}
FACTS: dict[str, Words] = {
    "tokens_alike": _tokens_alike,
}
