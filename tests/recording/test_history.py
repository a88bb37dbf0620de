from __future__ import annotations

import threading
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import pytest

from gradviz.experiment import Experiment
from gradviz.recording import history as recording_history
from gradviz.recording.frame import (
    KINDS,
    Distribution,
    Distributions,
    Diverged,
    Evaluation,
    Frame,
    Quantity,
    Started,
)
from gradviz.recording.history import History
from gradviz.recording.zoom.chunked_series import ChunkedSeries
from gradviz.recording.zoom.levels import BATCH, stride_for

ONE = (Quantity("norm", "Norm", "", "made up"),)


@pytest.fixture
def history(make_started: Callable[..., Started]) -> History:
    return History(make_started())


def test_a_new_history_is_empty(history: History) -> None:
    assert history.frames == 0
    assert history.diverged is None
    assert history.latest_evaluation is None
    assert history.span("mean") is None
    assert history.row("mean", 0) is None
    assert history.losses()[0].size == history.accuracies()[1].size == 0
    assert history.window("mean", 0, 10).values.shape == (0, 3)


def test_frames_come_back_as_they_went_in(history: History, make_frame: Callable[..., Frame]) -> None:
    frames = [make_frame(step) for step in range(600)]
    for item in frames:
        history.append(item)
    assert history.frames == 600
    for item in frames:
        assert history.loss(item.step) == item.loss
        for name, row in item.rows.items():
            np.testing.assert_array_equal(history.row(name, item.step), row)
    assert history.loss(-1) is history.loss(600) is None
    for series, field in (
        (history.losses(), "loss"),
        (history.batch_accuracies(), "batch_accuracy"),
        (history.learning_rates(), "learning_rate"),
    ):
        np.testing.assert_array_equal(series[0], np.arange(600))
        np.testing.assert_array_equal(series[1], [getattr(item, field) for item in frames])


def test_the_writers_array_may_be_used_again(history: History, make_frame: Callable[..., Frame]) -> None:
    buffer = np.ones(3, np.float32)
    history.append(make_frame(0, mean=buffer))
    buffer[:] = 9.0
    assert history.row("mean", 0).tolist() == [1.0, 1.0, 1.0]


def test_what_was_not_measured_is_none_and_no_column(history: History, make_frame: Callable[..., Frame]) -> None:
    for step in range(4):
        history.append(make_frame(step, mean=None if step % 2 == 0 else np.full(3, step, np.float32)))
    assert history.row("mean", 0) is None
    assert history.row("mean", 1) is not None
    assert history.row("mean", 4) is None
    assert history.row("mean", -1) is None
    window = history.window("mean", 0, 3)
    assert window.measured.tolist() == [False, True, False, True]
    assert np.isnan(window.values[0]).all()


def test_evaluations(history: History, make_evaluation: Callable[..., Evaluation]) -> None:
    for step in (0, 10, 20):
        history.append(make_evaluation(step))
    assert history.latest_evaluation.step == 20
    steps, accuracies = history.accuracies()
    assert steps.tolist() == [0, 10, 20]
    assert steps.dtype.kind == "i"
    assert accuracies.tolist() == [make_evaluation(step).accuracy for step in (0, 10, 20)]
    assert history.evaluation_losses()[1].tolist() == [make_evaluation(step).loss for step in (0, 10, 20)]
    with pytest.raises(ValueError, match="out of order"):
        history.append(make_evaluation(20))


def test_span_is_of_finite_values_only(history: History, make_frame: Callable[..., Frame]) -> None:
    rows = np.array([[np.nan, -np.inf, np.inf], [-3.0, np.nan, 4.0], [5.0, -np.inf, 0.0]], np.float32)
    seen = []
    for step, row in enumerate(rows):
        history.append(make_frame(step, mean=row))
        seen.append(history.span("mean"))
    assert seen == [None, (-3.0, 4.0), (-3.0, 5.0)]


def test_quantities_are_found_by_name(history: History) -> None:
    assert history.quantity("mean") is history.quantities[1]
    with pytest.raises(KeyError):
        history.quantity("unknown")


@pytest.mark.parametrize(
    ("step", "rows", "message"),
    [
        (2, {}, "out of order"),
        (0, {}, "out of order"),
        (1, {"mean": np.zeros(4, np.float32)}, "shape"),
        (1, {"exact_log10_norm": np.zeros((1, 3), np.float32)}, "shape"),
        (1, {"unknown": np.zeros(3, np.float32)}, "unknown"),
    ],
)
def test_a_wrong_frame_is_refused_and_leaves_no_trace(
    history: History, make_frame: Callable[..., Frame], step: int, rows: dict[str, np.ndarray], message: str
) -> None:
    history.append(make_frame(0))
    with pytest.raises(ValueError, match=message):
        history.append(make_frame(step, **rows))
    assert history.frames == 1
    history.append(make_frame(1))
    np.testing.assert_array_equal(history.row("mean", 1), make_frame(1).rows["mean"])


def test_nothing_comes_after_a_divergence(history: History, make_frame: Callable[..., Frame]) -> None:
    history.append(make_frame(0))
    history.append(Diverged(0, float("nan")))
    assert history.diverged.step == 0
    with pytest.raises(ValueError, match="diverged at step 0"):
        history.append(make_frame(1))
    assert history.frames == 1


def test_a_reader_never_sees_what_is_not_whole(make_started: Callable[..., Started]) -> None:
    """Every frame carries its own step in every number, so a torn or early read would show."""
    history, steps, layers = History(make_started(5, ONE)), 4000, 5
    done, wrong = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            frames = history.frames
            if frames:
                newest = history.row("norm", frames - 1)
                window = history.window("norm", 0, frames - 1, stride_for(frames, 16))
                ends = np.minimum(window.first_step + window.stride * np.arange(1, len(window.values) + 1), frames) - 1
                # every value grows with its step: the maximum of a column is its last step
                if not (newest == frames - 1).all() or not (window.values[:-1] == ends[:-1, np.newaxis]).all():
                    wrong.append(frames)
                if not window.values[-1, 0] >= ends[-1]:
                    wrong.append(frames)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for step in range(steps):
        history.append(Frame(step, 1.0, 0.5, 0.1, {"norm": np.full(layers, step, np.float32)}))
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


class CountedReads:
    """Counts the rows that reading a window looks at, which is what it costs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows = 0
        view = ChunkedSeries.view

        def counted(strip: ChunkedSeries, first: int, end: int) -> object:
            self.rows += end - first
            return view(strip, first, end)

        monkeypatch.setattr(ChunkedSeries, "view", counted)


def long_history(make_started: Callable[..., Started], steps: int) -> History:
    history, row = History(make_started(5, ONE)), np.zeros(5, np.float32)
    for step in range(steps):
        history.append(Frame(step, 1.0, 0.5, 0.1, {"norm": row}))
    return history


@pytest.mark.slow
def test_a_window_costs_the_same_however_long_the_run(
    make_started: Callable[..., Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    costs, times = [], []
    for steps in (999, 99_999):
        history = long_history(make_started, steps)
        with monkeypatch.context() as patch:
            counter = CountedReads(patch)
            history.window("norm", 0, steps, stride_for(steps, 500))
            costs.append(counter.rows)
        times.append(
            median(
                _seconds(lambda history=history, steps=steps: history.window("norm", 0, steps, stride_for(steps, 500)))
            )
        )
    # two rows for each of at most 500 columns, and for the last one a batch and three rows for each of 17 levels
    assert all(500 / 2 < cost <= 2 * 500 + BATCH + 3 * 17 for cost in costs)
    assert times[1] < 4 * times[0]


def _seconds(call: Callable[[], object]) -> list[float]:
    seconds = []
    for _ in range(51):
        begin = perf_counter()
        call()
        seconds.append(perf_counter() - begin)
    return seconds


def test_appending_writes_less_than_two_rows_per_step(
    make_started: Callable[..., Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = {"largest": 0, "mean": 0, "rows": 0}
    put, put_all = ChunkedSeries.put, ChunkedSeries.put_all

    def counted_put(series: ChunkedSeries, *row: object) -> None:
        written[series.key.kind] += 1
        put(series, *row)

    def counted_put_all(series: ChunkedSeries, first: int, values: np.ndarray, measured: np.ndarray) -> None:
        written[series.key.kind] += len(values)
        put_all(series, first, values, measured)

    monkeypatch.setattr(ChunkedSeries, "put", counted_put)
    monkeypatch.setattr(ChunkedSeries, "put_all", counted_put_all)
    long_history(make_started, 4096)
    # a quarter, a sixteenth ... of the rows of level 0
    assert written == {"rows": 4096, "largest": (4096 - 1) // 3, "mean": (4096 - 1) // 3}


def made_up_distributions(step: int, layers: int = 3) -> Distributions:
    edges = np.tile(np.linspace(0.0, 1.0, 5), (layers, 1)) + step
    nothing = np.zeros(layers, np.int64)
    return Distributions(
        step, {k.name: Distribution(k, edges, np.ones((layers, 4), int), nothing, nothing) for k in KINDS}
    )


def test_distributions_and_evaluations_are_found_at_any_step(
    make_started: Callable[..., Started], make_evaluation: Callable[..., Evaluation]
) -> None:
    history = History(make_started())
    assert history.first_distributions is history.latest_distributions is history.distributions_at(9) is None
    assert history.evaluation_at(9) is None
    given = {step: made_up_distributions(step) for step in (0, 10, 20)}
    looks = {step: make_evaluation(step) for step in (5, 10)}
    for step in range(0, 21, 5):
        for each in (given.get(step), looks.get(step)):
            if each is not None:
                history.append(each)
    assert history.first_distributions is given[0]
    assert history.latest_distributions is given[20]
    assert [history.distributions_at(step) for step in (0, 9, 10, 19, 99)] == [given[s] for s in (0, 0, 10, 10, 20)]
    assert [history.evaluation_at(step) for step in (4, 5, 9, 10, 99)] == [None, *(looks[s] for s in (5, 5, 10, 10))]
    assert history.distribution_steps.tolist() == [0, 10, 20]
    assert history.evaluation_steps.tolist() == [5, 10]


def test_of_very_many_distributions_some_are_kept(
    make_started: Callable[..., Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    # edges [3, 5] float64, counts [3, 4] and twice [3] int64, of each kind
    weight = len(KINDS) * 8 * (15 + 12 + 6)
    monkeypatch.setattr(recording_history, "MOST_DISTRIBUTION_BYTES", 10 * weight)
    history = History(make_started())
    for step in range(0, 1000, 10):
        history.append(made_up_distributions(step))
    assert len(history.distribution_steps) == 10
    assert history.distribution_steps[[0, -1]].tolist() == [0, 990]
    assert history.distributions_at(989).step == history.distribution_steps[-2]


def test_curves_and_skipped_steps(make_started: Callable[..., Started]) -> None:
    history, losses = History(make_started()), np.random.default_rng(0).normal(5, 1, 1000)
    for step, loss in enumerate(losses):
        history.append(Frame(step, loss, loss / 10, loss / 100, {}, skipped=step in (3, 500)))
    for name, factor in (("loss", 1), ("batch_accuracy", 10), ("learning_rate", 100)):
        curve = history.curve(name, 0, 999, 30)
        assert curve.stride == 64
        wanted = [losses[start : start + 64] for start in range(0, 1000, 64)]
        np.testing.assert_allclose(curve.smallest * factor, [each.min() for each in wanted])
        np.testing.assert_allclose(curve.largest * factor, [each.max() for each in wanted])
    with pytest.raises(KeyError):
        history.curve("unknown", 0, 9, 5)
    assert history.skipped_steps().tolist() == [3, 500]
    assert history.batch_accuracy(7) == losses[7] / 10
    assert history.batch_accuracy(1000) is history.batch_accuracy(-1) is None


def test_layers_that_were_not_measured_do_not_count(make_started: Callable[..., Started]) -> None:
    history = History(make_started(quantities=ONE))
    some = np.array([True, False, True])
    history.append(Frame(0, 1.0, 0.5, 0.1, {"norm": np.array([1.0, 99.0, -2.0], np.float32)}, {"norm": some}))
    history.append(Frame(1, 1.0, 0.5, 0.1, {"norm": np.array([0.5, 0.5, 0.5], np.float32)}))
    assert history.span("norm") == (-2.0, 1.0)
    np.testing.assert_array_equal(history.row("norm", 0), np.array([1.0, np.nan, -2.0], np.float32))
    np.testing.assert_array_equal(history.measured("norm", 0), some)
    assert history.measured("norm", 1).all()
    assert not history.measured("norm", 2).any()
    with pytest.raises(ValueError, match="shape"):
        history.append(Frame(2, 1.0, 0.5, 0.1, {"norm": np.zeros(3, np.float32)}, {"norm": np.ones(4, bool)}))


def test_distributions_out_of_order_or_of_another_depth_are_refused(make_started: Callable[..., Started]) -> None:
    history = History(make_started())
    history.append(made_up_distributions(10))
    for step in (10, 0):
        with pytest.raises(ValueError, match="out of order"):
            history.append(made_up_distributions(step))
    with pytest.raises(ValueError, match="4 layers where 3"):
        history.append(made_up_distributions(20, layers=4))
    assert history.latest_distributions is history.first_distributions
    history.append(Diverged(12, float("nan")))
    with pytest.raises(ValueError, match="diverged"):
        history.append(made_up_distributions(30))


def test_a_recording_of_all_events_is_that_of_one_after_the_other() -> None:
    from gradviz.training.loop import train

    experiment = Experiment(depth=3, width=4, steps=4, batch_size=16, device="cpu")
    at_once = History.of(train(experiment))
    started, *events = train(experiment)
    one_by_one = History(started)
    for event in events:
        one_by_one.append(event)
    assert at_once.frames == one_by_one.frames == 5
    assert at_once.started.experiment == experiment
    np.testing.assert_array_equal(at_once.losses()[1], one_by_one.losses()[1])
    np.testing.assert_array_equal(at_once.accuracies()[1], one_by_one.accuracies()[1])
