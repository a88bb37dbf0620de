"""What a prediction says, what it refuses, and how it fits the program's own first frame on the digits."""

import math
import re
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from gradviz.experiment import Experiment, Training, choices
from gradviz.network.stack.shortcuts import GATE_BIAS, blocks_of
from gradviz.network.stack.stack import Stack
from gradviz.theory import recipe as seen
from gradviz.theory.head import loss_start
from gradviz.theory.prediction import NoPrediction, Prediction, predict
from gradviz.training.data import load_data
from gradviz.training.loop import first_frame

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
DIGITS = load_data(Experiment.parse({"data": "digits"}))
SAMPLE_SQUARES = np.square(DIGITS.train_inputs).mean(1)


def predicted(squares: object = 1.0, classes: int | None = 10, **values: object) -> Prediction:
    found = predict(Experiment.parse(values), squares, classes)
    assert isinstance(found, Prediction), found
    return found


# depth, activation, shortcut, initialisation: what the presets and the form's defaults are made of
DIGIT_RUNS = [
    (30, "sigmoid", "none", "glorot_uniform"),
    (20, "relu", "none", "he_normal"),
    (50, "relu", "none", "pytorch_default"),
    (50, "tanh", "none", "he_uniform"),
    (50, "selu", "none", "lecun_normal"),
    (50, "tanh", "none", "orthogonal"),
    (50, "tanh", "identity", "glorot_normal"),
    (50, "relu", "identity", "he_normal"),
    (50, "relu", "scaled", "he_normal"),
    (50, "gelu", "pre_activation", "glorot_uniform"),
    (50, "silu", "highway", "he_normal"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "activation", "shortcut", "initialization"), DIGIT_RUNS)
@pytest.mark.parametrize("width", [32, 128])
def test_the_first_frame_on_digits_is_predicted(
    width: int, depth: int, activation: str, shortcut: str, initialization: str
) -> None:
    """The whole program: real inputs, every initialisation, cross-entropy at the head, the probe itself."""
    values = {"depth": depth, "activation": activation, "shortcut": shortcut, "initialization": initialization}
    runs = []
    for seed in range(4):
        e = Experiment.parse(values | {"width": width, "seed": seed, "precision": "float64", "device": "cpu"})
        row = first_frame(e)[1].rows["activation_grad_rms"].astype(float)
        runs.append(row - row[-1])
    measured, found = np.array(runs), predicted(SAMPLE_SQUARES, width=width, **values)
    deviation = np.abs(measured.mean(0) - found.log10_activation_grad_rms).max()
    print(
        f"| digits, {depth} x {width}, {activation}, {shortcut}, {initialization} "
        f"| {measured[:, 0].mean():.2f} ± {measured[:, 0].std(ddof=1):.2f} "
        f"| {found.log10_activation_grad_rms[0]:.2f} ± {found.log10_spread[0]:.2f} | {deviation:.2f} |"
    )
    # decades of the root: 0.075 of it are 0.15 of the square
    assert deviation < 0.075 + 2 * found.log10_spread.max() / math.sqrt(len(runs))


def test_sigmoid_in_words() -> None:
    """chi at the fixed point by an independent rule: Gauss-Hermite suffices for the sigmoid."""
    t, weights = np.polynomial.hermite_e.hermegauss(60)
    weights, q = weights / weights.sum(), 0.25
    for _ in range(200):
        q = float(weights @ (1 / (1 + np.exp(-math.sqrt(q) * t))) ** 2)
    s = 1 / (1 + np.exp(-math.sqrt(q) * t))
    chi = float(weights @ (s * (1 - s)) ** 2)
    found = predicted(activation="sigmoid", depth=30, width=256)
    assert found.chi_fixed_point == pytest.approx(chi, rel=1e-9)
    assert found.q[-1] == pytest.approx(q, rel=1e-9)
    assert found.words() == (
        f"ordered: chi = {chi:.3g} per layer, depth scale {-1 / math.log(chi):.2g} layers: the gradient fades layer "
        f"by layer; by this theory about {round(-6 / math.log(chi))} layers can be trained"
    )
    assert "1611.01232" in found.source


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"activation": "relu", "initialization": "he_normal", "width": 512}, "critical: chi = 1 per layer"),
        ({"activation": "relu", "initialization": "gaussian", "sigma_w": 2.0}, "chaotic: chi = 2 per layer"),
        (
            {"activation": "tanh", "shortcut": "identity", "depth": 50},
            r"over the shortcuts the gradient grows by 1\.\d decades",
        ),
        (
            {"activation": "tanh", "shortcut": "highway", "depth": 50},
            r"over the shortcuts the gradient fades by 2\.\d decades",
        ),
        ({"shortcut": "rezero"}, "over the shortcuts the gradient arrives unchanged"),
        (
            {"activation": "relu", "initialization": "he_normal", "depth": 1000, "width": 32},
            r"with 32 units per layer it ends 1[5-9] decades lower than with infinitely many, give or take 3",
        ),
    ],
)
def test_what_is_said_of_other_networks(values: dict[str, object], words: str) -> None:
    assert re.search(words, predicted(**values).words())


@pytest.mark.parametrize("shortcut", ["identity", "scaled", "pre_activation"])
@pytest.mark.parametrize("span", [1, 3])
def test_silent_branches_pass_the_gradient_exactly_and_get_none(shortcut: str, span: int) -> None:
    values = {"shortcut": shortcut, "shortcut_span": span, "zero_init_branch": True, "depth": 8, "width": 16}
    found = predicted(activation="tanh", **values)
    e = Experiment.parse(values | {"activation": "tanh", "precision": "float64", "device": "cpu"})
    measured = first_frame(e)[1].rows["activation_grad_rms"]
    np.testing.assert_array_equal(found.log10_activation_grad_rms, measured - measured[-1])
    np.testing.assert_array_equal(found.log10_spread[np.isfinite(found.log10_activation_grad_rms)][-1], 0.0)


def test_rezero_is_the_identity_at_first() -> None:
    np.testing.assert_array_equal(predicted(shortcut="rezero", depth=9).log10_activation_grad_rms, np.zeros(9))


def test_dead_and_weightless_layers_pass_nothing() -> None:
    found = predicted(activation="tanh", initialization="gaussian", sigma_w=0.0, depth=5)
    np.testing.assert_array_equal(found.log10_activation_grad_rms, [-np.inf] * 4 + [0.0])
    np.testing.assert_array_equal(found.chi, np.zeros(5))


@pytest.mark.slow
@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_every_activation_and_shortcut_gets_a_finite_answer(shortcut: str) -> None:
    for activation in choices("activation"):
        found = predicted(activation=activation, shortcut=shortcut, depth=12, width=64)
        for row in (found.log10_activation_grad_rms, found.log10_spread, found.q, found.chi):
            assert row.shape == (12,), activation
            assert np.isfinite(row).all(), activation
        assert found.log10_activation_grad_rms[-1] == 0, activation
        assert found.log10_spread[-1] == 0, activation


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "squares", "reason"),
    [
        ({"normalization": "batch"}, 1.0, "batch normalisation"),
        ({"activation": "relu", "shortcut": "identity", "depth": 2000}, 1.0, "beyond all measure"),
        ({"activation": "relu", "initialization": "he_normal", "depth": 2000, "width": 16}, 1.0, "decades from one"),
        ({"activation": "silu", "initialization": "he_normal", "depth": 50, "width": 256}, [0.8] * 99 + [31.0],
         "single samples of unusual length"),
    ],
)  # fmt: skip
def test_what_is_not_predicted_has_a_reason(values: dict[str, object], squares: object, reason: str) -> None:
    found = predict(Experiment.parse(values), squares)
    assert isinstance(found, NoPrediction)
    assert reason in found.reason
    assert "\n" not in found.reason


def test_a_single_class_has_nothing_to_send_back() -> None:
    found = predict(Experiment(), classes=1)
    assert isinstance(found, NoPrediction)
    assert "single class" in found.reason


def test_without_the_unusual_sample_there_is_a_curve() -> None:
    predicted([0.8] * 100, activation="silu", initialization="he_normal", depth=50, width=256)


def test_samples_of_different_length_are_averaged() -> None:
    """Half of them in each basin of GELU: the mean square is that of the half that is passed on."""
    values = {"activation": "gelu", "initialization": "he_normal", "depth": 40, "width": 1024}
    short, long = (predicted(square, **values) for square in (0.2, 20.0))
    both = predicted([0.2] * 50 + [20.0] * 50, **values)
    assert long.log10_activation_grad_rms[0] - short.log10_activation_grad_rms[0] > 2
    expected = long.log10_activation_grad_rms[0] + 0.5 * math.log10(0.5)
    assert both.log10_activation_grad_rms[0] == pytest.approx(expected, abs=0.02)


def test_weights_and_biases_have_the_variances_that_the_network_draws() -> None:
    for name in choices("initialization"):
        e = Experiment.parse({"initialization": name, "depth": 40, "width": 100, "sigma_w": 1.3, "sigma_b": 0.4,
                              "bias_shift": 0.25})  # fmt: skip
        generator = torch.Generator().manual_seed(3)
        stack = Stack(e.network, generator, dtype=torch.float64)
        sigma_w2, sigma_b2 = seen.variances(e.network)
        assert e.network.width * float(stack.weights.detach().var()) == pytest.approx(sigma_w2, rel=0.01)
        assert float(stack.biases.detach().var()) == pytest.approx(sigma_b2, rel=0.06, abs=1e-12)
        assert float(stack.biases.detach().mean()) == pytest.approx(e.network.bias_shift, abs=0.02)


@pytest.mark.parametrize(("shortcut", "span", "depth"), [("none", 3, 7), ("identity", 3, 7), ("scaled", 4, 4)])
def test_blocks_and_gates_are_the_networks(shortcut: str, span: int, depth: int) -> None:
    e = Experiment.parse({"shortcut": shortcut, "shortcut_span": span, "depth": depth})
    assert seen.recipe(e.network).blocks == [block.layers for block in blocks_of(e.network)]
    assert seen.GATE_BIAS == GATE_BIAS


@pytest.mark.parametrize(("classes", "square"), [(2, 4.0), (10, 0.01), (10, 9.0), (10, 1e8), (4, 25.0)])
@pytest.mark.parametrize("training", [Training(), Training(label_smoothing=0.3)], ids=["plain", "smoothed"])
def test_how_much_of_a_gradient_lies_along_the_state_at_the_head(
    classes: int, square: float, training: Training
) -> None:
    """Against heads drawn one by one, with autograd for the loss."""
    smoothing = training.label_smoothing

    def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="sum")

    found = loss_start(np.array([square]), classes, training)
    assert found.along_state[0] == pytest.approx(along_state(classes, classes, square, loss), rel=0.12)
    assert found.directions == classes - 1


@pytest.mark.parametrize("square", [0.01, 1.0, 9.0])
@pytest.mark.parametrize(("loss", "classes"), [("mse", 0), ("mse", 5), ("binary_cross_entropy", 2),
                                               ("binary_cross_entropy", 5)])  # fmt: skip
def test_other_losses_send_back_what_autograd_does(loss: str, classes: int, square: float) -> None:
    outputs = 1 if classes in (0, 2) else classes

    def torchs(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        if classes == 0:
            normal = torch.randn(logits.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
            return functional.mse_loss(logits, normal, reduction="sum")
        wanted = labels[:, None].double() if classes == 2 else functional.one_hot(labels, classes).double()
        if loss == "mse":
            return functional.mse_loss(logits, wanted, reduction="sum")
        return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum")

    found = loss_start(np.array([square]), classes, Training.model_validate({"loss": loss}))
    assert found.along_state[0] == pytest.approx(along_state(outputs, max(classes, 2), square, torchs), rel=0.12)
    assert found.directions == outputs


def along_state(outputs: int, classes: int, square: float, loss: Loss) -> float:
    """How much of a gradient's square lies along the state, relative to a random direction, of heads drawn singly."""
    generator = torch.Generator().manual_seed(1)
    n, heads = 64, 3000
    x = torch.randn(n, generator=generator, dtype=torch.float64)
    x *= math.sqrt(n * square) / x.norm()
    head = torch.randn(heads, outputs, n, generator=generator, dtype=torch.float64) / math.sqrt(n)
    states = x.expand(heads, n).clone().requires_grad_()
    labels = torch.randint(0, classes, (heads,), generator=generator)
    logits = torch.einsum("hkn,hn->hk", head, states)
    (gradients,) = torch.autograd.grad(loss(logits, labels), states)
    along = float((gradients @ x).square().mean() / (n * square))
    return along / float(gradients.square().sum(1).mean()) * n


def test_the_theory_needs_no_torch_and_no_window() -> None:
    """Plots and the window's first second may use it."""
    script = (
        "import sys\n"
        "from gradviz.experiment import Experiment\n"
        "from gradviz.theory.prediction import predict\n"
        "from gradviz.theory.bounds import supremum_bound\n"
        "predict(Experiment()), supremum_bound(Experiment().network)\n"
        "print([name for name in ('torch', 'PySide6', 'pyqtgraph', 'scipy') if name in sys.modules])\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
