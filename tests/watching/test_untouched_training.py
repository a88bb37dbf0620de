"""The training is the same, bit by bit, whether somebody watches or not; and no error of the watching reaches it."""

from __future__ import annotations

import copy
import io
import pickle
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks
from watched_training import Attentive, batches, convolutions, perceptron

from gradviz.probes.modules import (
    chain_gradients,
    exact,
    gradients,
    measurements,
    output_hooks,
    outputs,
    weight_changes,
)
from gradviz.probes.norms import NormsOf
from gradviz.watching.facts import clipping, kept_gradients, parameters
from gradviz.watching.watch import watch

STEPS = 20


def trained(make: Callable[[], nn.Module], path: Path | None) -> list[Tensor]:
    """Return all weights after 20 steps, and what the generators of random numbers say next."""
    torch.manual_seed(5)
    np.random.seed(5)
    random.seed(5)
    model = nn.Sequential(make(), nn.Dropout(0.3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    recorder = watch(model, path, thorough_every=3) if path is not None else None
    for step, (inputs, labels) in enumerate(batches(make, STEPS)):
        outputs = model(inputs)
        loss = nn.functional.cross_entropy(outputs, labels)
        # gradients that are kept, now and then, are looked at closely
        if step % 4:
            optimizer.zero_grad(set_to_none=step % 4 == 1)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        nn.utils.clip_grad_value_(model.parameters(), 0.1)
        optimizer.step()
        if recorder is not None:
            recorder.log(loss=loss, inputs=inputs, outputs=outputs, targets=labels, further=step)
    if recorder is not None:
        recorder.close()
        assert recorder.steps == STEPS
    state = [value.clone() for value in model.state_dict().values()]
    return [*state, torch.rand(3), torch.tensor(np.random.rand(3)), torch.tensor(random.random())]


@pytest.mark.slow
@pytest.mark.parametrize("make", [perceptron, convolutions, Attentive])
def test_weights_and_random_numbers_are_the_same_to_the_last_bit(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    with_recording, without = trained(make, tmp_path / "run.gradviz"), trained(make, None)
    assert all(torch.equal(one, other) for one, other in zip(with_recording, without, strict=True))


def hooks_on(model: nn.Module) -> int:
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
        for module in model.modules()
    )


def test_hooks_are_on_the_modules_only_for_the_steps_that_are_looked_at() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    hooked = []
    with watch(model, None, thorough_every=4) as recorder:
        for inputs, labels in batches(perceptron, 9):
            hooked.append(hooks_on(model) > 0)
            nn.functional.cross_entropy(model(inputs), labels).backward()
            optimizer.step()
    assert hooked == [True, False, False, False] * 2 + [True]
    assert hooks_on(model) == 0
    assert recorder.steps == 9
    assert not _global_optimizer_pre_hooks
    assert not _global_optimizer_post_hooks


def test_a_watched_model_can_be_copied_and_saved_at_any_time() -> None:
    model = perceptron()
    with watch(model, None) as recorder:
        assert hooks_on(model) > 0
        copied = copy.deepcopy(model)
        saved = pickle.loads(pickle.dumps(model))
        stream = io.BytesIO()
        torch.save(model, stream)
        stream.seek(0)
        loaded = torch.load(stream, weights_only=False)
        inputs = torch.randn(3, 6)
        for other in (copied, saved, loaded):
            assert torch.equal(other(inputs), model(inputs))
        nn.functional.cross_entropy(copied(inputs), torch.zeros(3, dtype=torch.long)).backward()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(inputs).sum().backward()
        optimizer.step()
    assert recorder.steps == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "what"),
    [
        (gradients, "norms"),
        (gradients.WeightGradients, "after_backward"),
        (weight_changes.WeightChanges, "after_update"),
        (outputs, "moments_of_each"),
        (outputs, "row_norms"),
        (exact.ExactGradients, "after_backward"),
        (chain_gradients, "Twins"),
        (measurements.ModulePending, "read"),
        (output_hooks, "first_tensor"),
        (clipping.Clipping, "heard"),
        (kept_gradients.KeptGradients, "before_step"),
        (parameters.ParameterFacts, "round_over"),
    ],
)
def test_an_error_anywhere_ends_the_watching_with_one_warning_and_nothing_else(
    where: object, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = trained(perceptron, None)
    calls = []

    def broken(*_arguments: object, **_named: object) -> None:
        calls.append(what)
        raise RuntimeError("no such luck")

    if what == "norms":
        # used when a gradient is missing
        monkeypatch.setattr(NormsOf, "__call__", broken)
    monkeypatch.setattr(where, what, broken)
    torch.manual_seed(5)
    model = nn.Sequential(perceptron(), nn.Dropout(0.3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    with pytest.warns(RuntimeWarning, match="gradviz stopped watching; training continues: .*no such luck") as said:  # noqa: PT031
        recorder = watch(model, None, thorough_every=3)
        for step, (inputs, labels) in enumerate(batches(perceptron, STEPS)):
            if step % 4:
                optimizer.zero_grad(set_to_none=step % 4 == 1)
            nn.functional.cross_entropy(model(inputs), labels).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            nn.utils.clip_grad_value_(model.parameters(), 0.1)
            optimizer.step()
            recorder.log(loss=1.0, inputs=inputs)
        recorder.close()
    assert len(said) == 1
    assert len(calls) == 1
    assert hooks_on(model) == 0
    state = list(model.state_dict().values())
    assert all(torch.equal(one, other) for one, other in zip(state, expected, strict=False))


def test_where_warnings_are_errors_the_warning_is_written_instead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # as pytest has it here
    monkeypatch.setattr(gradients.WeightGradients, "after_backward", None)
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, None) as recorder:
        model(torch.randn(2, 6)).sum().backward()
        optimizer.step()
    assert recorder.steps == 0
    assert "gradviz stopped watching; training continues: TypeError" in capsys.readouterr().err
