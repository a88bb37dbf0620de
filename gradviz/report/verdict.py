"""The verdict of a run: what was found, by which evidence, and what to try."""

from __future__ import annotations

from gradviz.diagnosis import Finding, Severity, words
from gradviz.report.markup import Markup, joined, tag
from gradviz.report.reported_run import ReportedRun

SEVERITIES = {
    Severity.CRITICAL: ("critical", "Critical"),
    Severity.WARNING: ("warning", "Warning"),
    Severity.NOTICE: ("notice", "Notice"),
    Severity.FINE: ("fine", "Fine"),
    Severity.UNKNOWN: ("unknown", "Not measured"),
}


def verdict(run: ReportedRun) -> Markup:
    """Return every finding of a run, the worst first."""
    return joined(_finding(finding, run) for finding in run.findings)


def badge(run: ReportedRun) -> Markup:
    """Return the worst that was found, in one or two words."""
    worst = run.findings[0]
    name, said = SEVERITIES[worst.severity]
    return joined([tag("span", said, class_=f"badge {name}"), " ", words.title(worst)])


def _finding(finding: Finding, run: ReportedRun) -> Markup:
    name, said = SEVERITIES[finding.severity]
    head = tag("h4", tag("span", said, class_=f"badge {name}"), " ", words.title(finding))
    parts = [head]
    if headline := words.headline(finding, run.names):
        parts.append(tag("p", words.capitalised(headline, run.names), class_="headline"))
    if evidence := words.evidence(finding, run.names):
        parts.append(tag("p", evidence, class_="evidence"))
    parts.append(tag("p", f"Measured at step {finding.step:,}.", class_="note"))
    if finding.remedies:
        tried = [tag("li", words.remedy(remedy, run.names)) for remedy in finding.remedies]
        parts += [tag("p", "What to try:", class_="note"), tag("ol", *tried, class_="remedies")]
    return tag("article", *parts, class_=f"finding {name}")
