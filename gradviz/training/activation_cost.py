"""What an activation costs per element, forward and backward, on a device: all of them side by side.

In every round each activation has its turn at each size, in an order that moves on by one from round to round, so that
a machine that is busy for a while slows all of them alike. All share the same arrays, and an activation's backward
turn reads what its forward turn has just written. A turn repeats a short call until it takes long enough for the clock,
which on a CPU counts only the time that the thread had the core, where the system keeps count of that.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gradviz.errors import DeviceError
from gradviz.experiment import ActivationChoice, choices
from gradviz.network.activation_kernels import Activation, Op, activation
from gradviz.probes.environment import device_label
from gradviz.recording.activations import (
    ARRAYS_AT_WORK,
    BYTES_PER_ELEMENT,
    REFERENCE,
    ActivationCost,
    ActivationCosts,
    Spread,
    memory_in_words,
)
from gradviz.training.devices import resolve

ROUNDS = 21
# how long a turn takes at least, so that neither the clock nor the loop around the call is what is measured
TURN_NS = 200_000
MOST_REPEATS = 1000
SMALL = 1 << 14
LARGE = 1 << 22
# a cache may be larger than any array worth waiting for
LARGEST = 1 << 26
# Windows counts a thread's time in ticks of 16 ms
cpu_clock = time.perf_counter_ns if sys.platform == "win32" else time.thread_time_ns
CACHE_FOLDER = Path("/sys/devices/system/cpu/cpu0/cache")

Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CostProgress:
    """So many turns of `total` are done; `costs` is what all whole rounds so far say, None before the first."""

    done: int
    total: int
    costs: ActivationCosts | None


def measure_costs(
    device: str = "cpu",
    *,
    leaky_slope: float = 0.01,
    sizes: tuple[int, ...] | None = None,
    rounds: int = ROUNDS,
    names: tuple[str, ...] = choices("activation"),
) -> Generator[CostProgress]:
    """Measure on `device` (auto, cpu, cuda, cuda:N, mps), float32, one thread; yield before every turn and at the end.

    Close the generator to stop; what the whole rounds so far said was in the last event. `names` must hold ReLU, which
    all are compared with. Raises DeviceError for a device that is not there or has too little memory.
    """
    place = resolve(device, "float32")
    sizes = default_sizes(place) if sizes is None else sizes
    done, total = 0, rounds * len(sizes) * len(names)
    costs: ActivationCosts | None = None
    with _one_thread(place):
        benches = [_Bench(place, size, names, leaky_slope) for size in sizes]
        for number in range(rounds):
            for bench, turn in product(benches, range(len(names))):
                yield CostProgress(done, total, costs)
                bench.take_turn((number + turn) % len(names))
                done += 1
            rows = tuple(row for bench in benches for row in bench.costs())
            costs = ActivationCosts(device_label(place), 1, cache_bytes(place), number + 1, rows)
    yield CostProgress(done, total, costs)


def default_sizes(device: torch.device) -> tuple[int, int, int]:
    """Return one element, whose cost is the call's, a size that fits the cache of `device` and one that does not.

    Where the size of the cache is not known, ordinary ones are taken.
    """
    cache = cache_bytes(device)
    taken = ARRAYS_AT_WORK * BYTES_PER_ELEMENT
    small, large = SMALL, LARGE
    if device.type != "cpu" and cache is not None:
        # a GPU needs many elements to be busy at all
        while 4 * small * taken <= cache:
            small *= 2
    while cache is not None and large * taken <= cache and large < LARGEST:
        large *= 2
    return 1, small, large


def cache_bytes(device: torch.device) -> int | None:
    """Return the size of the largest cache of `device`; None where the system does not tell."""
    if device.type == "cuda":
        size: int = torch.cuda.get_device_properties(device).L2_cache_size
        return size or None
    if device.type != "cpu":
        return None
    try:
        sizes = [path.read_text(encoding="ascii").strip() for path in CACHE_FOLDER.glob("index*/size")]
        return max((int(size.removesuffix("K")) * 1024 for size in sizes), default=None)
    except (OSError, ValueError):
        return None


class _Bench:
    """All activations at one size on the same arrays, and what their turns took."""

    def __init__(self, device: torch.device, size: int, names: tuple[str, ...], leaky_slope: float) -> None:
        self._size, self._names = size, names
        self._time = _timers[device.type]
        generator = torch.Generator(device).manual_seed(0)
        try:
            z, grad = (torch.randn(size, generator=generator, device=device) for _ in range(2))
            a, result = torch.empty_like(z), torch.empty_like(z)
        # every kind of device has an error of its own for this
        except RuntimeError as error:
            needed = memory_in_words(4 * BYTES_PER_ELEMENT * size)
            raise DeviceError(f"{device_label(device)} has no room for {needed} of numbers to measure with") from error
        kinds = [activation_named(name, leaky_slope) for name in names]
        self._ops = [(kind.forward(z, a), kind.backward(grad, z, a, result)) for kind in kinds]
        self._repeats: dict[int, tuple[int, ...]] = {}
        self._taken: list[list[tuple[float, float]]] = [[] for _ in names]

    def take_turn(self, index: int) -> None:
        """Time one activation, forward and backward."""
        ops = self._ops[index]
        if index not in self._repeats:
            self._repeats[index] = tuple(_repeats(op, self._time) for op in ops)
        forward, backward = (
            _timed(op, repeats, self._time) / (repeats * self._size)
            for op, repeats in zip(ops, self._repeats[index], strict=True)
        )
        self._taken[index].append((forward, backward))

    def costs(self) -> Iterator[ActivationCost]:
        """Yield what the turns so far say, an activation at a time."""
        reference = np.array(self._taken[self._names.index(REFERENCE)])
        for name, taken in zip(self._names, self._taken, strict=True):
            times: Times = np.array(taken)
            spreads = [Spread.of(column) for part in (times, times / reference) for column in part.T]
            yield ActivationCost(name, self._size, *spreads)


def activation_named(name: str, leaky_slope: float) -> Activation:
    """Return the activation of that name; the slope is that of leaky ReLU."""
    return activation(ActivationChoice(name, leaky_slope))


def _repeats(op: Op, timer: Callable[[Op, int], float]) -> int:
    """Return how often to call `op` in one turn, after one call in which the device may have much to prepare."""
    timer(op, 1)
    return min(max(math.ceil(TURN_NS / max(timer(op, 1), 1.0)), 1), MOST_REPEATS)


def _timed(op: Op, repeats: int, timer: Callable[[Op, int], float]) -> float:
    """Return how many nanoseconds `repeats` calls take, after one that brings the arrays into the cache if they fit."""
    if repeats > 1:
        op()
    return timer(op, repeats)


def _time_cpu(op: Op, repeats: int) -> float:
    begin = cpu_clock()
    for _ in range(repeats):
        op()
    return float(cpu_clock() - begin)


def _time_cuda(op: Op, repeats: int) -> float:
    """Nanoseconds between two events on the device's own clock, which the host then waits for."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    begin.record()
    for _ in range(repeats):
        op()
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end)) * 1e6


def _time_mps(op: Op, repeats: int) -> float:
    torch.mps.synchronize()
    begin = time.perf_counter_ns()
    for _ in range(repeats):
        op()
    torch.mps.synchronize()
    return float(time.perf_counter_ns() - begin)


_timers: dict[str, Callable[[Op, int], float]] = {"cpu": _time_cpu, "cuda": _time_cuda, "mps": _time_mps}


@contextmanager
def _one_thread(device: torch.device) -> Iterator[None]:
    """Give the calling thread one core and the device, and take them back."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    before = torch.cuda.current_device() if device.type == "cuda" else None
    if before is not None:
        torch.cuda.set_device(device)
    try:
        yield
    finally:
        if before is not None:
            torch.cuda.set_device(before)
        torch.set_num_threads(threads)
