"""The confusion matrix and the surest mistakes as drawn, against plain counting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage
from sklearn import metrics

from gradviz.experiment import Experiment
from gradviz.plots.confusion import ConfusionPlot
from gradviz.plots.mistakes import MistakesPlot
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.plots.predicted import PredictedPlot
from gradviz.recording.frame import Evaluation, HeldOut, Started
from gradviz.recording.history import History

NAMES = ("ape", "bee", "cat")
LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 1, 0, 0, 2, 1])
CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.6, 0.9, 0.9, 0.55, 0.99, 0.7, 0.8], np.float32)


def history(held_out: HeldOut | None, *evaluations: Evaluation) -> History:
    run = History(
        Started.of_experiment(
            Experiment(depth=3), quantities=(), held_out=held_out, parameters=100, device="cpu", threads=1,
            batch_size=4, training_samples=8,
        )
    )  # fmt: skip
    for each in evaluations:
        run.append(each)
    return run


def evaluated(step: int = 40, predicted: np.ndarray = PREDICTED) -> Evaluation:
    return Evaluation(step, 0.5, float((predicted == LABELS).mean()), predicted, CONFIDENCE)


TABLE = HeldOut(np.arange(50, dtype=np.float32).reshape(10, 5), LABELS, NAMES)
PICTURES = HeldOut(np.arange(60, dtype=np.float32).reshape(10, 6), LABELS, NAMES, image_shape=(2, 3))


@pytest.fixture
def confusion(qtbot: object) -> Iterator[ConfusionPlot]:
    plot = ConfusionPlot()
    plot.resize(500, 400)
    yield plot
    plot.close()


@pytest.fixture
def mistakes(qtbot: object) -> Iterator[MistakesPlot]:
    plot = MistakesPlot()
    plot.resize(500, 400)
    yield plot
    plot.close()


def picture_of(plot: ConfusionPlot | MistakesPlot) -> QImage:
    plot.show()
    return plot.grab().toImage()


def centre(plot: ConfusionPlot, row: int, column: int) -> QPointF:
    item = plot.ci.getItem(1, 0)
    field, classes = item.field(), len(NAMES)
    x = field.left() + (column + 0.25) * field.width() / classes
    y = field.top() + (row + 0.25) * field.height() / classes
    return item.mapToScene(QPointF(x, y))


@pytest.mark.parametrize("held_out", [TABLE, PICTURES])
def test_every_sample_is_counted_at_its_truth_and_its_prediction(confusion: ConfusionPlot, held_out: HeldOut) -> None:
    confusion.show_history(history(held_out, evaluated()))
    np.testing.assert_array_equal(confusion.counts, metrics.confusion_matrix(LABELS, PREDICTED))
    np.testing.assert_array_equal(confusion.accuracies, metrics.recall_score(LABELS, PREDICTED, average=None))


def test_another_step_is_another_matrix(confusion: ConfusionPlot) -> None:
    confusion.show_history(history(TABLE, evaluated(0, (LABELS + 1) % 3), evaluated(40)))
    confusion.show_step(10)
    assert np.trace(confusion.counts) == 0
    confusion.show_step(None)
    assert np.trace(confusion.counts) == (PREDICTED == LABELS).sum()
    confusion.history.append(evaluated(80, LABELS))
    confusion.refresh()
    assert np.trace(confusion.counts) == len(LABELS)


@pytest.mark.parametrize("style", [LIGHT, DARK])
def test_right_and_wrong_have_colours_of_their_own_by_their_share_of_the_class(
    confusion: ConfusionPlot, style: Style
) -> None:
    confusion.apply_style(style)
    confusion.show_history(history(TABLE, evaluated()))
    image = picture_of(confusion)

    def seen(row: int, column: int) -> str:
        place = confusion.mapFromScene(centre(confusion, row, column))
        return image.pixelColor(place).name()

    # all of bee are right; no ape is taken for a cat; half of the cats are taken for apes, a quarter for bees
    assert seen(1, 1) == style.series[0]
    assert seen(0, 2) == style.background
    distance = [
        sum(abs(a - b) for a, b in zip(QColor(seen(2, column)).getRgb(), QColor(style.series[1]).getRgb(), strict=True))
        for column in (0, 1)
    ]
    assert 0 < distance[0] < distance[1]


def test_what_is_under_the_mouse_is_said(confusion: ConfusionPlot) -> None:
    said: list[str] = []
    confusion.hovered.connect(said.append)
    confusion.show_history(history(TABLE, evaluated()))
    picture_of(confusion)
    confusion.scene().sigMouseMoved.emit(centre(confusion, 2, 0))
    assert all(word in said[-1] for word in ("2 of 4", "cat", "ape"))
    confusion.scene().sigMouseMoved.emit(QPointF(1, 1))
    assert said[-1] == ""


def test_classes_without_samples_and_many_classes_are_drawn(confusion: ConfusionPlot) -> None:
    names = tuple(f"class {number}" for number in range(300))
    labels = np.arange(600) % 299
    confusion.show_history(
        history(
            HeldOut(np.zeros((600, 2), np.float32), labels, names),
            Evaluation(0, 1.0, 1.0, labels, np.ones(600, np.float32)),
        )
    )
    assert np.isnan(confusion.accuracies[299])
    assert picture_of(confusion).width() == 500


@pytest.mark.parametrize("held_out", [TABLE, PICTURES])
def test_the_surest_mistakes_come_first(mistakes: MistakesPlot, held_out: HeldOut) -> None:
    mistakes.show_history(history(held_out, evaluated()))
    assert [(row.number, row.truth, row.predicted) for row in mistakes.mistakes] == [
        (8, "cat", "ape"), (10, "cat", "bee"), (4, "ape", "bee"), (7, "cat", "ape"),
    ]  # fmt: skip
    if held_out is TABLE:
        assert mistakes.mistakes[0].inputs == "35, 36, 37, 38, 39"
    empty = picture_of(mistakes)
    mistakes.show_history(None)
    assert picture_of(mistakes) != empty


def test_without_a_mistake_it_says_so(mistakes: MistakesPlot) -> None:
    mistakes.show_history(history(TABLE, evaluated(40, LABELS)))
    assert mistakes.readout().notice
    assert mistakes.shown() is None
    mistakes.history.append(evaluated(80))
    mistakes.refresh()
    assert not mistakes.readout().notice
    assert mistakes.shown() is not None


@pytest.mark.parametrize("made", [ConfusionPlot, MistakesPlot, PredictedPlot])
def test_what_is_not_there_is_said(qtbot: object, made: type[ConfusionPlot | MistakesPlot | PredictedPlot]) -> None:
    plot = made()
    for run in (None, history(None), history(TABLE)):
        plot.show_history(run)
        assert plot.readout().notice
        assert plot.shown() is None
    plot.close()


TRUTH = np.array([1.5, -2.0, 30.0, 4.0])
NUMBERS = HeldOut(
    np.arange(8, dtype=np.float32).reshape(4, 2), np.zeros(4, np.int64), (), targets=TRUTH, target_name="price"
)
VALUES = np.array([1.0, -2.5, 10.0, 4.0], np.float32)


def predicted(values: np.ndarray, step: int = 40) -> Evaluation:
    return Evaluation(step, 0.1, 0.5, np.zeros(4, np.int64), np.zeros(4, np.float32), values=values)


def test_predicted_numbers_are_drawn_against_the_true_ones(qtbot: object) -> None:
    plot = PredictedPlot()
    plot.show_history(history(NUMBERS, predicted(VALUES)))
    drawn = plot.readout()["samples"]
    np.testing.assert_array_equal(drawn.x, TRUTH)
    np.testing.assert_array_equal(drawn.y, VALUES)
    assert all("price" in label for label in plot.readout().axes.values())
    across, upwards = plot.ci.getItem(1, 0).getViewBox().viewRange()
    assert across == upwards
    assert across[0] < -2.5
    assert across[1] > 30.0
    plot.close()


def test_predictions_that_are_not_finite_are_counted_and_not_drawn(qtbot: object) -> None:
    plot = PredictedPlot()
    plot.show_history(history(NUMBERS, predicted(np.array([np.nan, np.inf, 10.0, 4.0], np.float32))))
    np.testing.assert_array_equal(plot.readout()["samples"].x, TRUTH[2:])
    assert any(words.startswith("2 ") for words in plot.readout().words)
    plot.close()


def test_the_largest_errors_come_first(mistakes: MistakesPlot, confusion: ConfusionPlot) -> None:
    run = history(NUMBERS, predicted(VALUES))
    mistakes.show_history(run)
    assert [row.number for row in mistakes.mistakes] == [3, 1, 2, 4]
    assert mistakes.mistakes[0].cells[1:4] == ("10", "30", "-20")
    confusion.show_history(run)
    assert confusion.readout().notice


def test_mistakes_about_a_text_show_its_characters(mistakes: MistakesPlot) -> None:
    text = HeldOut(np.array([[0, 1, 2], [2, 1, 1]], np.float32), np.array([0, 1]), ("a", "b", "c"), characters=True)
    run = history(text, Evaluation(0, 1.0, 0.5, np.array([0, 2]), np.array([0.9, 0.8], np.float32)))
    mistakes.show_history(run)
    assert [row.cells for row in mistakes.mistakes] == [("2", "c", "b", "80.0%", "cbb")]
