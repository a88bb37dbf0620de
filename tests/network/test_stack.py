"""The fused stack against plain autograd, for every activation and every shortcut, span and normalisation."""

from typing import get_args

import pytest
import torch
from covering import pairwise
from stack_variants import variants_with
from torch import Tensor, nn
from torch.func import functional_call

from gradviz.experiment import Experiment, choices
from gradviz.experiment.activations import Activation
from gradviz.network.catalogue import build_network
from gradviz.network.stack.reference import copy_weights, hidden_layers, reference_network
from gradviz.network.stack.stack import Network, Stack, StaleBackwardError

FEATURES, CLASSES, BATCH = 5, 3, 4
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=1e-2),
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def experiment(**values: object) -> Experiment:
    base = {
        "depth": 5,
        "width": 4,
        "precision": "float64",
        "initialization": "gaussian",
        "sigma_w": 1.3,
        "sigma_b": 0.2,
    }
    return Experiment.parse(base | {"batch_size": BATCH} | values)


def batch(dtype: torch.dtype = torch.float64, size: int = BATCH) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(size, FEATURES, generator=generator, dtype=torch.float64).to(dtype)
    return x, torch.randint(0, CLASSES, (size,), generator=generator)


def awaken(network: nn.Module) -> None:
    """Move parameters that start at a special value (gains 1, rezero factors 0), or their gradients prove nothing."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype) * 0.1)


def pair(e: Experiment) -> tuple[Network, nn.Sequential]:
    network = build_network(e, (FEATURES,), CLASSES)
    awaken(network)
    reference = reference_network(e, FEATURES, CLASSES)
    copy_weights(network, reference)
    return network, reference


def loss_of(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return nn.functional.cross_entropy(network(x), y)


@pytest.mark.slow
@pytest.mark.parametrize("activation", get_args(Activation))
def test_gradients_of_every_variant_equal_autograds(activation: str) -> None:
    x, y = batch()
    for variant in variants_with(activation):
        network, reference = pair(experiment(**variant))
        loss, expected = loss_of(network, x, y), loss_of(reference, x, y)
        loss.backward()
        expected.backward()
        torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-14, msg=lambda m, v=variant: f"{v}: {m}")
        expected_grads = stacked_grads(reference, network)
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, (variant, name)
            torch.testing.assert_close(
                parameter.grad,
                expected_grads[name],
                rtol=1e-9,
                atol=1e-14,
                msg=lambda m, v=variant, n=name: f"{v} {n}: {m}",
            )


def stacked_grads(reference: nn.Sequential, network: Network) -> dict[str, Tensor]:
    """The reference's gradients under the names and in the shapes of the fused network's parameters."""
    linears, norms = hidden_layers(reference)

    def stack(modules: list[nn.Module], name: str) -> Tensor:
        return torch.stack([module.get_parameter(name).grad for module in modules])

    blocks = [module for module in reference if hasattr(module, "branch")]
    grads = {
        "input_layer.weight": reference[0].weight.grad,
        "input_layer.bias": reference[0].bias.grad,
        "head.weight": reference[-1].weight.grad,
        "head.bias": reference[-1].bias.grad,
        "stack.weights": stack(linears, "weight"),
        "stack.biases": stack(linears, "bias"),
    }
    names = dict(network.named_parameters())
    if "stack.prelu.slopes" in names:
        slopes = [module for module in reference.modules() if isinstance(module, nn.PReLU)]
        grads["stack.prelu.slopes"] = torch.cat([module.weight.grad for module in slopes])
    if "stack.normalization.gain" in names:
        grads["stack.normalization.gain"] = stack(norms, "weight")
    if "stack.normalization.offset" in names:
        grads["stack.normalization.offset"] = stack(norms, "bias")
    if "stack.shortcut.factors" in names:
        grads["stack.shortcut.factors"] = torch.stack([block.factor.grad for block in blocks])
    if "stack.shortcut.gate_weights" in names:
        grads["stack.shortcut.gate_weights"] = torch.stack([block.gate.weight.grad for block in blocks])
        grads["stack.shortcut.gate_biases"] = torch.stack([block.gate.bias.grad for block in blocks])
    return grads


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shortcut", "normalization", "kind"),
    pairwise(choices("shortcut"), choices("normalization"), [("tanh", 1), ("gelu", 2), ("sigmoid", 3), ("selu", 4)]),
)
def test_gradcheck_in_float64(shortcut: str, normalization: str, kind: tuple[str, int]) -> None:
    activation, span = kind
    e = experiment(
        depth=3, width=3, activation=activation, shortcut=shortcut, shortcut_span=span, normalization=normalization
    )
    template = Stack(e.network, torch.Generator().manual_seed(1), dtype=torch.float64)
    awaken(template)
    state = {name: value.clone() for name, value in template.state_dict().items()}
    names = [name for name, _ in template.named_parameters()]

    def run(x: Tensor, *parameters: Tensor) -> Tensor:
        # gradcheck runs forward many times before it asks for the gradient: each run needs its own buffers
        stack = Stack(e.network, torch.Generator().manual_seed(1), dtype=torch.float64)
        stack.load_state_dict(state)
        result: Tensor = functional_call(stack, dict(zip(names, parameters, strict=True)), (x,))
        return result

    x = torch.randn(3, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64, requires_grad=True)
    inputs = [parameter.detach().clone().requires_grad_() for parameter in template.parameters()]
    assert torch.autograd.gradcheck(run, (x, *inputs), eps=1e-6, atol=1e-6), (activation, span)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_losses_and_weights_stay_equal_over_many_steps(shortcut: str, optimizer: str) -> None:
    for normalization, span in (("none", 1), ("batch", 2), ("rms", 3)):
        network, reference = pair(
            experiment(activation="tanh", shortcut=shortcut, shortcut_span=span, normalization=normalization)
        )
        ours, theirs = OPTIMIZERS[optimizer](network.parameters()), OPTIMIZERS[optimizer](reference.parameters())
        x, y = batch()
        for _ in range(6):
            losses = []
            for model, rule in ((network, ours), (reference, theirs)):
                rule.zero_grad()
                loss = loss_of(model, x, y)
                loss.backward()
                rule.step()
                losses.append(loss.item())
            assert losses[0] == pytest.approx(losses[1], rel=1e-10)
        linears, _ = hidden_layers(reference)
        expected = torch.stack([linear.weight for linear in linears])
        torch.testing.assert_close(network.weights, expected, rtol=1e-8, atol=1e-10)


def test_float32_follows_the_reference_within_rounding() -> None:
    network, reference = pair(experiment(depth=20, width=16, activation="relu", precision="float32"))
    x, y = batch(torch.float32)
    loss, expected = loss_of(network, x, y), loss_of(reference, x, y)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(
        network.weights.grad, stacked_grads(reference, network)["stack.weights"], rtol=1e-3, atol=1e-7
    )


@pytest.mark.parametrize("normalization", choices("normalization"))
@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_inference_equals_the_reference_in_evaluation_mode(shortcut: str, normalization: str) -> None:
    network, reference = pair(
        experiment(activation="silu", shortcut=shortcut, shortcut_span=2, normalization=normalization)
    )
    x, y = batch()
    for model in (network, reference):  # moves the running statistics of batch normalisation
        loss_of(model, x, y).backward()
    reference.eval()
    other = torch.randn(11, FEATURES, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    torch.testing.assert_close(network.evaluate(other), reference(other), rtol=1e-10, atol=1e-12)


def test_inference_leaves_the_trace_and_the_coming_backward_alone() -> None:
    network, reference = pair(experiment(activation="tanh", shortcut="highway", normalization="batch"))
    x, y = batch()
    loss = loss_of(network, x, y)
    network.evaluate(torch.randn(9, FEATURES, dtype=torch.float64))
    loss.backward()
    loss_of(reference, x, y).backward()
    torch.testing.assert_close(network.weights.grad, stacked_grads(reference, network)["stack.weights"])


def test_trace_holds_outputs_and_their_gradients_layer_by_layer() -> None:
    network, reference = pair(experiment(activation="tanh", shortcut="identity"))
    x, y = batch()
    outputs: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        output.retain_grad()
        outputs.append(output)

    for block in list(reference)[1:-1]:
        block.register_forward_hook(keep)
    loss_of(reference, x, y).backward()
    loss_of(network, x, y).backward()
    trace = network.trace
    assert trace.layers == 5
    assert trace.batch_size == BATCH
    for layer, output in enumerate(outputs):
        torch.testing.assert_close(trace.outputs[layer], output.detach())
        torch.testing.assert_close(trace.output_grads[layer], output.grad)


@pytest.mark.parametrize(
    ("activation", "shortcut", "normalization"),
    pairwise(["tanh", "gelu"], choices("shortcut"), choices("normalization")),
)
def test_trace_tells_what_entered_each_activation(activation: str, shortcut: str, normalization: str) -> None:
    network, reference = pair(
        experiment(activation=activation, shortcut=shortcut, shortcut_span=2, normalization=normalization)
    )
    entered: list[Tensor] = []
    for module in reference.modules():
        if isinstance(module, nn.Tanh | nn.GELU):
            module.register_forward_pre_hook(lambda _module, inputs: entered.append(inputs[0].detach()))
    x, y = batch()
    loss_of(reference, x, y)
    loss_of(network, x, y).backward()
    torch.testing.assert_close(network.trace.pre_activations(), torch.stack(entered))


def test_a_backward_pass_that_comes_too_late_is_refused() -> None:
    network, _ = pair(experiment())
    x, y = batch()
    late = loss_of(network, x, y)
    loss_of(network, x, y)
    with pytest.raises(StaleBackwardError, match="overwritten"):
        late.backward()


def test_there_is_no_trace_before_a_backward_pass() -> None:
    with pytest.raises(RuntimeError, match="no trace"):
        _ = build_network(experiment(), (FEATURES,), CLASSES).trace


def test_a_batch_of_another_size_gets_buffers_of_its_own() -> None:
    network, reference = pair(experiment(activation="relu"))
    for size in (BATCH, 7, BATCH):
        x, y = batch(size=size)
        network.zero_grad()
        reference.zero_grad()
        loss_of(network, x, y).backward()
        loss_of(reference, x, y).backward()
        torch.testing.assert_close(network.weights.grad, stacked_grads(reference, network)["stack.weights"])


def test_two_runs_from_one_seed_are_bit_identical() -> None:
    def run() -> Tensor:
        network = build_network(
            experiment(depth=30, width=16, precision="float32", activation="relu"), (FEATURES,), CLASSES
        )
        x, y = batch(torch.float32)
        loss_of(network, x, y).backward()
        return network.weights.grad

    assert torch.equal(run(), run())


def test_another_seed_is_another_network() -> None:
    first = build_network(experiment(seed=1), (FEATURES,), CLASSES)
    second = build_network(experiment(seed=2), (FEATURES,), CLASSES)
    assert not torch.equal(first.weights, second.weights)


def test_the_deepest_network_runs() -> None:
    network = build_network(
        experiment(depth=2000, width=2, activation="sigmoid", shortcut="identity"), (FEATURES,), CLASSES
    )
    x, y = batch()
    loss_of(network, x, y).backward()
    assert torch.isfinite(network.trace.output_grads).all()


def test_a_single_layer_runs() -> None:
    for shortcut in choices("shortcut"):
        network, reference = pair(experiment(depth=1, shortcut=shortcut, shortcut_span=4))
        x, y = batch()
        torch.testing.assert_close(loss_of(network, x, y), loss_of(reference, x, y))


def test_without_shortcut_the_reference_is_a_plain_sequential() -> None:
    reference = reference_network(experiment(shortcut="none"), FEATURES, CLASSES)
    assert type(reference) is nn.Sequential
    assert {type(module) for module in reference} == {nn.Linear, nn.Sigmoid}
