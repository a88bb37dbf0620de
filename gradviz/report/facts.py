"""What a run was: its recipe or its script, where it ran, what was observed, and what differs from other runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gradviz.diagnosis.words.numbers import counted, listed, plain
from gradviz.experiment import Experiment
from gradviz.experiment.differences import NAMING, differences, value_in_words
from gradviz.experiment.recipe import fields
from gradviz.experiment.relevance import inapplicable
from gradviz.recording.frame import Observation
from gradviz.recording.observations import KINDS
from gradviz.recording.source import LEARNING_RATE
from gradviz.report.markup import Markup, joined, tag
from gradviz.report.reported_run import ReportedRun

MOST_OBSERVATIONS = 60
MOST_NAMES = 6
UNKNOWN = "–"


def outcome(run: ReportedRun) -> dict[str, str]:
    """Return what came of a run: steps, loss, accuracy."""
    history = run.history
    steps = f"{max(run.latest, 0):,}"
    if history.diverged is not None:
        steps += f", diverged at step {history.diverged.step:,}"
    found = {"Steps": steps}
    loss = history.loss(run.latest)
    if loss is not None and not math.isnan(loss):
        found["Loss"] = plain(loss)
    rate = float(history.scalars(run.latest, run.latest + 1)[0, LEARNING_RATE])
    if not math.isnan(rate):
        found["Last learning rate"] = plain(rate)
    evaluation = history.latest_evaluation
    if evaluation is not None:
        score = history.started.score
        found[f"Validation {score.name}"] = score.text(evaluation.accuracy)
    return found


def about(run: ReportedRun) -> Markup:
    """Return all facts of a run: what came of it, what was trained, and where."""
    started = run.history.started
    network = {
        "Network": "watched in a script" if started.experiment is None else started.experiment.network.summary,
        "Rows": f"{len(started.rows):,}",
        "Parameters": f"{started.parameters:,}" if started.parameters else UNKNOWN,
        "Precision": started.precision,
        "Device": started.device,
        "Batch size": f"{started.batch_size:,}" if started.batch_size else UNKNOWN,
        "Training samples": f"{started.training_samples:,}" if started.training_samples else UNKNOWN,
    }
    known = {label: value for label, value in network.items() if value != UNKNOWN}
    parts = [_titled("Run", {**run.facts, **outcome(run)}), _titled("Network", known)]
    if started.experiment is not None:
        parts.append(_titled("Experiment", recipe(started.experiment)))
    if run.environment:
        parts.append(_titled("Environment", run.environment))
    notes = started.experiment.notes if started.experiment is not None else ""
    said = tag("p", notes, class_="notes") if notes else ""
    return joined([said, tag("div", *parts, class_="facts")])


def recipe(experiment: Experiment) -> dict[str, str]:
    """Return the fields of an experiment that mean something in it, by label, in words."""
    known, idle = fields(experiment.network.architecture), inapplicable(experiment)
    shown = {name: field for name, field in known.items() if name not in idle and name not in NAMING}
    return {field.label: value_in_words(field, experiment.value(name)) for name, field in shown.items()}


def differing(runs: Sequence[ReportedRun]) -> Markup:
    """Return a table of what differs between runs, and what came of each."""
    rows = _fields_that_differ(runs)
    outcomes = [outcome(run) for run in runs]
    labels = dict.fromkeys(label for each in outcomes for label in each)
    rows += [(label, [each.get(label, UNKNOWN) for each in outcomes]) for label in labels]
    heads = [tag("th", "", scope="col"), *(tag("th", run.label, scope="col") for run in runs)]
    lines = [
        tag("tr", tag("th", label, scope="row"), *(tag("td", value) for value in values)) for label, values in rows
    ]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *lines), class_="differences")
    return tag("div", table, class_="scroll")


def observations(run: ReportedRun) -> Markup:
    """Return what was observed beside numbers, in the order in which it began; empty if nothing was."""
    found = run.history.observations
    if not found:
        return Markup("")
    items = [tag("li", tag("b", _since(each)), " ", said(each, run)) for each in found[:MOST_OBSERVATIONS]]
    more = len(found) - MOST_OBSERVATIONS
    rest = tag("p", f"and {counted(more, 'more observation')}", class_="note") if more > 0 else ""
    return joined([tag("ul", *items, class_="observations"), rest])


def said(observation: Observation, run: ReportedRun) -> str:
    """Say one observation in words: of what, what holds, and with which numbers."""
    kind = observation.kind.replace("_", " ")
    if not observation.holds:
        return f"{kind}: no longer"
    # what the vocabulary says of the kind, without the names of its numbers
    meaning = KINDS.get(observation.kind, "").split("[")[0].strip(" :;,")
    # some say what stands in the fields of the observation, which is seen here
    meaning = "" if "`" in meaning else meaning
    whose = list(observation.names) or [run.names.row(row) for row in observation.rows]
    if len(whose) > MOST_NAMES:
        whose = [*whose[:MOST_NAMES], f"{len(whose) - MOST_NAMES:,} more"]
    numbers = [f"{name.replace('_', ' ')} {plain(value)}" for name, value in observation.numbers]
    parts = [f"{kind}{f' ({meaning})' if meaning else ''}"]
    parts += [listed(whose)] if whose else []
    parts += [", ".join(numbers)] if numbers else []
    return ": ".join(parts[:2]) + (f"; {parts[2]}" if len(parts) > 2 else "")


def _since(observation: Observation) -> str:
    return f"Step {observation.step:,}"


def _fields_that_differ(runs: Sequence[ReportedRun]) -> list[tuple[str, list[str]]]:
    recipes = [run.history.started.experiment for run in runs]
    rows = []
    if None in recipes:
        rows.append(("Network", ["watched" if each is None else each.network.summary for each in recipes]))
    places = [place for place, each in enumerate(recipes) if each is not None]
    for difference in differences([each for each in recipes if each is not None]):
        values = [UNKNOWN] * len(runs)
        for place, value in zip(places, difference.values, strict=True):
            values[place] = value
        rows.append((difference.label, values))
    for label, facts in (("Rows", [f"{len(run.history.started.rows):,}" for run in runs]), *_environments(runs)):
        if len(set(facts)) > 1:
            rows.append((label, facts))
    return rows


def _environments(runs: Sequence[ReportedRun]) -> list[tuple[str, list[str]]]:
    # what the recipe says already, or what follows from it
    known = dict.fromkeys(name for run in runs for name in run.environment if name not in ("seed", "parameters"))
    return [(name, [run.environment.get(name, UNKNOWN) for run in runs]) for name in known]


def _titled(title: str, facts: Mapping[str, str]) -> Markup:
    pairs = [tag("div", tag("dt", label), tag("dd", value)) for label, value in facts.items()]
    return tag("section", tag("h4", title), tag("dl", *pairs))
