"""What each probe costs by itself, as a share of a step; the exact gradient is cheap on its schedule."""

from __future__ import annotations

import statistics
import time

import pytest
import torch

from gradviz.experiment import Experiment
from gradviz.probes.fused.exact import ExactGradients
from gradviz.probes.fused.observer import PROBES, FusedObserver
from gradviz.probes.observer import Due
from gradviz.training.run import TrainingRun

ROUNDS = 12
EXACT_EVERY = 10
LARGEST_EXACT_SHARE = 0.1


def experiment(depth: int) -> Experiment:
    return Experiment(
        depth=depth, width=32, activation="tanh", shortcut="scaled", optimizer="adam", learning_rate=1e-3, device="cpu"
    )


def seconds(run: TrainingRun, step: int, *, thorough: bool) -> float:
    begin = time.perf_counter()
    run.measure(step, Due(thorough=thorough, distributions=thorough))
    list(run.events(wait=True))
    run.update()
    return time.perf_counter() - begin


def costs(depth: int) -> tuple[float, dict[str, float]]:
    """Return the median time of a step that measures nothing, and what each probe adds to one that it measures in."""
    runs, scheduled = {}, set()
    for name, kinds in {"": (), **{kind.__name__: (kind,) for kind in PROBES}}.items():
        run = runs[name] = TrainingRun(experiment(depth))
        run.observer = FusedObserver(run.network, run.probe_batch, kinds)
        if kinds and all(quantity.scheduled for quantity in kinds[0].quantities):
            scheduled.add(name)
    thorough = {name: [] for name in runs}
    plain = {name: [] for name in runs}
    for turn in range(ROUNDS + 1):
        for name, run in runs.items():
            for times, is_thorough in ((plain, False), (thorough, True)):
                taken = seconds(run, 2 * turn + is_thorough, thorough=is_thorough)
                if turn:
                    times[name].append(taken)
    base = {kind: statistics.median(times[""]) for kind, times in (("plain", plain), ("thorough", thorough))}
    added = {}
    for name in runs:
        if name:
            times, bare = (thorough, base["thorough"]) if name in scheduled else (plain, base["plain"])
            added[name] = statistics.median(times[name]) - bare
    added["distributions and probe batch"] = base["thorough"] - base["plain"]
    return base["plain"], added


@pytest.mark.benchmark
@pytest.mark.parametrize("depth", [100, 1000])
def test_the_exact_gradient_at_every_tenth_step_costs_at_most_a_tenth(depth: int) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        step, added = costs(depth)
    finally:
        torch.set_num_threads(threads)
    print(f"\n{depth} x 32, a step that measures nothing: {step * 1e3:.2f} ms; each measurement, as a share of it:")
    for name, extra in added.items():
        print(f"  {name:32} {extra * 1e3:7.2f} ms  {extra / step:6.1%}")
    assert added[ExactGradients.__name__] / EXACT_EVERY <= LARGEST_EXACT_SHARE * step
