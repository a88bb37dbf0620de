"""What a measurement of costs consists of, how far along it is, and that it can be stopped. No claims of speed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

from gradviz.errors import DeviceError
from gradviz.experiment import choices
from gradviz.recording.activations import ActivationCosts
from gradviz.training import activation_cost
from gradviz.training.activation_cost import CostProgress, cache_bytes, default_sizes, measure_costs

NAMES = choices("activation")
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation_cost, "TURN_NS", 2_000)


def costs_of(events: list[CostProgress]) -> ActivationCosts:
    costs = events[-1].costs
    assert costs is not None
    return costs


def test_every_activation_is_measured_at_every_size() -> None:
    costs = costs_of(list(measure_costs(sizes=(1, 4096), rounds=3)))
    assert [(row.name, row.size) for row in costs.rows] == [(name, size) for size in (1, 4096) for name in NAMES]
    assert costs.sizes == (1, 4096)
    assert (costs.device, costs.threads, costs.rounds) == ("cpu", 1, 3)
    assert set(costs.at(4096)) == set(NAMES)
    for row in costs.rows:
        for spread in (row.forward_ns, row.backward_ns, row.forward_ratio, row.backward_ratio):
            assert 0 < spread.low <= spread.median <= spread.high
    for size in costs.sizes:
        relu = costs.at(size)["relu"]
        assert (relu.forward_ratio.low, relu.backward_ratio.high) == (1.0, 1.0)


def test_progress_goes_from_none_to_all_by_single_turns() -> None:
    events = list(measure_costs(sizes=(1, 256), rounds=2))
    turns = 2 * 2 * len(NAMES)
    assert [event.done for event in events] == list(range(turns + 1))
    assert {event.total for event in events} == {turns}
    # nothing is said of a round before it is whole
    rounds = [event.costs.rounds if event.costs else 0 for event in events]
    assert rounds == [0] * (turns // 2) + [1] * (turns // 2) + [2]


def test_stopping_between_turns_gives_the_threads_back() -> None:
    torch.set_num_threads(2)
    events = measure_costs(sizes=(256,), rounds=1000)
    seen = [next(events) for _ in range(len(NAMES) + 1)]
    assert torch.get_num_threads() == 1
    events.close()
    assert torch.get_num_threads() == 2
    # one round is whole, and is kept
    assert costs_of(seen).rounds == 1
    with pytest.raises(StopIteration):
        next(events)


def test_a_turn_counts_the_time_of_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """With calls that take a known time on a clock made for the purpose, that time comes out."""
    clock = [0]
    monkeypatch.setattr(activation_cost, "cpu_clock", lambda: clock[0])

    class Made:
        def __init__(self, forward_ns: int, backward_ns: int) -> None:
            self.forward_ns, self.backward_ns = forward_ns, backward_ns

        def forward(self, *_: object) -> object:
            return lambda: clock.__setitem__(0, clock[0] + self.forward_ns)

        def backward(self, *_: object) -> object:
            return lambda: clock.__setitem__(0, clock[0] + self.backward_ns)

    made = {"relu": Made(100, 200), "tanh": Made(700, 5000)}
    monkeypatch.setattr(activation_cost, "activation_named", lambda name, _slope: made[name])
    costs = costs_of(list(measure_costs(sizes=(50,), rounds=4, names=("relu", "tanh"))))
    tanh = costs.at(50)["tanh"]
    assert (tanh.forward_ns.median, tanh.backward_ns.median) == (14.0, 100.0)
    assert (tanh.forward_ratio.median, tanh.backward_ratio.median) == (7.0, 25.0)
    assert tanh.forward_ns.low == tanh.forward_ns.high


def test_what_slows_a_whole_round_down_leaves_the_ratios_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, clock = [0], [0.0]
    names = ("relu", "tanh")

    def slow(share: float) -> object:
        def call() -> None:
            calls[0] += 1
            clock[0] += share * (1 + calls[0] // 40 * 10)

        return call

    class Made:
        def __init__(self, share: float) -> None:
            self.share = share

        def forward(self, *_: object) -> object:
            return slow(self.share)

        backward = forward

    monkeypatch.setattr(activation_cost, "cpu_clock", lambda: clock[0])
    monkeypatch.setattr(activation_cost, "activation_named", lambda name, _slope: Made(3e6 if name == "tanh" else 1e6))
    tanh = costs_of(list(measure_costs(sizes=(8,), rounds=30, names=names))).at(8)["tanh"]
    assert tanh.forward_ns.high > 1.5 * tanh.forward_ns.low
    assert tanh.forward_ratio.low == pytest.approx(3.0)
    assert tanh.forward_ratio.high == pytest.approx(3.0)


def test_the_slope_of_leaky_relu_is_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    named = activation_cost.activation_named

    def watched(name: str, slope: float) -> object:
        asked.append(slope)
        return named(name, slope)

    monkeypatch.setattr(activation_cost, "activation_named", watched)
    list(measure_costs(sizes=(8,), rounds=1, leaky_slope=0.3))
    assert set(asked) == {0.3}


def test_the_sizes_are_the_call_itself_one_in_the_cache_and_one_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 3 * 4
    for cache in (None, 8 << 20, 32 << 20, 96 << 20):
        monkeypatch.setattr(activation_cost, "cache_bytes", lambda _device, cache=cache: cache)
        single, small, large = default_sizes(CPU)
        assert (single, small) == (1, 1 << 14)
        assert large >= 1 << 22
        if cache is not None:
            assert small * taken <= cache < large * taken
    gpu = torch.device("cuda:0")
    monkeypatch.setattr(activation_cost, "cache_bytes", lambda _device: 50 << 20)
    _, small, large = default_sizes(gpu)
    assert small >= 1 << 20
    assert small * taken <= 50 << 20 < large * taken


def test_the_largest_cache_is_what_the_system_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for index, size in enumerate(("32K", "1024K", "32768K")):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        (folder / "size").write_text(f"{size}\n", encoding="ascii")
    monkeypatch.setattr(activation_cost, "CACHE_FOLDER", tmp_path)
    assert cache_bytes(CPU) == 32 << 20
    (tmp_path / "index1" / "size").write_text("unlimited\n", encoding="ascii")
    assert cache_bytes(CPU) is None
    monkeypatch.setattr(activation_cost, "CACHE_FOLDER", tmp_path / "nowhere")
    assert cache_bytes(CPU) is None


def test_arrays_too_large_for_the_memory_are_a_message() -> None:
    with pytest.raises(DeviceError, match="cpu has no room for 256 TiB of numbers"):
        list(measure_costs(sizes=(1 << 44,), rounds=1))
    assert torch.get_num_threads() == 1


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(DeviceError, match="cuda:97 is not there"):
        next(measure_costs("cuda:97"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="NO CUDA DEVICE HERE: costs on a GPU were not measured")
def test_a_gpu_is_measured_with_its_own_clock() -> None:
    begin = time.perf_counter()
    costs = costs_of(list(measure_costs("cuda", rounds=3)))
    elapsed_ns = (time.perf_counter() - begin) * 1e9
    assert costs.device == torch.cuda.get_device_name(0)
    largest = costs.at(costs.sizes[-1])
    assert set(largest) == set(NAMES)
    # in all rounds together no less is counted than happened, and no more than there was time for
    counted = sum(3 * row.size * (row.forward_ns.median + row.backward_ns.median) for row in largest.values())
    assert 0 < counted < elapsed_ns
