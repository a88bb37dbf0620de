"""The cost of watching, measured beside the bare loop and beside what others offer.

Every contender trains a network of its own, with the same weights, batch and optimiser. They take turns in one run, so
that a busy machine slows all of them, and the ratio is taken turn by turn. A turn is one round of the schedule: what is
measured only every few steps counts with its share. Our recordings go to a file as they would in earnest.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from gradviz.watching import peers
from gradviz.watching.benchmark_models import Case
from gradviz.watching.peers import End, Peer
from gradviz.watching.watch import watch

BARE = "nothing measured"
DEFAULT = "gradviz, by default"
GRADIENTS = "gradviz, gradients"
EVERYTHING = "gradviz, and all else every 20"
TURN = 20
# longer than any turn, so that it never comes
NEVER = 10**9
# a slow peer is not to take the whole afternoon
LONGEST_TURN_S = 4.0


@dataclass(frozen=True, slots=True)
class Row:
    """One contender: median time of a step, and the median over all turns of its ratio to the bare step.

    `processor_ratio` compares the time that all threads of the process were at work, which depends less on what else
    the machine does.
    """

    name: str
    step_ms: float
    ratio: float
    processor_ratio: float


@dataclass(slots=True)
class _Contender:
    name: str
    step: Callable[[int], None]
    end: End
    made: int = 0

    def turn(self) -> tuple[float, float]:
        """Return seconds and processor seconds that a step takes, means over a turn; only ours has a schedule."""
        steps, begin, at_work = 0, time.perf_counter(), time.process_time()
        while steps < TURN and (self.name == EVERYTHING or time.perf_counter() - begin < LONGEST_TURN_S):
            self.step(self.made)
            self.made += 1
            steps += 1
        return (time.perf_counter() - begin) / steps, (time.process_time() - at_work) / steps


def compare(case: Case, rounds: int, only: tuple[str, ...] = ()) -> list[Row]:
    """Time `rounds` turns of each contender on one thread, after one that does not count; `only` some, if named."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    contenders: list[_Contender] = []
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            # the hooks of the snippet are warned about as they are used everywhere
            warnings.filterwarnings("ignore", message="Full backward hook is firing")
            makers = {BARE: _bare, **_ours(Path(folder)), **peers.available()}
            contenders = [
                _contender(name, case, make) for name, make in makers.items() if not only or name in (BARE, *only)
            ]
            taken: dict[str, list[tuple[float, float]]] = {contender.name: [] for contender in contenders}
            for turn in range(rounds + 1):
                for contender in contenders:
                    times = contender.turn()
                    if turn:
                        taken[contender.name].append(times)
            for contender in contenders:
                contender.end()
    finally:
        torch.set_num_threads(threads)
    return [_row(name, times, taken[BARE]) for name, times in taken.items()]


def _row(name: str, times: list[tuple[float, float]], bare: list[tuple[float, float]]) -> Row:
    seconds, processor = ([one[kind] / other[kind] for one, other in zip(times, bare, strict=True)] for kind in (0, 1))
    return Row(
        name,
        1e3 * statistics.median(wall for wall, _ in times),
        statistics.median(seconds),
        statistics.median(processor),
    )


def _contender(name: str, case: Case, make: Callable[[nn.Module], Peer]) -> _Contender:
    torch.manual_seed(0)
    model, inputs, labels = case.make()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    after_backward, end = make(model)

    def step(number: int) -> None:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        after_backward(number, loss)
        optimizer.step()

    return _Contender(name, step, end)


def _bare(_model: nn.Module) -> Peer:
    return lambda _step, _loss: None, lambda: None


def _ours(folder: Path) -> dict[str, Callable[[nn.Module], Peer]]:
    def recorded(thorough_every: int | None) -> Callable[[nn.Module], Peer]:
        def make(model: nn.Module) -> Peer:
            recorder = watch(model, folder / f"{thorough_every}.gradviz", thorough_every=thorough_every)

            def after_backward(_step: int, loss: Tensor) -> None:
                recorder.log(loss=loss)

            return after_backward, recorder.close

        return make

    return {DEFAULT: recorded(None), GRADIENTS: recorded(NEVER), EVERYTHING: recorded(TURN)}
