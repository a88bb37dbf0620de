from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from gradviz.experiment import Experiment
from gradviz.plots.parts.sample_grid import SMALLEST_PICTURE_PX, best_grid, levels
from gradviz.plots.parts.style import DARK, LIGHT
from gradviz.plots.samples import MOST_SAMPLES, SamplesPlot
from gradviz.recording.frame import Evaluation, HeldOut, Started
from gradviz.recording.history import History

COUNT = 60
WRONG = (3, 50, 59)


def history(held_out: HeldOut) -> History:
    return History(
        Started.of_experiment(
            Experiment(depth=3),
            quantities=(),
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )


@pytest.fixture
def pictures() -> HeldOut:
    """Sample n is of class n % 10; its picture, 2 x 3, holds n in every place."""
    inputs = np.repeat(np.arange(COUNT, dtype=np.float32), 6).reshape(COUNT, 6)
    return HeldOut(inputs, np.arange(COUNT) % 10, tuple("0123456789"), image_shape=(2, 3))


def evaluated(step: int = 120) -> Evaluation:
    predicted = np.arange(COUNT) % 10
    predicted[list(WRONG)] = (predicted[list(WRONG)] + 1) % 10
    confidence = np.linspace(0.5, 1.0, COUNT).astype(np.float32)
    return Evaluation(step, 0.1, 0.975, predicted, confidence)


@pytest.fixture
def plot(qtbot: object) -> Iterator[SamplesPlot]:
    plot = SamplesPlot()
    plot.resize(500, 400)
    yield plot
    plot.close()


def words_of(plot: SamplesPlot) -> str:
    return " ".join(words for _, _, words in plot.key.entries)


def picture_of(plot: SamplesPlot) -> QImage:
    """The row of the layout between title and key."""
    plot.grab()
    return plot.grab(plot.ci.getItem(1, 0).sceneBoundingRect().toRect()).toImage()


def share_of(image: QImage, colour: str) -> float:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)[:, : 3 * image.width()]
    wanted = QColor(colour)
    near = np.abs(rows.reshape(-1, 3).astype(int) - [wanted.red(), wanted.green(), wanted.blue()]).max(axis=1) < 8
    return float(near.mean())


def test_the_title_says_step_and_accuracy(plot: SamplesPlot, pictures: HeldOut) -> None:
    run = history(pictures)
    run.append(evaluated())
    plot.show_history(run)
    assert plot.title.text == "Validation samples at step 120: 97.5% right"
    assert "the first of 60" in words_of(plot)


def test_every_sample_has_its_prediction_and_confidence(plot: SamplesPlot, pictures: HeldOut) -> None:
    run = history(pictures)
    run.append(evaluated())
    plot.show_history(run)
    shown = plot.samples
    assert len(shown) == MOST_SAMPLES
    for number, sample in enumerate(shown):
        assert sample.wrong == (number in WRONG)
        assert sample.truth == str(number % 10)
        assert sample.predicted == (str((number + 1) % 10) if number in WRONG else str(number % 10))
        assert sample.confidence == pytest.approx(0.5 + 0.5 * number / (COUNT - 1))
        assert (sample.levels == round(255 * number / (COUNT - 1))).all()
        assert sample.levels.shape == (1, 2, 3)
    assert shown[3].captions == ("4≠3 53%", "4≠3")
    assert shown[0].captions == ("0 50%", "0")


def test_wrong_ones_come_first_on_demand(plot: SamplesPlot, pictures: HeldOut) -> None:
    run = history(pictures)
    run.append(evaluated())
    plot.show_history(run)
    plot.wrong_first.setChecked(True)
    greys = [int(sample.levels[0, 0, 0]) for sample in plot.samples]
    order = [*WRONG, *(number for number in range(COUNT) if number not in WRONG)][:MOST_SAMPLES]
    assert greys == [round(255 * number / (COUNT - 1)) for number in order]
    assert "wrong ones first, of 60" in words_of(plot)
    plot.wrong_first.setChecked(False)
    assert not plot.samples[0].wrong


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=["light", "dark"])
def test_wrong_ones_are_framed(plot: SamplesPlot, pictures: HeldOut, style: object) -> None:
    plot.apply_style(style)
    run = history(pictures)
    run.append(evaluated())
    plot.show_history(run)
    with_one_wrong = share_of(picture_of(plot), style.series[1])
    plot.wrong_first.setChecked(True)
    with_three_wrong = share_of(picture_of(plot), style.series[1])
    right = history(pictures)
    right.append(Evaluation(0, 0.1, 1.0, pictures.labels, np.ones(COUNT, np.float32)))
    plot.show_history(right)
    assert share_of(picture_of(plot), style.series[1]) == 0.0
    # text and frame of three are about thrice those of one; the cell stays as large
    assert 2.5 * with_one_wrong < with_three_wrong < 3.5 * with_one_wrong
    assert share_of(picture_of(plot), style.background) > 0.1


def test_refresh_draws_only_what_is_new(plot: SamplesPlot, pictures: HeldOut, monkeypatch: pytest.MonkeyPatch) -> None:
    run = history(pictures)
    plot.show_history(run)
    assert "not been evaluated" in plot.message.text
    drawn: list[str] = []
    # shown anew with every picture
    monkeypatch.setattr(plot.key, "show_entries", lambda *_entries: drawn.append(plot.title.text))
    for step in (0, 10):
        run.append(evaluated(step))
        for _ in range(3):
            plot.refresh()
    assert ["step 0:" in words for words in drawn] == [True, False]
    assert "step 10:" in plot.title.text


def test_why_nothing_is_drawn(plot: SamplesPlot) -> None:
    assert "no run yet" in plot.message.text
    points = HeldOut(np.zeros((4, 2), np.float32), np.zeros(4, np.int64), ("a", "b"), extent=(0, 1, 0, 1))
    plot.show_history(history(points))
    assert "decision boundary" in plot.message.text
    rows = HeldOut(np.zeros((4, 13), np.float32), np.zeros(4, np.int64), ("a", "b"))
    plot.show_history(history(rows))
    assert "13 numbers" in plot.message.text
    assert plot.title.text == words_of(plot) == ""
    assert share_of(picture_of(plot), LIGHT.background) < 1.0


def test_words_give_way_to_pictures_and_back(plot: SamplesPlot, pictures: HeldOut) -> None:
    run = history(pictures)
    run.append(evaluated())
    for _ in range(2):
        plot.show_history(run)
        assert plot.readout().notice == ""
        assert plot.message.scene() is None
        plot.show_history(None)
        assert plot.readout().notice
        assert plot.ci.getItem(1, 0) is plot.message


@pytest.mark.parametrize("width", [10.0, 120.0, 300.0, 700.0])
@pytest.mark.parametrize("height", [10.0, 150.0, 500.0])
@pytest.mark.parametrize("samples", [1, 7, 40])
def test_the_grid_fits_its_area(width: float, height: float, samples: int) -> None:
    caption = 12.0
    columns, side, count = best_grid(width, height, samples, caption)
    rows = -(-count // columns)
    assert 1 <= count <= samples
    if count > 1 or side > 1.0:
        assert columns * side <= width
        assert rows * (side + caption) <= height
    if count < samples:
        # one more would have been too small to make out, in whatever number of columns
        sides = (
            min(width / each - 8, height / -(-(count + 1) // each) - caption - 8) for each in range(1, samples + 1)
        )
        assert max(sides) < SMALLEST_PICTURE_PX


def test_pictures_of_one_level_do_not_divide_by_zero() -> None:
    flat = HeldOut(np.full((2, 4), 7.0, np.float32), np.zeros(2, np.int64), ("a",), image_shape=(2, 2))
    assert (levels(flat, np.arange(2), (7.0, 7.0)) == 0).all()


def test_colour_pictures_keep_their_colours(qtbot: object) -> None:
    values = np.zeros((2, 3, 2, 2), np.float32)
    values[0, 0], values[1, 2] = 1.0, 0.5
    colourful = HeldOut(values.reshape(2, 12), np.arange(2), ("red", "blue"), image_shape=(2, 2), channels=3)
    plot = SamplesPlot()
    plot.resize(300, 200)
    run = history(colourful)
    run.append(Evaluation(0, 0.1, 1.0, np.arange(2), np.ones(2, np.float32)))
    plot.show_history(run)
    picture = picture_of(plot)
    seen = {picture.pixelColor(x, y).getRgb()[:3] for x in range(picture.width()) for y in range(picture.height())}
    assert {(255, 0, 0), (0, 0, 128)} <= seen
    plot.close()
