"""Every preset shows what its notes say, measured by the same loop that the window pumps."""

from __future__ import annotations

import math
import re
import tomllib

import numpy as np
import presets_resnet  # noqa: F401 - registers its checks
import presets_transformer  # noqa: F401 - registers its checks
import pytest
import torch
from preset_notes import LONG, SHOWN, Preset, shows
from trained_runs import trained

from gradviz.experiment import Experiment, fields, inapplicable, load_preset, preset_names
from gradviz.network.stack.reference import copy_weights, reference_network
from gradviz.resources import resource_path
from gradviz.training.loop import first_frame
from gradviz.training.run import TrainingRun

NAMES = preset_names()
PROMISED = {"sigmoid-30", "relu-20", "relu-100", "dying-relu", "leaky-relu-rescue", "residual-152", "residual-1000"}
SLOW = {"float-floor", "relu-100", "relu-1000", "residual-1000"}
CHANCE_AT_MOST = 0.15
LIST_COLUMNS = 140

# z of a standard normal distribution, and their weights, for expectations (Gauss-Hermite)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def sigmoid_factor(sigma_w: float) -> float:
    """By how much the root mean square of the gradient falls per layer (Schoenholz et al. 2017)."""
    q = 0.3
    for _ in range(100):
        q = sigma_w**2 * float(WEIGHTS @ sigmoid(math.sqrt(q) * NODES) ** 2)
    slope = sigmoid(math.sqrt(q) * NODES) * (1 - sigmoid(math.sqrt(q) * NODES))
    return sigma_w * math.sqrt(float(WEIGHTS @ slope**2))


def plain_weight_grads(experiment: Experiment) -> list[torch.Tensor]:
    """The hidden layers' weight gradients at step 0 as autograd has them in an ordinary `nn.Sequential`."""
    run = TrainingRun(experiment.changed(device="cpu"))
    plain = reference_network(experiment, run.data.features, run.data.classes)
    copy_weights(run.network, plain)
    order = torch.randperm(
        len(run.data.train_labels), generator=torch.Generator().manual_seed(experiment.training.seed)
    )
    chosen = order[: experiment.training.batch_size]
    inputs = torch.from_numpy(run.data.train_inputs)[chosen].to(next(plain.parameters()).dtype)
    labels = torch.from_numpy(run.data.train_labels)[chosen]
    torch.nn.functional.cross_entropy(plain(inputs), labels).backward()
    linears = [module for module in plain if isinstance(module, torch.nn.Linear)]
    return [linear.weight.grad for linear in linears[1:-1] if linear.weight.grad is not None]


def hidden_states(experiment: Experiment) -> list[np.ndarray]:
    """What enters the stack and leaves each of its plain ReLU layers at step 0, float64 [held-out, width] each."""
    run = TrainingRun(experiment.changed(device="cpu"))
    numbers = {name: value.detach().double().numpy() for name, value in run.network.named_parameters()}
    states = [run.data.test_inputs @ numbers["input_layer.weight"].T + numbers["input_layer.bias"]]
    for weight, bias in zip(numbers["stack.weights"], numbers["stack.biases"], strict=True):
        states.append(np.maximum(states[-1] @ weight.T + bias, 0))
    return states


def likeness(state: np.ndarray) -> float:
    """Mean cosine between two different samples."""
    directions = state / np.linalg.norm(state, axis=1, keepdims=True)
    cosines = directions @ directions.T
    count = len(state)
    return float((cosines.sum() - np.trace(cosines)) / (count * (count - 1)))


# what each preset shows


@shows("sigmoid-30")
def _(preset: Preset) -> None:
    assert preset.accuracies().max() <= CHANCE_AT_MOST
    preset.says("thirty", "chance")
    assert preset.experiment.network.depth == 30
    preset.says("1/4")
    z = np.linspace(-20, 20, 40_001)
    assert (sigmoid(z) * (1 - sigmoid(z))).max() == 0.25
    preset.says("quarter", "eighteen decades")
    factor = 10 ** (-preset.fall() / 29)
    assert factor == pytest.approx(0.25, rel=0.1)
    assert factor == pytest.approx(sigmoid_factor(sigma_w=1.0), rel=0.03)
    assert preset.fall() == pytest.approx(18, abs=0.5)
    preset.says("fifteen layers")
    unchanged = np.array([preset.row("unchanged_fraction", step) for step in range(1, preset.last + 1)])
    assert (unchanged[:, :15] == 1).all()
    assert (unchanged[:, -1] < 0.5).all()


@shows("sigmoid-residual-30")
def _(preset: Preset) -> None:
    preset.says("thirty", "above 90%")
    assert preset.accuracies()[-1] > 0.9
    preset.says("30 layers")  # test_presets_to_compare
    preset.says("1 + s F'(x)", "within a decade")
    assert max(abs(preset.fall(step)) for step in range(preset.history.frames)) < 1
    preset.says("1/√depth")
    assert preset.experiment.changed(depth=100).network.branch_scale == pytest.approx(0.1)


@shows("sigmoid-batch-norm-30")
def _(preset: Preset) -> None:
    preset.says("thirty", "above 90%")
    assert preset.accuracies().max() > 0.9
    preset.says("30 layers")
    preset.says("step 0", "within a decade")
    assert np.ptp(preset.row("activation_grad_rms", 0)) < 1


@shows("sigmoid-3")
def _(preset: Preset) -> None:
    preset.says("Three plain", "above 90%")
    assert preset.accuracies()[-1] > 0.9
    preset.says("three runs", "3, 10 and 20")


@shows("sigmoid-10")
def _(preset: Preset) -> None:
    preset.says("Ten plain", "less than three", "3 layers")
    assert preset.accuracies().max() < 0.4


@shows("sigmoid-20")
def _(preset: Preset) -> None:
    preset.says("Twenty plain", "chance", "3 layers")
    assert preset.accuracies().max() <= CHANCE_AT_MOST
    preset.says("Seventeen", "the three")


@shows("relu-20")
def _(preset: Preset) -> None:
    preset.says("Twenty plain", "above 95%")
    assert preset.accuracies().max() >= 0.95
    assert preset.accuracies()[-1] > 0.9
    preset.says("slope is 1", "half")
    active = np.mean([(state > 0).mean() for state in hidden_states(preset.experiment)[1:]])
    assert active == pytest.approx(0.5, abs=0.1)
    preset.says("step 0", "within a decade")
    assert np.ptp(preset.row("activation_grad_rms", 0)) < 1


@shows("relu-100")
def _(preset: Preset) -> None:
    preset.says("hundred plain", "chance", "twenty", "20 layers")
    assert preset.accuracies()[-1] <= CHANCE_AT_MOST
    preset.says("step 0", "within a decade")
    assert np.ptp(preset.row("activation_grad_rms", 0)) < 1
    preset.says("hundred layers")
    states = hidden_states(preset.experiment)
    assert likeness(states[0]) < 0.3
    assert likeness(states[-1]) > 0.97
    assert max(preset.fall(step) for step in range(50, 100)) > 3


@shows("relu-1000")
def _(preset: Preset) -> None:
    preset.says("thousand plain", "at chance")
    assert preset.accuracies().max() <= CHANCE_AT_MOST
    preset.says("32 units", "step 0", "more than ten decades")
    assert preset.experiment.network.width == 32
    assert preset.fall() > 10


@shows("relu-flat")
def _(preset: Preset) -> None:
    preset.says("thirty layers")
    preset.says("step 0", "σ_w²/2", "σ_w² to 2")
    assert 10 ** (-2 * preset.fall() / 29) == pytest.approx(1.0, abs=0.06)
    assert preset.accuracies().max() > 0.85
    preset.says("1/3", "thirty", "eleven decades")
    _, frame = first_frame(preset.experiment.changed(initialization="pytorch_default", device="cpu"))
    row = frame.rows["activation_grad_rms"]
    assert row[-1] - row[0] == pytest.approx(29 * math.log10(6) / 2, abs=0.5)
    assert 29 * math.log10(6) / 2 == pytest.approx(11, abs=0.5)


@shows("tanh-1000")
def _(preset: Preset) -> None:
    preset.says("more than 800", "1000 tanh", "slope reaches 1")
    zero = sum(not grad.any() for grad in plain_weight_grads(preset.experiment))
    assert zero > 800
    assert np.isneginf(preset.row("weight_grad_norm", 0)).sum() == pytest.approx(zero, abs=3)
    assert np.isneginf(preset.row("weight_grad_norm", preset.last)).sum() > 800
    preset.says("0 and 1.4e-45")
    assert np.nextafter(np.float32(0), np.float32(1)) == pytest.approx(1.4e-45, rel=0.01)
    assert preset.accuracies()[-1] <= CHANCE_AT_MOST


@shows("float-floor")
def _(preset: Preset) -> None:
    preset.says("seventy", "1000 layers")
    left = sum(bool(grad.any()) for grad in plain_weight_grads(preset.experiment))
    assert left == pytest.approx(70, abs=5)
    assert np.isfinite(preset.row("weight_grad_norm", 0)).sum() == pytest.approx(left, abs=3)
    preset.says("10^-600", "1.4e-45")
    expected = 999 * math.log10(sigmoid_factor(sigma_w=1.0))
    assert expected < -600
    exact = preset.row("exact_log10_activation_grad_rms", 0)
    assert exact[0] - exact[-1] == pytest.approx(expected, rel=0.03)
    preset.says("5e-324", "500 layers")
    assert np.nextafter(0.0, 1.0) == pytest.approx(5e-324)
    double = preset.experiment.changed(precision="float64", device="cpu")
    left = sum(bool(grad.any()) for grad in plain_weight_grads(double))
    assert left == pytest.approx(500, abs=20)
    assert np.isfinite(first_frame(double)[1].rows["weight_grad_norm"]).sum() == pytest.approx(left, abs=3)


@shows("dying-relu")
def _(preset: Preset) -> None:
    assert preset.accuracies().max() > 0.4
    assert preset.accuracies()[-1] < 0.3
    preset.says("slope is 0")
    preset.says("more than half")
    assert preset.row("dead_fraction", 0).mean() < 0.05
    assert preset.row("dead_fraction", preset.last).mean() > 0.5
    assert np.isneginf(preset.row("weight_grad_norm", preset.last)).all()


@shows("leaky-relu-rescue")
def _(preset: Preset) -> None:
    preset.says("above 80%")
    assert preset.accuracies().max() > 0.8
    assert preset.accuracies()[-1] > 0.6
    dead = [
        preset.row("dead_fraction", step) for step in range(0, preset.last + 1, preset.experiment.training.probe_every)
    ]
    assert not np.any(dead)


@shows("residual-152")
def _(preset: Preset) -> None:
    preset.says("152", "above 95%")
    assert preset.accuracies()[-1] > 0.95
    preset.says("two layers", "1/√depth")
    assert preset.experiment.network.branch_scale == pytest.approx(152**-0.5)
    zigzag = np.diff(preset.row("activation_grad_rms", 0))
    assert (zigzag[:-1] * zigzag[1:] < 0).mean() > 0.95
    preset.says("step 0", "within a decade")
    assert abs(preset.fall()) < 1


@shows("residual-1000")
def _(preset: Preset) -> None:
    preset.says("thousand", "above 95%")
    assert preset.accuracies()[-1] > 0.95
    preset.says("1/√1000")
    assert preset.experiment.network.branch_scale == pytest.approx(1000**-0.5)
    preset.says("within a decade")
    assert max(np.ptp(preset.row("activation_grad_rms", step)) for step in range(preset.last + 1)) < 1


@shows("batch-norm-100")
def _(preset: Preset) -> None:
    preset.says("hundred", "more than four decades")
    assert preset.fall() < -4
    assert preset.row("weight_norm", preset.last)[0] > preset.row("weight_norm", 0)[0] + math.log10(3)
    preset.says("near chance")
    assert preset.accuracies().max() < 0.25


@shows("exploding")
def _(preset: Preset) -> None:
    preset.says("double", "within two steps")
    assert 10 ** (-2 * preset.fall() / 29) == pytest.approx(2.0, rel=0.1)
    assert preset.history.diverged is not None
    assert preset.history.diverged.step <= 2
    preset.says("step 0", "thirty", "more than four decades", "σ_w²/2 is 2")
    assert preset.fall() < -4
    assert 29 * math.log10(2) / 2 > 4
    assert trained(preset.experiment.changed(gradient_clip=1.0)).diverged is None


@shows("diverging")
def _(preset: Preset) -> None:
    preset.says("dozens of steps")
    assert preset.history.diverged is not None
    assert 12 <= preset.history.diverged.step <= 200
    preset.says("step 0", "within a decade")
    assert np.ptp(preset.row("activation_grad_rms", 0)) < 1
    preset.says("0.001", "ten times")
    assert np.median(preset.row("update_ratio", 10)) > -2
    assert trained(preset.experiment.changed(learning_rate=0.01)).diverged is None


@shows("spirals")
def _(preset: Preset) -> None:
    preset.says("two spirals", "above 95%", "Ten residual")
    assert preset.accuracies()[-1] > 0.95
    assert preset.history.latest_evaluation is not None
    assert preset.history.latest_evaluation.boundary is not None
    preset.says("ten plain", "below 80%")
    assert trained(preset.experiment.changed(shortcut="none")).accuracies()[1].max() < 0.8


# what every preset has to be


def test_the_promised_presets_are_there_and_every_one_is_held_to_its_words() -> None:
    assert set(NAMES) >= PROMISED
    assert set(SHOWN) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_says_what_there_is_to_see_and_what_to_change_next(name: str) -> None:
    preset = load_preset(name)
    assert 10 <= len(preset.title) <= 60
    first, *rest = re.split(r"(?<=[.!?])\s", preset.notes)
    assert len(first) <= LIST_COLUMNS
    assert "Next, " in preset.notes
    assert rest
    assert preset.notes.endswith(".")
    assert preset.notes == " ".join(preset.notes.split())


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_writes_only_what_differs_from_the_defaults_and_has_an_effect(name: str) -> None:
    written = tomllib.loads(resource_path(f"presets/{name}.toml").read_text(encoding="utf-8"))
    known = fields(written.get("architecture", "mlp"))
    assert [key for key, value in written.items() if value == known[key].default and key != "architecture"] == []
    assert written.keys() & inapplicable(load_preset(name)).keys() == set()


def test_no_two_presets_are_the_same_or_called_the_same() -> None:
    presets = [load_preset(name) for name in NAMES]
    assert len({preset.title for preset in presets}) == len(presets)
    assert len({preset.changed(title="", notes="") for preset in presets}) == len(presets)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_preset_invites_to_can_be_set(name: str) -> None:
    preset = load_preset(name)
    labels = {field.label: name for name, field in fields(preset.network.architecture).items()}
    labels["Weight scale"] = "sigma_w"
    invitations = re.findall(r"([A-Z][a-z]+(?: [a-z]+)?) to (?!start)(\w+(?:\.\d+)?)", preset.notes.split("Next, ")[1])
    for label, word in invitations:
        name_of_field = labels[label]
        kind = type(preset.value(name_of_field))
        assert preset.changed(**{name_of_field: kind(word)}) != preset
    named = re.findall(r"[A-Z][A-Za-z]+(?: [a-z]+)?, \d+ layers", preset.notes)
    titles = [load_preset(other).title for other in NAMES if other != name]
    assert all(any(title.startswith(each) for title in titles) for each in named)


@pytest.mark.parametrize(
    ("name", "other", "fields"),
    [
        ("sigmoid-residual-30", "sigmoid-30", {"shortcut"}),
        ("sigmoid-batch-norm-30", "sigmoid-30", {"normalization"}),
        ("sigmoid-10", "sigmoid-3", {"depth"}),
        ("sigmoid-20", "sigmoid-3", {"depth"}),
        ("relu-100", "relu-20", {"depth"}),
        ("leaky-relu-rescue", "dying-relu", {"activation", "leaky_slope"}),
        ("transformer-post-norm-24", "transformer-pre-norm-24", {"norm"}),
        ("transformer-no-shortcut", "transformer-pre-norm-24", {"shortcut"}),
        ("transformer-rescued", "transformer-post-norm-24", {"shortcut"}),
        ("transformer-post-norm-12-warmup", "transformer-post-norm-12", {"warmup_steps"}),
    ],
)
def test_presets_to_compare_differ_only_in_what_is_compared(name: str, other: str, fields: set[str]) -> None:
    one, two = load_preset(name).flat(), load_preset(other).flat()
    assert {field for field in one if one[field] != two[field]} == fields | {"title", "notes"}


def mark_of(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.benchmark] if name in LONG else [pytest.mark.slow] if name in SLOW else []


@pytest.mark.parametrize("name", [pytest.param(name, marks=mark_of(name)) for name in SHOWN])
def test_the_notes_say_what_is_measured(name: str) -> None:
    preset = Preset(name)
    predicted = preset.history.latest_evaluation
    assert predicted is not None
    right = predicted.predicted == preset.history.started.held_out.labels
    assert preset.accuracies()[-1] == pytest.approx(np.mean(right))
    SHOWN[name](preset)
    preset.leaves_nothing_unchecked()
