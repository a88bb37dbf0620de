"""A whole run, as its frames tell it, against an ordinary network trained by torch on the same batches."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from covering import each_value
from sklearn.metrics import accuracy_score, log_loss
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from gradviz.experiment import Experiment, choices
from gradviz.network.stack.reference import copy_weights, hidden_layers, reference_network
from gradviz.network.stack.stack import Network
from gradviz.training.run import TrainingRun

STEPS = 5
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": lambda p: SGD(p, lr=0.05, weight_decay=0.01),
    "momentum": lambda p: SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
    "adam": lambda p: Adam(p, lr=0.005, weight_decay=0.01),
    "adamw": lambda p: AdamW(p, lr=0.005, weight_decay=0.01),
    "rmsprop": lambda p: RMSprop(p, lr=0.005, weight_decay=0.01),
}
RATES = {"sgd": 0.05, "momentum": 0.05}
# every shortcut, normalisation and span once, with an activation that has no kink to fall off differently
NETWORKS: list[dict[str, object]] = [
    {"shortcut": "none", "normalization": "none", "activation": "tanh"},
    {"shortcut": "identity", "shortcut_span": 2, "normalization": "batch", "activation": "silu"},
    {"shortcut": "pre_activation", "shortcut_span": 3, "normalization": "layer", "activation": "gelu"},
    {"shortcut": "scaled", "shortcut_span": 4, "normalization": "rms", "activation": "softplus"},
    {"shortcut": "rezero", "normalization": "batch", "activation": "sigmoid"},
    {"shortcut": "highway", "shortcut_span": 2, "normalization": "none", "activation": "mish"},
]


def experiment(**values: object) -> Experiment:
    base = {"depth": 6, "width": 7, "precision": "float64", "device": "cpu", "batch_size": 48, "data": "digits"}
    return Experiment.parse(base | {"initialization": "lecun_normal", "evaluate_every": 1} | values)


class Companion:
    """An ordinary network that starts from the run's weights and trains on the very batches the run trains on."""

    def __init__(self, run: TrainingRun, make_optimizer: Callable[..., Optimizer]) -> None:
        self.run = run
        self.model = reference_network(run.experiment, run.data.features, run.data.classes)
        copy_weights(run.network, self.model)
        self.optimizer = make_optimizer(self.model.parameters())
        self.batches: list[Tensor] = []
        run.network.register_forward_pre_hook(lambda _module, inputs: self.batches.append(inputs[0].clone()))
        self._label_of = {
            sample.tobytes(): label for sample, label in zip(run.data.train_inputs, run.data.train_labels, strict=True)
        }

    def labels(self, batch: Tensor) -> Tensor:
        """Look every sample of the batch up in the training part; one that is not in it is a KeyError."""
        return torch.tensor([self._label_of[sample.tobytes()] for sample in batch.numpy()])

    def step(self) -> tuple[float, float]:
        """Train on the latest batch; return loss and accuracy on it before the update."""
        batch = self.batches[-1]
        labels = self.labels(batch)
        self.optimizer.zero_grad()
        logits = self.model.train()(batch)
        loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()
        self.optimizer.step()
        return loss.item(), accuracy_score(labels, logits.detach().argmax(1))


def parameters_in_order(model: nn.Module) -> list[Tensor]:
    return [parameter.detach() for parameter in model.parameters()]


@pytest.mark.parametrize(
    ("optimizer", "network"),
    each_value(choices("optimizer"), NETWORKS),
    ids=lambda value: str(value["shortcut"] if isinstance(value, dict) else value),
)
def test_losses_accuracies_and_weights_are_those_of_an_ordinary_network(
    optimizer: str, network: dict[str, object]
) -> None:
    e = experiment(optimizer=optimizer, learning_rate=RATES.get(optimizer, 0.005), weight_decay=0.01, **network)
    run = TrainingRun(e)
    companion = Companion(run, OPTIMIZERS[optimizer])
    for step in range(STEPS):
        run.measure(step)
        (frame,) = run.frames(wait=True)
        loss, accuracy = companion.step()
        assert frame.loss == pytest.approx(loss, rel=1e-8), step
        assert frame.batch_accuracy == pytest.approx(accuracy, abs=1e-12), step
        run.update()
    # the trained parameters of the run, written into a second ordinary network, name by name those of the first
    trained = reference_network(e, run.data.features, run.data.classes)
    copy_weights(run.network, trained)
    linears, _ = hidden_layers(trained)
    # a bias in front of a batch normalisation has no effect and no gradient but rounding, which adam blows up to a step
    idle = {id(linear.bias) for linear in linears} if e.network.normalization == "batch" else set()
    for (name, ours), theirs in zip(trained.named_parameters(), companion.model.parameters(), strict=True):
        if id(ours) in idle:
            continue
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-8, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: str(network["shortcut"]))
def test_held_out_figures_are_those_of_an_ordinary_network_in_evaluation_mode(network: dict[str, object]) -> None:
    run = TrainingRun(experiment(optimizer="momentum", learning_rate=0.05, weight_decay=0.01, **network))
    companion = Companion(run, OPTIMIZERS["momentum"])
    for step in range(STEPS):
        run.measure(step)
        list(run.frames(wait=True))
        run.update()
        companion.step()
    evaluation = run.evaluate(STEPS)
    with torch.no_grad():
        probabilities = torch.softmax(companion.model.eval()(torch.from_numpy(run.data.test_inputs)), 1).numpy()
    expected = probabilities.argmax(1)
    labels = run.data.held_out.labels
    np.testing.assert_array_equal(evaluation.predicted, expected)
    np.testing.assert_allclose(evaluation.confidence, probabilities.max(1), rtol=1e-5)
    assert evaluation.accuracy == accuracy_score(labels, expected)
    assert evaluation.loss == pytest.approx(log_loss(labels, probabilities, labels=range(10)), rel=1e-7)
    assert evaluation.step == STEPS
    assert evaluation.boundary is None


def by_hand(network: Network, inputs: np.ndarray) -> np.ndarray:
    """Logits of a plain tanh stack, in numpy from the bare weights."""
    values = {name: value.detach().numpy().astype(np.float64) for name, value in network.named_parameters()}
    h = inputs @ values["input_layer.weight"].T + values["input_layer.bias"]
    for weight, bias in zip(values["stack.weights"], values["stack.biases"], strict=True):
        h = np.tanh(h @ weight.T + bias)
    return h @ values["head.weight"].T + values["head.bias"]


def test_accuracy_after_training_is_counted_by_hand() -> None:
    e = experiment(depth=3, width=24, activation="tanh", optimizer="adam", learning_rate=0.01, precision="float32")
    run = TrainingRun(e)
    for step in range(60):
        run.measure(step)
        run.update()
    logits = by_hand(run.network, run.data.standardise(run.data.held_out.inputs))
    right = sum(int(row.argmax()) == label for row, label in zip(logits, run.data.held_out.labels, strict=True))
    assert run.evaluate(60).accuracy == right / len(run.data.held_out.labels)
    assert right / len(run.data.held_out.labels) > 0.8


def test_many_held_out_samples_are_evaluated_in_parts_without_a_seam() -> None:
    e = experiment(data="spirals", samples=21_000, depth=2, activation="tanh")
    run = TrainingRun(e)
    evaluation = run.evaluate(0)
    logits = by_hand(run.network, run.data.test_inputs)
    assert len(evaluation.predicted) == len(logits) == 4200
    np.testing.assert_array_equal(evaluation.predicted, logits.argmax(1))


def test_the_boundary_is_what_the_network_says_of_the_grids_cell_centres() -> None:
    run = TrainingRun(experiment(data="moons", samples=300, depth=2, activation="tanh"))
    for step in range(3):
        run.measure(step)
        run.update()
    boundary = run.evaluate(3).boundary
    assert boundary is not None
    rows, columns, classes = boundary.shape
    assert classes == 2
    left, right, bottom, top = run.data.held_out.extent
    trained = run.data.train_inputs * run.data.scale + run.data.mean
    scaler = StandardScaler().fit(trained)
    for row, column in ((0, 0), (0, columns - 1), (rows - 1, 0), (rows // 2, columns // 3)):
        x = left + (column + 0.5) * (right - left) / columns
        y = bottom + (row + 0.5) * (top - bottom) / rows
        logits = by_hand(run.network, scaler.transform([[x, y]]))[0]
        expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        np.testing.assert_allclose(boundary[row, column], expected, rtol=1e-5)


def test_an_epoch_takes_every_sample_at_most_once_and_the_next_in_another_order() -> None:
    run = TrainingRun(experiment(data="moons", samples=100, batch_size=24))
    seen = Companion(run, OPTIMIZERS["sgd"]).batches
    batches_per_epoch = 80 // 24
    for step in range(2 * batches_per_epoch):
        run.measure(step)
    everyone = {sample.tobytes() for sample in run.data.train_inputs}
    orders = []
    for first in (0, batches_per_epoch):
        epoch = [sample.tobytes() for batch in seen[first : first + batches_per_epoch] for sample in batch.numpy()]
        assert len(epoch) == 72
        assert len(set(epoch)) == 72
        assert set(epoch) <= everyone
        orders.append(epoch)
    assert orders[0] != orders[1]


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    run = TrainingRun(experiment(data="moons", samples=50, batch_size=4096))
    seen = Companion(run, OPTIMIZERS["sgd"]).batches
    run.measure(0)
    assert run.batch_size == run.started(1).batch_size == len(seen[0]) == 40


def test_the_norm_before_clipping_is_that_of_an_ordinary_network() -> None:
    run = TrainingRun(experiment(gradient_clip=0.01, optimizer="sgd", learning_rate=0.5, activation="tanh"))
    companion = Companion(run, lambda parameters: SGD(parameters, 0.5))
    for _ in range(4):
        run.measure(0)
        (frame,) = run.frames(wait=True)
        companion.model.zero_grad()
        batch = companion.batches[-1]
        nn.functional.cross_entropy(companion.model(batch), companion.labels(batch)).backward()
        before = nn.utils.clip_grad_norm_(companion.model.parameters(), 0.01)
        assert frame.scalars == {"gradient_norm_before_clipping": pytest.approx(before.item(), rel=1e-8)}
        companion.optimizer.step()
        run.update()
    plain = TrainingRun(experiment())
    plain.measure(0)
    assert [dict(frame.scalars) for frame in plain.frames(wait=True)] == [{}]


def test_gradient_clipping_bounds_the_first_step() -> None:
    """One step of plain SGD moves all parameters together by rate times the clipped norm."""
    run = TrainingRun(experiment(gradient_clip=0.01, optimizer="sgd", learning_rate=0.5, activation="tanh"))
    before = [parameter.clone() for parameter in parameters_in_order(run.network)]
    run.measure(0)
    run.update()
    moved = torch.cat([(a - b).flatten() for a, b in zip(parameters_in_order(run.network), before, strict=True)])
    assert moved.norm().item() == pytest.approx(0.5 * 0.01, rel=1e-9)
