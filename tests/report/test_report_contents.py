"""What stands in a report is what the runs hold."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_report import DEAD, NORM, Elements, image_in, made_up, observe, points_of, tree_of

from gradviz.diagnosis import diagnose, words, worst_rows
from gradviz.diagnosis.words import Names
from gradviz.diagnosis.words.numbers import power
from gradviz.experiment import Experiment
from gradviz.plots.parts.colour_indices import COLOURS, EXACTLY_ZERO, FIRST_COLOUR, NOT_MEASURED
from gradviz.plots.parts.colours import colour_table
from gradviz.recording.frame import Evaluation, Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History
from gradviz.report import charts, reported
from gradviz.report.axes import Axis
from gradviz.report.charts import Line, chart
from gradviz.report.colour_maps import colour_scale
from gradviz.report.curves import curves
from gradviz.report.facts import differing, observations, outcome
from gradviz.report.heatmap import columns_of, heatmap, held
from gradviz.report.profiles import profiles
from gradviz.report.row_table import MOST_ROWS, row_table
from gradviz.report.verdict import verdict

SIGNED = Quantity("mean", "Mean", "", "", scale="linear", signed=True)


def texts(markup: str, tag: str) -> list[str]:
    return ["".join(each.itertext()) for each in tree_of(f"<!DOCTYPE html>\n<div>{markup}</div>").iter(tag)]


def drawn(markup: str, name: str) -> list[list[tuple[float, float]]]:
    """The points of all lines of a class."""
    found = Elements(markup).found
    paths = [each["d"] for tag, each in found if tag == "path" and name in str(each["class"]).split()]
    # the first of each figure are the lines themselves, then come the samples in the legend
    return [points_of(str(path)) for path in paths if "H" not in str(path)]


@pytest.mark.parametrize("quantity", [NORM, SIGNED], ids=["magnitude", "signed"])
def test_the_colours_are_those_of_the_window(quantity: Quantity) -> None:
    difference = colour_scale(quantity).astype(int) - colour_table(quantity)[:, :3]
    assert np.abs(difference).max() <= 4


def test_a_heatmap_holds_every_number_at_its_place() -> None:
    history = made_up(rows=6, steps=30)
    address = next(str(each["href"]) for tag, each in Elements(heatmap(history, NORM)).found if tag == "image")
    indices = np.asarray(image_in(address))
    # norms of 10^-5.5 in row 1 to 10^-0.5 in row 6, on an axis of six decades; the first row is at the bottom
    place = (np.arange(6) - 5.5 + 6) / 6 * (COLOURS - 1)
    assert np.array_equal(indices, np.repeat(np.rint(place)[::-1, np.newaxis] + FIRST_COLOUR, 30, axis=1))


def test_what_was_measured_now_and_then_is_held_until_the_next_time() -> None:
    history = made_up(steps=25)
    window = columns_of(history, DEAD, 25)
    assert window.measured.tolist() == [step % 10 == 0 for step in range(25)]
    shown = held(window)
    assert shown.measured.all()
    assert np.array_equal(shown.values, np.full((25, 6), 0.25, np.float32))


def test_zeros_and_what_was_not_measured_have_their_own_colours_and_are_explained() -> None:
    history = History(made_up().started)
    there = np.array([True, True, False, True, True, True])
    values = np.array([-np.inf, -1, np.nan, -1, -1, -1], np.float32)
    history.append(Frame(0, 1.0, 0.5, 0.1, {NORM.name: values}, {NORM.name: there}))
    figure = heatmap(history, NORM)
    indices = np.asarray(image_in(next(str(each["href"]) for tag, each in Elements(figure).found if tag == "image")))
    assert indices[::-1, 0].tolist()[:3:2] == [EXACTLY_ZERO, NOT_MEASURED]
    assert texts(figure, "li") == [" exactly zero", " not measured"]


def test_of_many_rows_the_largest_of_several_is_shown() -> None:
    history = History(Started("deep", made_up(1200).started.rows, (NORM, SIGNED), "float32", 1, "cpu", 1))
    norms, means = np.full(1200, -3.0, np.float32), np.full(1200, 0.5, np.float32)
    norms[700], means[700] = -1.0, -2.0
    history.append(Frame(0, 1.0, 0.5, 0.1, {NORM.name: norms, SIGNED.name: means}))
    for quantity, extreme in ((NORM, 255), (SIGNED, FIRST_COLOUR)):
        figure = heatmap(history, quantity)
        address = next(str(each["href"]) for tag, each in Elements(figure).found if tag == "image")
        indices = np.asarray(image_in(address))
        assert indices.shape == (400, 1)
        distance = np.abs(indices[::-1, 0].astype(int) - extreme)
        assert int(distance.argmin()) == 700 // 3


def test_a_chart_draws_each_point_where_it_belongs_and_breaks_at_what_is_no_number() -> None:
    x, y = np.arange(5.0), np.array([0.0, 10.0, np.nan, 5.0, 2.5])
    figure = chart("a", [Line("line", x, y)], Axis("step", 0, 4), Axis("", 0.0, 10.0))
    across = np.linspace(charts.LEFT, charts.RIGHT, 5).round(1)
    up = [charts.BOTTOM, charts.TOP, (charts.BOTTOM + charts.TOP) / 2, charts.BOTTOM - (charts.BOTTOM - charts.TOP) / 4]
    wanted = list(zip(across[[0, 1, 3, 4]].tolist(), np.round(up, 1).tolist(), strict=True))
    assert drawn(figure, "line") == [wanted]
    assert str(figure).count('d="M') == 2
    path = next(str(each["d"]) for tag, each in Elements(figure).found if tag == "path")
    assert path.count("M") == 2


def test_curves_have_a_line_for_each_number_told() -> None:
    [run] = reported([made_up()], ["a"])
    titles = [title for figure in curves([run]) for title in texts(figure, "h4")]
    assert titles == ["Loss", "Accuracy", "Temperature"]
    [_, _, temperature] = curves([run])
    # told at 0, 10 and 20, on an axis from 0 to 20
    ups = [up for _, up in drawn(temperature, "line")[0]]
    assert ups == [charts.BOTTOM, (charts.BOTTOM + charts.TOP) / 2, charts.TOP]


def test_the_norm_before_clipping_lies_on_a_logarithmic_axis_and_a_zero_is_left_out() -> None:
    history = History(made_up().started)
    for step, norm in enumerate((0.1, 0.0, 1.0)):
        history.append(Frame(step, 2.0, 0.5, 0.1, {}, scalars={"gradient_norm_before_clipping": norm}))
    [figure] = [each for each in curves(reported([history], ["a"])) if "before clipping" in texts(each, "h4")[0]]
    ups = [up for _, up in drawn(figure, "line")[0]]
    # the axis goes from 0.1 to 10
    assert ups == [charts.BOTTOM, (charts.BOTTOM + charts.TOP) / 2]
    assert texts(figure, "li") == []


def test_validation_numbers_of_a_script_stand_beside_those_of_its_batches() -> None:
    history = History(made_up().started)
    for step in range(5):
        told = {"validation_loss": 3.0, "validation_accuracy": 0.25, "learning_rate/1": 0.01}
        history.append(Frame(step, 2.0, 0.5, 0.1, {}, scalars=told))
    figures = curves(reported([history], ["a"]))
    legends = {texts(figure, "h4")[0]: [each.strip() for each in texts(figure, "li")] for figure in figures}
    assert legends == {
        "Loss": ["training batch", "validation"],
        "Accuracy": ["training batch", "validation"],
        "Learning rate": ["group 0", "group 1"],
    }


def test_profiles_lay_runs_of_unequal_depth_over_each_other() -> None:
    runs = reported([made_up(6), made_up(12)], ["a", "b"])
    figure = profiles(runs)[0]
    shallow, deep = drawn(figure, "s0")[0], drawn(figure, "s1")[0]
    assert (len(shallow), len(deep)) == (6, 12)
    span = charts.RIGHT - charts.LEFT
    assert shallow[0][0] == pytest.approx(charts.LEFT + span * 0.5 / 6, abs=0.05)
    assert deep[-1][0] == pytest.approx(charts.LEFT + span * 11.5 / 12, abs=0.05)


def test_the_table_ranks_the_rows_and_says_what_was_found_in_each() -> None:
    history = made_up(80)
    [run] = reported([history], ["a"])
    table = row_table(run)
    lines = [
        texts(line, "td")
        for line in str(table).split("<tr>")[2:]
        for line in ["<tr>" + line.split("</tr>")[0] + "</tr>"]
    ]
    assert len(lines) == MOST_ROWS
    ranked = worst_rows(history)[:MOST_ROWS].tolist()
    assert [int(each) for each in texts(table, "th")[-MOST_ROWS:]] == ranked
    assert [line[0] for line in lines] == [f"layers.{row - 1}" for row in ranked]
    row = history.latest_row(NORM.name, 29)
    assert row is not None
    assert [line[4] for line in lines] == [power(float(row[1][number - 1])) for number in ranked]
    assert {line[5] for line in lines} == {"25%"}
    for line, number in zip(lines, ranked, strict=True):
        wanted = [words.title(finding) for finding in diagnose(history) if number in finding.rows]
        assert line[2] == (", ".join(wanted) or "–")


def test_the_verdict_is_that_of_the_diagnosis_with_evidence_and_remedies() -> None:
    history = made_up(12)
    [run] = reported([history], ["a"])
    findings, names = diagnose(history), Names.of(history.started)
    found = verdict(run)
    assert len(texts(found, "article")) == len(findings)
    said = [remedy for finding in findings for remedy in finding.remedies]
    assert texts(found, "li") == [words.remedy(remedy, names) for remedy in said]
    for finding in findings:
        assert words.evidence(finding, names) in texts(found, "p")


def test_what_differs_is_every_field_that_does_and_what_came_of_each_run() -> None:
    histories = []
    for depth, accuracy in ((3, 0.25), (5, 0.75)):
        samples = HeldOut(np.zeros((2, 64), np.float32), np.array([0, 1]), ("a", "b"), (8, 8))
        known = {"quantities": (NORM,), "parameters": 9, "device": "cpu", "threads": 1, "held_out": samples}
        history = History(Started.of_experiment(Experiment(depth=depth, width=8), **known))
        history.append(Evaluation(0, 1.0, accuracy, np.array([0, 0]), np.array([0.5, 0.5], np.float32)))
        history.append(Frame(0, 1.5, 0.5, 0.1, {NORM.name: np.zeros(depth, np.float32)}))
        histories.append(history)
    runs = reported(histories, ["a", "b"], environments=[{"torch": "1"}, {"torch": "2"}])
    lines = [texts("<tr>" + part.split("</tr>")[0] + "</tr>", "td") for part in str(differing(runs)).split("<tr>")[2:]]
    labels = texts(differing(runs), "th")[3:]
    assert dict(zip(labels, lines, strict=True)) == {
        "Depth": ["3", "5"],
        "Rows": ["3", "5"],
        "torch": ["1", "2"],
        "Steps": ["0", "0"],
        "Loss": ["1.5", "1.5"],
        "Last learning rate": ["0.1", "0.1"],
        "Validation accuracy": ["25.0%", "75.0%"],
    }
    assert outcome(runs[1])["Validation accuracy"] == "75.0%"


def test_observations_are_told_with_step_names_and_numbers() -> None:
    history = made_up()
    assert observations(reported([history], ["a"])[0]) == ""
    observe(history, "in_no_optimizer", "head.weight", "head.bias", parameters=2)
    [said] = texts(observations(reported([history], ["a"])[0]), "li")
    assert said.startswith("Step 3 ")
    assert {"head.weight", "head.bias"} <= set(said.replace(";", "").split())
    assert "parameters 2" in said
    observe(history, "optimizer", "SGD", step=4, lr=0.5)
    assert texts(observations(reported([history], ["a"])[0]), "li")[1] == "Step 4 optimizer: SGD; lr 0.5"


@pytest.mark.parametrize(
    ("axis", "wanted"),
    [
        (Axis("", 0.0, 2.5), ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
        (Axis("", 0.0, 100.0), ["0", "20", "40", "60", "80", "100"]),
        (Axis("", -7.0, 1.0, logarithmic=True), ["10⁻⁶", "10⁻⁴", "0.01", "1"]),
        (Axis("", -0.5, 120_000.5, whole=True), ["0", "25,000", "50,000", "75,000", "100,000"]),
        (Axis("", 0.0, 1e-9), ["0", "2e-10", "4e-10", "6e-10", "8e-10", "1e-09"]),
    ],
)
def test_ticks_are_round_numbers_as_people_write_them(axis: Axis, wanted: list[str]) -> None:
    assert [words for _, words in axis.ticks()] == wanted
