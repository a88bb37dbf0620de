"""The one place where findings become words: titles, headlines, evidence, remedies, and a verdict in one line."""

from __future__ import annotations

from collections.abc import Sequence

from gradviz.diagnosis.finding import Finding, Remedy
from gradviz.diagnosis.words.facts import FACTS, TITLES
from gradviz.diagnosis.words.facts.overview import unknown
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import listed
from gradviz.diagnosis.words.remedies import REMEDIES

__all__ = ["Names", "capitalised", "evidence", "headline", "remedy", "since", "title", "verdict"]

NAMELESS = Names(())
MOST_IN_VERDICT = 3
MOST_IN_HEADLINE = 2


def title(finding: Finding) -> str:
    """Return the name of the kind, as a heading."""
    return TITLES[finding.kind]


def headline(finding: Finding, names: Names) -> str:
    """Say what was found in a few words, without its title."""
    said = [FACTS[fact.fact](fact, names)[0] for fact in finding.evidence]
    parts = [words for words in dict.fromkeys(said) if words]
    if finding.kind == "not_measured":
        return listed(parts)
    return "; ".join(parts[:MOST_IN_HEADLINE])


def capitalised(words: str, names: Names) -> str:
    """Return words with a capital at their beginning, unless that is the name of a row."""
    begins = words.split(" ", 1)[0].rstrip(",;")
    return words if begins in names.rows else words[:1].upper() + words[1:]


def evidence(finding: Finding, names: Names) -> str:
    """Say by which numbers it was found, in sentences."""
    said = [unknown(finding), *(FACTS[fact.fact](fact, names)[1] for fact in finding.evidence), since(finding)]
    return " ".join(words for words in said if words)


def since(finding: Finding) -> str:
    """Say at which step it began, in a sentence; empty where that is not known."""
    if finding.first_step is None:
        return ""
    return f"It began at step {finding.first_step:,}." if finding.first_step else "It was so from the start."


def remedy(suggested: Remedy, names: Names = NAMELESS) -> str:
    """Say what to try, in a sentence. Changes of a recipe speak of no rows."""
    return REMEDIES[suggested.kind](suggested, names)


def verdict(findings: Sequence[Finding], names: Names) -> str:
    """Say everything in one line; the findings are ranked, worst first."""
    if not findings:
        return "Nothing was diagnosed"
    parts = [f"{title(finding)}{_from(finding)}: {headline(finding, names)}" for finding in findings]
    more = len(parts) - MOST_IN_VERDICT
    return " · ".join(parts[:MOST_IN_VERDICT]) + (f" · and {more} more" if more > 0 else "")


def _from(finding: Finding) -> str:
    # what was so from the start says it in its own words, if it matters
    return f" since step {finding.first_step:,}" if finding.first_step and finding.kind != "diverged" else ""
