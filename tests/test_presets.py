"""Every preset shows what its notes say, measured by the same loop that the window pumps."""

from __future__ import annotations

import math
import re
import tomllib

import numpy as np
import pytest
import torch
from preset_notes import SHOWN, Preset, recorded, shows

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
    preset.says("through thirty sigmoid layers, and the network stays at chance")
    assert preset.experiment.network.depth == 30
    preset.says("never exceeds 1/4")
    z = np.linspace(-20, 20, 40_001)
    assert (sigmoid(z) * (1 - sigmoid(z))).max() == 0.25
    preset.says("about a quarter", "eighteen decades below")
    factor = 10 ** (-preset.fall() / 29)
    assert factor == pytest.approx(0.25, rel=0.1)
    assert factor == pytest.approx(sigmoid_factor(sigma_w=1.0), rel=0.03)
    assert preset.fall() == pytest.approx(18, abs=0.5)
    preset.says("in the first fifteen layers")
    unchanged = np.array([preset.row("unchanged_fraction", step) for step in range(1, preset.last + 1)])
    assert (unchanged[:, :15] == 1).all()
    assert (unchanged[:, -1] < 0.5).all()


@shows("sigmoid-residual-30")
def _(preset: Preset) -> None:
    preset.says("thirty sigmoid layers learn", "to above 90%")
    assert preset.accuracies()[-1] > 0.9
    preset.says("Nothing but the shortcut differs from Sigmoid, 30 layers")  # test_presets_to_compare
    preset.says("x + s F(x) has the slope 1 + s F'(x)", "within a decade")
    assert max(abs(preset.fall(step)) for step in range(preset.history.frames)) < 1
    preset.says("the branch scale of 1/√depth follows by itself")
    assert preset.experiment.changed(depth=100).branch_scale == pytest.approx(0.1)


@shows("sigmoid-batch-norm-30")
def _(preset: Preset) -> None:
    preset.says("thirty sigmoid layers learn", "to above 90%")
    assert preset.accuracies().max() > 0.9
    preset.says("Nothing but the normalisation differs from Sigmoid, 30 layers")
    preset.says("at step 0 the profile is level within a decade")
    assert np.ptp(preset.row("activation_grad_rms", 0)) < 1


@shows("sigmoid-3")
def _(preset: Preset) -> None:
    preset.says("Three plain sigmoid layers learn", "to above 90%")
    assert preset.accuracies()[-1] > 0.9
    preset.says("first of three runs with the same settings and 3, 10 and 20 layers")


@shows("sigmoid-10")
def _(preset: Preset) -> None:
    preset.says("Ten plain sigmoid layers learn far less than three", "of Sigmoid, 3 layers")
    assert preset.accuracies().max() < 0.4


@shows("sigmoid-20")
def _(preset: Preset) -> None:
    preset.says(
        "Twenty plain sigmoid layers learn nothing at all: the accuracy stays at chance", "of Sigmoid, 3 layers"
    )
    assert preset.accuracies().max() <= CHANCE_AT_MOST
    preset.says("Seventeen layers more, and all that the three had learnt is gone")


@shows("relu-20")
def _(preset: Preset) -> None:
    preset.says("Twenty plain ReLU layers learn", "to above 95%")
    assert preset.accuracies().max() >= 0.95
    assert preset.accuracies()[-1] > 0.9
    preset.says("slope is 1 wherever", "the half that is not")
    active = np.mean([(state > 0).mean() for state in hidden_states(preset.experiment)[1:]])
    assert active == pytest.approx(0.5, abs=0.1)
    preset.says("at step 0 the profile is level within a decade")
    assert np.ptp(preset.row("activation_grad_rms", 0)) < 1


@shows("relu-100")
def _(preset: Preset) -> None:
    preset.says("A hundred plain ReLU layers stay at chance where twenty learn", "of ReLU, 20 layers")
    assert preset.accuracies()[-1] <= CHANCE_AT_MOST
    preset.says("level within a decade at step 0")
    assert np.ptp(preset.row("activation_grad_rms", 0)) < 1
    preset.says("through a hundred layers all digits have come to look alike")
    states = hidden_states(preset.experiment)
    assert likeness(states[0]) < 0.3
    assert likeness(states[-1]) > 0.97
    preset.says("a gradient that fades after all")
    assert max(preset.fall(step) for step in range(50, 100)) > 3


@shows("relu-1000")
def _(preset: Preset) -> None:
    preset.says("A thousand plain ReLU layers do not train: the accuracy stays at chance")
    assert preset.accuracies().max() <= CHANCE_AT_MOST
    preset.says("with 32 units", "at step 0", "more than ten decades below")
    assert preset.experiment.network.width == 32
    assert preset.fall() > 10


@shows("relu-flat")
def _(preset: Preset) -> None:
    preset.says("the first of thirty layers as strong")
    preset.says("look at step 0", "multiplies it by σ_w²/2", "sets σ_w² to 2")
    assert 10 ** (-2 * preset.fall() / 29) == pytest.approx(1.0, abs=0.06)
    assert preset.accuracies().max() > 0.85
    preset.says("σ_w² is then 1/3, and thirty layers lose eleven decades")
    _, frame = first_frame(preset.experiment.changed(initialization="pytorch_default", device="cpu"))
    row = frame.rows["activation_grad_rms"]
    assert row[-1] - row[0] == pytest.approx(29 * math.log10(6) / 2, abs=0.5)
    assert 29 * math.log10(6) / 2 == pytest.approx(11, abs=0.5)


@shows("tanh-1000")
def _(preset: Preset) -> None:
    preset.says("more than 800 of these 1000 tanh layers receive a gradient of exactly zero", "slope reaches 1")
    zero = sum(not grad.any() for grad in plain_weight_grads(preset.experiment))
    assert zero > 800
    assert np.isneginf(preset.row("weight_grad_norm", 0)).sum() == pytest.approx(zero, abs=3)
    assert np.isneginf(preset.row("weight_grad_norm", preset.last)).sum() > 800
    preset.says("no number between 0 and 1.4e-45")
    assert np.nextafter(np.float32(0), np.float32(1)) == pytest.approx(1.4e-45, rel=0.01)
    assert preset.accuracies()[-1] <= CHANCE_AT_MOST


@shows("float-floor")
def _(preset: Preset) -> None:
    preset.says("the last seventy or so of 1000 layers receive exactly zero")
    left = sum(bool(grad.any()) for grad in plain_weight_grads(preset.experiment))
    assert left == pytest.approx(70, abs=5)
    assert np.isfinite(preset.row("weight_grad_norm", 0)).sum() == pytest.approx(left, abs=3)
    preset.says("to below 10^-600, where the smallest float32 above zero is 1.4e-45")
    expected = 999 * math.log10(sigmoid_factor(sigma_w=1.0))
    assert expected < -600
    exact = preset.row("exact_log10_activation_grad_rms", 0)
    assert exact[0] - exact[-1] == pytest.approx(expected, rel=0.03)
    preset.says("its floor is 5e-324, and some 500 layers then receive a gradient")
    assert np.nextafter(0.0, 1.0) == pytest.approx(5e-324)
    double = preset.experiment.changed(precision="float64", device="cpu")
    left = sum(bool(grad.any()) for grad in plain_weight_grads(double))
    assert left == pytest.approx(500, abs=20)
    assert np.isfinite(first_frame(double)[1].rows["weight_grad_norm"]).sum() == pytest.approx(left, abs=3)


@shows("dying-relu")
def _(preset: Preset) -> None:
    preset.says("what was learnt is lost again")
    assert preset.accuracies().max() > 0.4
    assert preset.accuracies()[-1] < 0.3
    preset.says("slope is 0 there")
    preset.says("in the end they are more than half")
    assert preset.row("dead_fraction", 0).mean() < 0.05
    assert preset.row("dead_fraction", preset.last).mean() > 0.5
    assert np.isneginf(preset.row("weight_grad_norm", preset.last)).all()


@shows("leaky-relu-rescue")
def _(preset: Preset) -> None:
    preset.says("leaky ReLU learns, to above 80%")
    assert preset.accuracies().max() > 0.8
    assert preset.accuracies()[-1] > 0.6
    dead = [
        preset.row("dead_fraction", step) for step in range(0, preset.last + 1, preset.experiment.training.probe_every)
    ]
    assert not np.any(dead)


@shows("residual-152")
def _(preset: Preset) -> None:
    preset.says("152 ReLU layers learn, to above 95%")
    assert preset.accuracies()[-1] > 0.95
    preset.says("passes over two layers", "scaled by 1/√depth")
    assert preset.experiment.network.branch_scale == pytest.approx(152**-0.5)
    zigzag = np.diff(preset.row("activation_grad_rms", 0))
    assert (zigzag[:-1] * zigzag[1:] < 0).mean() > 0.95
    preset.says("at step 0 it reaches the first layer within a decade")
    assert abs(preset.fall()) < 1


@shows("residual-1000")
def _(preset: Preset) -> None:
    preset.says("a thousand layers learn, to above 95%")
    assert preset.accuracies()[-1] > 0.95
    preset.says("tanh times 1/√1000")
    assert preset.experiment.network.branch_scale == pytest.approx(1000**-0.5)
    preset.says("level within a decade throughout")
    assert max(np.ptp(preset.row("activation_grad_rms", step)) for step in range(preset.last + 1)) < 1


@shows("batch-norm-100")
def _(preset: Preset) -> None:
    preset.says("a hundred layers", "more than four decades towards the front")
    assert preset.fall() < -4
    assert preset.row("weight_norm", preset.last)[0] > preset.row("weight_norm", 0)[0] + math.log10(3)
    preset.says("the network stays near chance")
    assert preset.accuracies().max() < 0.25


@shows("exploding")
def _(preset: Preset) -> None:
    preset.says("double the gradient's mean square", "within two steps")
    assert 10 ** (-2 * preset.fall() / 29) == pytest.approx(2.0, rel=0.1)
    assert preset.history.diverged is not None
    assert preset.history.diverged.step <= 2
    preset.says("look at step 0", "thirty layers of ReLU", "by more than four decades", "σ_w²/2 is 2")
    assert preset.fall() < -4
    assert 29 * math.log10(2) / 2 > 4
    assert recorded(preset.experiment.changed(gradient_clip=1.0)).diverged is None


@shows("diverging")
def _(preset: Preset) -> None:
    preset.says("for some dozens of steps")
    assert preset.history.diverged is not None
    assert 12 <= preset.history.diverged.step <= 200
    preset.says("at step 0 is level within a decade")
    assert np.ptp(preset.row("activation_grad_rms", 0)) < 1
    preset.says("near 0.001", "soon is ten times that and more")
    assert np.median(preset.row("update_ratio", 10)) > -2
    assert recorded(preset.experiment.changed(learning_rate=0.01)).diverged is None


@shows("spirals")
def _(preset: Preset) -> None:
    preset.says("two classes", "two spirals", "above 95%", "Ten residual tanh layers")
    assert preset.accuracies()[-1] > 0.95
    assert preset.history.latest_evaluation is not None
    assert preset.history.latest_evaluation.boundary is not None
    preset.says("ten plain layers stay below 80%")
    assert recorded(preset.experiment.changed(shortcut="none")).accuracies()[1].max() < 0.8


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
    assert [key for key, value in written.items() if value == fields()[key].default] == []
    assert written.keys() & inapplicable(load_preset(name)).keys() == set()


def test_no_two_presets_are_the_same_or_called_the_same() -> None:
    presets = [load_preset(name) for name in NAMES]
    assert len({preset.title for preset in presets}) == len(presets)
    assert len({preset.changed(title="", notes="") for preset in presets}) == len(presets)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_preset_invites_to_can_be_set(name: str) -> None:
    preset = load_preset(name)
    labels = {each.label: key for key, each in fields().items()}
    labels["Weight scale"] = "sigma_w"
    invitations = re.findall(r"([A-Z][a-z]+(?: [a-z]+)?) to (?!start)(\w+(?:\.\d+)?)", preset.notes.split("Next, ")[1])
    for label, word in invitations:
        key = labels[label]
        assert preset.changed(**{key: type(preset.value(key))(word)}) != preset
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
    ],
)
def test_presets_to_compare_differ_only_in_what_is_compared(name: str, other: str, fields: set[str]) -> None:
    one, two = load_preset(name).flat(), load_preset(other).flat()
    assert {field for field in one if one[field] != two[field]} == fields | {"title", "notes"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in SHOWN])
def test_the_notes_say_what_is_measured(name: str) -> None:
    preset = Preset(name)
    predicted = preset.history.latest_evaluation
    assert predicted is not None
    right = predicted.predicted == preset.history.started.held_out.labels
    assert preset.accuracies()[-1] == pytest.approx(np.mean(right))
    SHOWN[name](preset)
    preset.leaves_nothing_unchecked()
