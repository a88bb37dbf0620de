"""The rows of a run in a table, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradviz.diagnosis import severity_scores, worst_rows
from gradviz.diagnosis.severity_scores import MOST
from gradviz.diagnosis.words import title
from gradviz.diagnosis.words.numbers import counted, plain, power, share
from gradviz.report.markup import Markup, tag
from gradviz.report.reported_run import ReportedRun

MOST_ROWS = 60
# quantity, heading, words for a value
COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("weight_grad_norm", "Weight gradient", power),
    ("activation_grad_rms", "Activation gradient", power),
    ("update_ratio", "Update ratio", power),
    ("dead_fraction", "Dead units", share),
    ("saturated_fraction", "Saturated", share),
)
UNKNOWN = "–"


def row_table(run: ReportedRun) -> Markup:
    """Return the table of the worst rows, and how many there are beside them."""
    history = run.history
    columns = [
        (heading, words, found[1])
        for name, heading, words in COLUMNS
        if run.measures(name) and (found := history.latest_row(name, run.latest)) is not None
    ]
    scores = severity_scores(history)
    worst = worst_rows(history).tolist()
    named, grouped = bool(history.started.row_names), any(row.group for row in history.started.rows)
    words_of = [*(["Name"] if named else []), *(["Group"] if grouped else []), "Findings"]
    heads = [tag("th", "Row", scope="col"), *(tag("th", each, scope="col", class_="words") for each in words_of)]
    heads += [tag("th", each, scope="col") for each in ("Severity", *(heading for heading, _, _ in columns))]
    lines = []
    for number in worst[:MOST_ROWS]:
        row = history.started.rows[number - 1]
        cells: list[object] = [tag("th", f"{number:,}", scope="row")]
        cells += [tag("td", row.name, class_="name")] if named else []
        cells += [tag("td", row.group, class_="name")] if grouped else []
        cells.append(tag("td", ", ".join(_findings(run, number)) or UNKNOWN, class_="words"))
        cells.append(tag("td", _severity(float(scores[number - 1])), class_="bad" if scores[number - 1] >= 1 else None))
        cells += [tag("td", _value(values[number - 1], words)) for _, words, values in columns]
        lines.append(tag("tr", *cells))
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *lines), class_="rows")
    return tag("div", tag("p", _about(len(worst)), class_="note"), tag("div", table, class_="scroll"))


def _about(rows: int) -> str:
    words = "Severity 1 is the threshold of a finding."
    if rows > MOST_ROWS:
        return f"The {MOST_ROWS} worst of {counted(rows, 'row')}. {words}"
    return f"The worst first. {words}"


def _findings(run: ReportedRun, number: int) -> Iterator[str]:
    for finding in run.findings:
        if number in finding.rows:
            yield title(finding)


def _severity(score: float) -> str:
    # nothing finite can be said of such a row: its gradient is zero, or no number
    return "∞" if score >= MOST else plain(float(f"{score:.2g}"))


def _value(value: np.float32, words: Callable[[float], str]) -> str:
    return UNKNOWN if np.isnan(value) else words(float(value))
