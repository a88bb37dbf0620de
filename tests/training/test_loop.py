"""The loop as a generator of events: their order, how it ends, what it leaves behind."""

import gc
import math
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from covering import each_value

from gradviz.errors import DataError, DeviceError
from gradviz.experiment import Experiment
from gradviz.network.catalogue import build_network
from gradviz.recording.frame import Distributions, Diverged, Evaluation, Event, Frame, Started
from gradviz.training import loop
from gradviz.training.control import Control, pump
from gradviz.training.data import load_data
from gradviz.training.loop import first_events, first_frame, train
from gradviz.training.run import TrainingRun
from gradviz.training.thread_settings import thread_settings

DIVERGING = {
    "depth": 8,
    "activation": "relu",
    "initialization": "he_normal",
    "learning_rate": 100.0,
    "steps": 200,
}


def experiment(**values: object) -> Experiment:
    base = {"depth": 4, "width": 6, "data": "moons", "samples": 100, "batch_size": 20, "device": "cpu", "steps": 7}
    return Experiment.parse(base | {"activation": "tanh", "evaluate_every": 3} | values)


def frames_of(events: list[Event]) -> list[Frame]:
    return [event for event in events if isinstance(event, Frame)]


@pytest.mark.parametrize("steps", [1, 2, 7, 9])
def test_n_steps_are_n_plus_one_frames(steps: int) -> None:
    events = list(train(experiment(steps=steps)))
    assert [frame.step for frame in frames_of(events)] == list(range(steps + 1))
    assert isinstance(events[0], Started)
    assert sum(isinstance(event, Started) for event in events) == 1


@pytest.mark.parametrize(("steps", "expected"), [(7, [0, 3, 6, 7]), (6, [0, 3, 6]), (1, [0, 1])])
def test_evaluations_come_on_schedule_and_at_the_end_each_before_its_frame(steps: int, expected: list[int]) -> None:
    events = list(train(experiment(steps=steps)))
    assert [event.step for event in events if isinstance(event, Evaluation)] == expected
    for event, following in pairwise(event for event in events if not isinstance(event, Distributions)):
        if isinstance(event, Evaluation):
            assert isinstance(following, Frame)
            assert following.step == event.step


def test_the_beginning_tells_what_will_be_trained() -> None:
    e = experiment(shortcut="highway", normalization="layer")
    started = next(train(e))
    assert isinstance(started, Started)
    data = load_data(e)
    assert started.experiment == e
    assert (len(started.rows), started.batch_size, started.training_samples) == (4, 20, 80)
    assert started.device == "cpu"
    assert started.threads == 1
    np.testing.assert_array_equal(started.held_out.labels, data.held_out.labels)
    per_layer = 6 * 6 + 6 + 2 * 6 + (6 * 6 + 6)
    assert started.parameters == (2 + 1) * 6 + 4 * per_layer + (6 + 1) * 2
    names = {quantity.name for quantity in started.quantities}
    last = frames_of(list(train(e)))[-1]
    assert set(last.rows) == names
    assert all(row.shape == (4,) and row.dtype == np.float32 for row in last.rows.values())


@pytest.mark.parametrize(("steps", "expected"), [(7, [0, 3, 6, 7]), (6, [0, 3, 6]), (1, [0, 1])])
def test_distributions_come_on_schedule_and_at_the_end_each_before_its_frame(steps: int, expected: list[int]) -> None:
    events = list(train(experiment(steps=steps, probe_every=3)))
    assert [event.step for event in events if isinstance(event, Distributions)] == expected
    for event, following in pairwise(events):
        if isinstance(event, Distributions):
            assert isinstance(following, Frame)
            assert following.step == event.step


def test_measuring_units_and_distributions_more_often_changes_nothing_else() -> None:
    often, seldom = (frames_of(list(train(experiment(probe_every=every, normalization="batch")))) for every in (1, 100))
    for a, b in zip(often, seldom, strict=True):
        assert a.loss == b.loss
        assert a.rows.keys() >= b.rows.keys()
        assert all(row.tobytes() == a.rows[name].tobytes() for name, row in b.rows.items())


def test_the_beginning_can_be_had_alone_with_its_distributions() -> None:
    e = experiment()
    started, distributions, frame = first_events(e)
    _, _, expected, first, *_ = train(e)
    assert isinstance(started, Started)
    assert isinstance(distributions, Distributions)
    assert isinstance(expected, Distributions)
    assert frame.loss == first.loss
    for name, distribution in distributions.by_kind.items():
        np.testing.assert_array_equal(distribution.counts, expected.by_kind[name].counts)


def test_frame_zero_is_the_network_as_initialised() -> None:
    e = experiment(learning_rate=10.0)
    first, second = frames_of(list(train(e)))[:2]
    untouched = build_network(e, (2,), 2).weights.detach().numpy().astype(np.float64)
    expected = np.log10([np.linalg.norm(layer) for layer in untouched])
    np.testing.assert_allclose(first.rows["weight_norm"], expected, rtol=0, atol=1e-6)
    assert np.abs(second.rows["weight_norm"] - expected).max() > 1e-4
    assert "update_ratio" not in first.rows
    assert "update_ratio" in second.rows


def test_first_frame_is_the_first_of_a_run_bit_for_bit() -> None:
    e = experiment(shortcut="rezero", normalization="rms")
    started, frame = first_frame(e)
    events = list(train(e))
    expected = frames_of(events)[0]
    assert started.parameters == events[0].parameters
    assert (frame.step, frame.loss, frame.batch_accuracy) == (0, expected.loss, expected.batch_accuracy)
    assert frame.rows.keys() == expected.rows.keys()
    for name, row in frame.rows.items():
        assert row.tobytes() == expected.rows[name].tobytes()


def test_evaluating_more_often_changes_no_frame() -> None:
    often, seldom = (
        frames_of(list(train(experiment(evaluate_every=every, normalization="batch")))) for every in (1, 100)
    )
    for a, b in zip(often, seldom, strict=True):
        assert a.loss == b.loss
        assert all(row.tobytes() == b.rows[name].tobytes() for name, row in a.rows.items())


@pytest.mark.parametrize("rate", [0.003, 0.5])
def test_frames_carry_the_learning_rate(rate: float) -> None:
    assert {frame.learning_rate for frame in frames_of(list(train(experiment(learning_rate=rate))))} == {rate}


def test_zero_steps_means_until_stopped() -> None:
    events = train(experiment(steps=0))
    seen = []
    for event in events:
        seen += [event.step] if isinstance(event, Frame) else []
        if len(seen) == 40:
            break
    events.close()
    assert seen == list(range(40))


def test_divergence_ends_the_run_and_keeps_what_was_before() -> None:
    events = list(train(experiment(**DIVERGING)))
    end = events[-1]
    assert isinstance(end, Diverged)
    assert not math.isfinite(end.loss)
    assert 0 < end.step < 200
    frames = frames_of(events)
    assert [frame.step for frame in frames] == list(range(end.step + 1))
    assert all(math.isfinite(frame.loss) for frame in frames[:-1])
    assert not math.isfinite(frames[-1].loss)
    assert isinstance(events[-2], Frame)
    assert sum(isinstance(event, Diverged) for event in events) == 1


def test_divergence_at_the_very_last_step_is_still_said() -> None:
    step = next(event.step for event in train(experiment(**DIVERGING)) if isinstance(event, Diverged))
    events = list(train(experiment(**DIVERGING | {"steps": step})))
    assert isinstance(events[-1], Diverged)
    assert events[-1].step == step
    assert not any(isinstance(event, Diverged) for event in train(experiment(**DIVERGING | {"steps": step - 1})))


def test_infinity_is_a_divergence_like_any_other() -> None:
    """Logits beyond the largest float32 at initialisation: it ends before there is anything to update."""
    e = experiment(activation="linear", initialization="gaussian", sigma_w=20.0, depth=60)
    events = list(train(e))
    assert [type(event) for event in events] == [Started, Evaluation, Distributions, Frame, Diverged]
    assert events[-1].step == 0


def settings() -> tuple[int, bool]:
    return torch.get_num_threads(), torch.is_grad_enabled()


@pytest.fixture
def odd_settings() -> Iterator[tuple[int, bool]]:
    """Two threads and no gradients, as the caller may have them."""
    with torch.no_grad():
        torch.set_num_threads(2)
        yield settings()


def run_out(e: Experiment) -> None:
    list(train(e))


def close_midway(e: Experiment) -> None:
    events = train(e)
    for event in events:
        if isinstance(event, Frame) and event.step == 2:
            break
    events.close()


def close_at_once(e: Experiment) -> None:
    events = train(e)
    next(events)
    events.close()


def fall_out_of_use(e: Experiment) -> None:
    next(train(e))
    gc.collect()


def only_look(e: Experiment) -> None:
    first_frame(e)


def look_between(e: Experiment) -> None:
    before = settings()
    assert {settings() for _ in train(e)} == {before}


@pytest.mark.slow
@pytest.mark.parametrize("use", [run_out, look_between, close_midway, close_at_once, fall_out_of_use, only_look])
def test_thread_settings_are_restored_however_it_ends(
    use: Callable[[Experiment], None], odd_settings: tuple[int, bool]
) -> None:
    use(experiment())
    assert settings() == odd_settings


def test_steps_are_made_with_the_settings_of_the_experiment(
    odd_settings: tuple[int, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, bool]] = []
    update = TrainingRun.update

    def watched(run: TrainingRun) -> None:
        seen.append(settings())
        update(run)

    monkeypatch.setattr(TrainingRun, "update", watched)
    list(train(experiment()))
    assert seen == [(1, True)] * 7


def test_thread_settings_are_restored_after_an_error(
    odd_settings: tuple[int, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError):
        list(train(experiment(data="file", data_file="/nowhere.csv")))
    assert settings() == odd_settings

    def fail(_run: TrainingRun, *_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(TrainingRun, "measure", fail)
    with pytest.raises(ZeroDivisionError):
        list(train(experiment()))
    assert settings() == odd_settings


def test_the_callers_cuda_device_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [torch.device("cuda:2")]
    monkeypatch.setattr(torch.cuda, "current_device", lambda: chosen[-1])
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    with thread_settings(experiment(), torch.device("cuda:1")) as threads:
        assert chosen[-1] == torch.device("cuda:1")
        assert threads == 1
    assert chosen[-1] == torch.device("cuda:2")
    with thread_settings(experiment(), torch.device("cpu")):
        assert len(chosen) == 3


def test_a_worker_thread_trains_without_a_gradient_mode_or_settings_of_its_own() -> None:
    events: list[Event] = []

    def work() -> None:
        torch.set_grad_enabled(False)
        pump(train(experiment()), Control(), events.append)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(60)
    assert not worker.is_alive()
    here = frames_of(list(train(experiment())))
    assert [frame.loss for frame in frames_of(events)] == [frame.loss for frame in here]


def test_pausing_and_stepping_change_no_number() -> None:
    """Driven step by step through a control, the run has the frames of an undisturbed one."""
    control, events = Control(), []
    control.pause()

    def sink(event: Event) -> None:
        events.append(event)
        if isinstance(event, Frame):
            control.step()

    pump(train(experiment(), control), control, sink)
    undisturbed = frames_of(list(train(experiment())))
    assert [frame.loss for frame in frames_of(events)] == [frame.loss for frame in undisturbed]


def cpu_allocator_error() -> Exception:
    """What torch raises where the CPU's memory does not suffice: a petabyte asked for."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    return caught.value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "where"),
    each_value(
        [cpu_allocator_error, lambda: torch.OutOfMemoryError("CUDA out of memory"), MemoryError],
        ["__init__", "measure", "update", "evaluate"],
    ),
)
def test_running_out_of_memory_is_a_device_error_that_says_what_to_lower(
    make: Callable[[], Exception], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = make()

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(TrainingRun, where, fail)
    with pytest.raises(DeviceError) as caught:
        list(train(experiment(depth=1234)))
    assert caught.value.__cause__ is error
    message = str(caught.value)
    assert message.startswith("1234 × 6 tanh needs about ")
    assert message.endswith("; lower the depth, the width or the batch size")


def test_other_errors_of_torch_are_not_mistaken_for_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(TrainingRun, "measure", fail)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        list(train(experiment()))


def test_a_network_larger_than_the_memory_is_refused_before_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    e = experiment(depth=2000, width=1024)
    needed = 2000 * 1024 * 1024 * 4 * 3  # weights, gradients and copies alone
    monkeypatch.setattr("gradviz.training.run.free_bytes", lambda _device: needed)

    def built(*_: object) -> None:
        pytest.fail("the network was built")

    monkeypatch.setattr("gradviz.training.run.build_network", built)
    with pytest.raises(DeviceError, match=r"2000 × 1024 tanh needs about 25\.\d GB and cpu has 25\.2 GB free"):
        next(train(e))


def test_a_device_that_is_not_there_is_refused_at_the_first_event() -> None:
    if torch.cuda.device_count() > 98:
        pytest.skip("this machine really has so many GPUs")
    with pytest.raises(DeviceError, match="cuda:98 is not there"):
        next(train(experiment(device="cuda:98")))


def test_warming_up_is_repeatable_and_touches_no_generator() -> None:
    before = torch.get_rng_state()
    loop.warm_up()
    loop.warm_up()
    assert torch.equal(torch.get_rng_state(), before)
