"""Every number against plain autograd in float64, found independently."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from covering import pairwise
from torch import nn
from watched_training import Attentive, Oracle, batches, convolutions, measured, perceptron

from gradviz.watching.steps import EXACT_EVERY
from gradviz.watching.watch import watch

STEPS = 6
CLOSE = {"rel": 2e-5, "abs": 2e-7}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "accumulated", "clip"), pairwise([perceptron, convolutions, Attentive], [1, 3], [None, 0.05])
)
def test_every_quantity_of_every_module(make: Callable[[], nn.Module], accumulated: int, clip: float | None) -> None:
    model = make()
    oracle = Oracle(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    data = batches(make, STEPS * accumulated)
    expected = []
    with watch(model, None, thorough_every=1) as recorder:
        update: dict[str, dict[str, float]] = {}
        for step in range(STEPS):
            for inputs, labels in data[step * accumulated : (step + 1) * accumulated]:
                (nn.functional.cross_entropy(model(inputs), labels) / accumulated).backward()
            oracle.before_clipping()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            oracle.before(samples=9 * accumulated)
            expected.append({name: row | update.get(name, {}) for name, row in oracle.rows.items()})
            optimizer.step()
            update = oracle.after()
            optimizer.zero_grad()
    assert recorder.history is not None
    assert recorder.steps == STEPS
    for step, rows in enumerate(expected):
        found = measured(recorder.history, step)
        # containers without parameters are no rows
        wanted = {name or type(model).__name__: row for name, row in rows.items()}
        if step % EXACT_EVERY:
            # nothing fades here
            wanted = {name: {q: v for q, v in row.items() if "exact" not in q} for name, row in wanted.items()}
        assert set(found) <= set(wanted)
        assert {name for name, module in model.named_modules() if name and not list(module.children())} <= set(found)
        for name, row in found.items():
            assert row == pytest.approx(wanted[name], **CLOSE), (step, name)


@pytest.mark.slow
def test_the_gradient_of_one_sample_is_the_same_whatever_the_batch_size() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    [(inputs, labels)] = batches(perceptron, 1, size=8)
    found = []
    for copies in (1, 4):
        with watch(model, None) as recorder:
            nn.functional.cross_entropy(model(inputs.repeat(copies, 1)), labels.repeat(copies)).backward()
            optimizer.step()
            optimizer.zero_grad()
        assert recorder.history is not None
        found.append({name: row["activation_grad_rms"] for name, row in measured(recorder.history, 0).items()})
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_gradients_far_below_what_float32_can_square_keep_their_length() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4, bias=False))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    gradient = torch.full((4, 4), 3e-30)
    with watch(model, None) as recorder:
        for parameter in model.parameters():
            parameter.grad = gradient.clone() if parameter.dim() == 2 else torch.zeros(4)
        optimizer.step()
    assert recorder.history is not None
    row = measured(recorder.history, 0)["0"]
    # 4 times 3e-30, as float32 has it
    assert row["weight_grad_norm"] == pytest.approx(4 * float(gradient[0, 0].double()), rel=1e-6)
