"""A Transformer in training: its rows against autograd in float64, resumed bit by bit, and what the papers found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from encoder_reference import Reference
from resuming import assert_resumes_bit_by_bit
from torch import Tensor, nn

from gradviz.experiment import Experiment, Transformer
from gradviz.network.catalogue import build_network
from gradviz.probes.modules.tokens import token_cosine
from gradviz.recording.frame import Evaluation, Frame, Started
from gradviz.training.loop import first_frame, train
from gradviz.training.run import TrainingRun

EVERY_STEP = {"weight_grad_norm"}
CASES: list[dict[str, Any]] = [
    {"norm": "before"},
    {"norm": "after", "activation": "relu"},
    {"norm": "none", "shortcut": "none", "activation": "sigmoid"},
    {"norm": "after", "shortcut": "deepnorm"},
]


def experiment(**values: Any) -> Experiment:
    base = {"architecture": "transformer", "depth": 3, "batch_size": 16, "device": "cpu", "optimizer": "adam"}
    return Experiment.parse(base | {"learning_rate": 0.003, "steps": 12, "probe_every": 4} | values)


def in_float64(e: Experiment) -> tuple[Reference, list[Tensor], int]:
    """The reference after a backward pass of the first batch: itself, what each row hands on, and the batch's size."""
    run = TrainingRun(e)
    double = build_network(e.changed(precision="float64"), run.data.held_out.sample_shape, run.data.classes)
    double.load_state_dict({name: value.double() for name, value in run.network.state_dict().items()})
    assert isinstance(e.network, Transformer)
    oracle = Reference(e.network, double)
    chosen = run.batches.take()
    x, y = torch.from_numpy(run.data.train_inputs)[chosen], torch.from_numpy(run.data.train_labels)[chosen]
    nn.functional.cross_entropy(oracle(x), y).backward()
    return oracle, oracle.handed_on, len(x)


def log10(x: Tensor) -> float:
    return float(x.detach().double().log10())


@pytest.mark.parametrize("values", CASES, ids=str)
def test_rows_are_those_of_autograd_in_float64(values: dict[str, Any]) -> None:
    e = experiment(**values)
    started, frame = first_frame(e)
    assert started.row_names == tuple(f"block{n}.{part}" for n in (1, 2, 3) for part in ("attention", "mlp"))
    oracle, states, samples = in_float64(e)
    rms = [log10(state.grad.square().mean().sqrt() * samples) for state in states]
    weights = [log10(torch.cat([w.grad.flatten() for w in row]).norm()) for row in oracle.weights()]
    for name, expected in (
        ("activation_grad_rms", rms),
        ("exact_log10_activation_grad_rms", rms),
        ("weight_grad_norm", weights),
        ("exact_log10_weight_grad_norm", weights),
        ("weight_norm", [log10(torch.cat([w.flatten() for w in row]).norm()) for row in oracle.weights()]),
        ("activation_mean", [float(state.detach().mean()) for state in states]),
        ("activation_std", [float(state.detach().std(correction=0)) for state in states]),
        ("token_cosine", [float(token_cosine(state.detach())) for state in states]),
    ):
        np.testing.assert_allclose(frame.rows[name], expected, atol=2e-4, err_msg=name)
        assert name not in frame.measured


def test_what_is_measured_and_when() -> None:
    events = list(train(experiment(activation="relu")))
    started, frames = events[0], [event for event in events if isinstance(event, Frame)]
    assert isinstance(started, Started)
    assert set(frames[1].rows) == EVERY_STEP
    # the exact gradient is followed in the first thorough step, and not in each of the next
    assert {quantity.name for quantity in started.quantities} == set(frames[0].rows) | set(frames[4].rows)
    mlp = [False, True] * 3
    for name, expected in (("attention_entropy", [not each for each in mlp]), ("dead_fraction", mlp)):
        assert frames[4].measured[name].tolist() == expected


def test_the_exact_gradient_goes_on_where_float32_delivers_zero() -> None:
    e = experiment(depth=90, shortcut="none", norm="none", activation="sigmoid", batch_size=4)
    _, frame = first_frame(e)
    _, states, samples = in_float64(e)
    expected = [log10(state.grad.square().mean().sqrt() * samples) for state in states]
    delivered, exact = frame.rows["activation_grad_rms"], frame.rows["exact_log10_activation_grad_rms"]
    assert np.isneginf(delivered).sum() > 10
    assert min(expected) < -60
    np.testing.assert_allclose(exact, expected, atol=0.02)


@pytest.mark.parametrize("step", [5, 8])
def test_it_resumes_bit_by_bit(step: int) -> None:
    assert_resumes_bit_by_bit(experiment(shortcut="layer_scale", warmup_steps=6), step)


def test_it_learns_and_watching_changes_nothing() -> None:
    e = experiment(depth=2, steps=60, evaluate_every=60, batch_size=64)
    accuracies = [event.accuracy for event in train(e) if isinstance(event, Evaluation)]
    assert accuracies[-1] > 0.5 > accuracies[0]
    losses = [event.loss for event in train(e) if isinstance(event, Frame)]
    seldom = [event.loss for event in train(e.changed(probe_every=1000)) if isinstance(event, Frame)]
    assert losses == seldom


def test_without_shortcuts_all_tokens_become_alike_although_the_gradient_stays() -> None:
    """Dong et al. 2021: attention alone loses rank doubly exponentially; the norm keeps the size of what is left."""
    for seed in range(3):
        common = {"depth": 12, "initialization": "pytorch_default", "batch_size": 64, "seed": seed}
        _, frame = first_frame(experiment(shortcut="none", **common))
        cosine, profile = frame.rows["token_cosine"], frame.rows["activation_grad_rms"]
        # two rows a block: from the end of the third block on
        assert (cosine[5:] >= 0.99).all()
        assert np.ptp(profile) < 2.0
        _, joined = first_frame(experiment(**common))
        assert joined.rows["token_cosine"].max() < 0.5


def test_post_norm_has_its_largest_gradients_at_the_end_and_pre_norm_at_the_front() -> None:
    """Xiong et al. 2020: under post-norm the last layers get the largest gradients. At these sizes it is little."""
    slopes = {}
    for norm in ("before", "after"):
        profiles = []
        for seed in range(3):
            _, frame = first_frame(experiment(depth=12, norm=norm, batch_size=64, seed=seed))
            # of the MLPs, whose matrices are alike in all blocks
            profiles.append(frame.rows["weight_grad_norm"][1::2])
        profile = np.mean(profiles, axis=0)
        slopes[norm] = float(profile[-3:].mean() - profile[:3].mean())
    assert slopes["after"] > slopes["before"]


def test_an_identity_shortcut_hands_on_what_it_receives_and_the_branch_the_rest() -> None:
    """What a shortcut hands down is the gradient at its row's output; with what the branch adds it is that before."""
    _, frame = first_frame(experiment(precision="float64"))
    shortcut, branch = (10.0 ** frame.rows[name].astype(float) for name in ("shortcut_grad_rms", "branch_grad_rms"))
    output, cosine = 10.0 ** frame.rows["activation_grad_rms"].astype(float), frame.rows["path_cosine"]
    np.testing.assert_allclose(shortcut, output, rtol=1e-5)
    np.testing.assert_allclose(frame.rows["shortcut_share"], shortcut / (shortcut + branch), rtol=1e-5)
    # by the law of cosines the sum is the gradient that the row before puts out
    at_input = np.sqrt(shortcut**2 + branch**2 + 2 * cosine * shortcut * branch)
    np.testing.assert_allclose(at_input[1:], output[:-1], rtol=1e-4)
