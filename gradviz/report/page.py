"""The page: everything about some runs in one HTML file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from gradviz import __version__
from gradviz.errors import ExportError
from gradviz.recording.atomic_file import write_atomically
from gradviz.report.curves import curves
from gradviz.report.facts import about, differing, observations, outcome
from gradviz.report.heatmap import heatmap
from gradviz.report.markup import Markup, joined, tag
from gradviz.report.profiles import profiles, quantities_of
from gradviz.report.reported_run import MOST_RUNS, ReportedRun
from gradviz.report.row_table import row_table
from gradviz.report.verdict import badge, verdict
from gradviz.resources import resource_path

STYLE = "report/report.css"
SUFFIXES = (".html", ".htm")

Progress = Callable[[int, int], bool]


def save_report(path: Path, runs: Sequence[ReportedRun], progress: Progress | None = None) -> bool:
    """Write the report of `runs` into the file `path`; return False, with nothing written, where `progress` says so.

    `progress` is told how much of how much is done, and says whether to go on. Raises ExportError for a run without a
    step, more runs than a page holds, a file with another ending, and one that cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ExportError(f"{path.name}: a report is an HTML page; give the file the ending {SUFFIXES[0]}")
    page = report_page(runs, progress)
    if page is None:
        return False
    write_atomically(path, page.encode("utf-8"))
    return True


def report_page(runs: Sequence[ReportedRun], progress: Progress | None = None) -> str | None:
    """Return the page about `runs`, None where `progress` says no. Raises ExportError as `save_report` does."""
    if not 1 <= len(runs) <= MOST_RUNS:
        raise ExportError(f"a report covers 1 to {MOST_RUNS} runs, not {len(runs)}")
    for run in runs:
        if not run.history.frames:
            raise ExportError(f"{run.name}: no step is recorded yet; wait for the first one")
    parts = [_head(runs)]
    if len(runs) > 1:
        parts.append(_section("differences", "What differs", differing(runs)))
        parts += [_over_steps(runs), _over_rows(runs)]
    pictured = [(run, quantity) for run in runs for quantity in quantities_of(run)]
    pictures: dict[ReportedRun, list[Markup]] = {run: [] for run in runs}
    for done, (run, quantity) in enumerate(pictured):
        if progress is not None and not progress(done, len(pictured)):
            return None
        pictures[run].append(heatmap(run.history, quantity))
    parts += [_run(run, pictures[run]) for run in runs]
    if progress is not None and not progress(len(pictured), len(pictured)):
        return None
    return document(" and ".join(run.name for run in runs), joined(parts))


def document(title: str, body: Markup) -> str:
    """Return the whole page of that title, with the style sheet in it."""
    # as XML has it, a style sheet may hold neither < nor &
    style = Markup(resource_path(STYLE).read_text(encoding="utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content=f"gradviz {__version__}"),
        tag("title", f"{title} – gradviz report"),
        tag("style", style),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', tag('main', body)), lang='en')}\n"


def _head(runs: Sequence[ReportedRun]) -> Markup:
    made = f"gradviz {__version__} · {datetime.now():%Y-%m-%d %H:%M}"
    title = tag("h1", runs[0].name if len(runs) == 1 else f"{len(runs)} runs compared")
    parts = [tag("p", "Training report", class_="kicker"), title, tag("p", made, class_="note")]
    if len(runs) == 1:
        tiles = {"Verdict": badge(runs[0]), **outcome(runs[0])}
        parts.append(tag("dl", *(tag("div", tag("dt", k), tag("dd", v)) for k, v in tiles.items()), class_="tiles"))
    else:
        items = [
            tag("li", tag("a", run.label, href=f"#run-{run.letter}"), tag("span", badge(run), class_="summary"))
            for run in runs
        ]
        parts.append(tag("ul", *items, class_="runs"))
    return tag("header", *parts)


def _run(run: ReportedRun, pictures: Sequence[Markup]) -> Markup:
    """Return all about one run."""
    name = "" if run.alone else f"-{run.letter}"
    parts = [_section(f"verdict{name}", "Verdict", verdict(run))]
    if run.alone:
        parts.append(_over_steps([run]))
    parts.append(_section(f"heatmaps{name}", "Over rows and steps", tag("div", *pictures, class_="charts")))
    if run.alone:
        parts.append(_over_rows([run]))
    parts.append(_section(f"rows{name}", "Rows", row_table(run)))
    if seen := observations(run):
        parts.append(_section(f"observations{name}", "Observations", seen))
    parts.append(_section(f"facts{name}", "Facts", about(run)))
    if run.alone:
        return joined(parts)
    return tag("div", tag("h2", run.label, class_="run"), *parts, id=f"run-{run.letter}", class_="one-run")


def _over_steps(runs: Sequence[ReportedRun]) -> Markup:
    return _section("curves", "Over the steps", tag("div", *curves(runs), class_="charts"))


def _over_rows(runs: Sequence[ReportedRun]) -> Markup:
    return _section("profiles", "Over the rows", tag("div", *profiles(runs), class_="charts"))


def _section(name: str, title: str, content: Markup) -> Markup:
    return tag("section", tag("h3", title), content, id=name)
