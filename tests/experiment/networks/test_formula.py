"""The formula on the form, read as mathematics, computes what the reference network computes."""

from __future__ import annotations

import re
from itertools import product
from typing import Any, get_args

import pytest
import torch
from covering import each_value
from torch import Tensor, nn

from gradviz.experiment import Experiment
from gradviz.experiment.activations import Activation
from gradviz.experiment.networks.mlp import Normalization, Shortcut
from gradviz.network.stack.reference import hidden_layers, reference_network

WIDTH = 6
FUNCTIONS: dict[str, nn.Module] = {
    "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "ReLU": nn.ReLU(), "leakyReLU": nn.LeakyReLU(0.01), "ELU": nn.ELU(),
    "SELU": nn.SELU(), "SiLU": nn.SiLU(), "GELU": nn.GELU(), "softplus": nn.Softplus(), "Mish": nn.Mish(),
    "PReLU": nn.PReLU(dtype=torch.float64),
}  # fmt: skip


class Matrix:
    """The W of the formula: `W @ x` for rows x."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight

    def __matmul__(self, rows: Tensor) -> Tensor:
        return rows @ self.weight.T


def evaluated(text: str, names: dict[str, Any]) -> Tensor:
    """Compute the right-hand side of `h = ...`, written as on paper, with products unwritten."""
    expression = text.removeprefix("h = ").replace("−", "-")
    expression = re.sub(r"([WV]) ", r"\1 @ ", expression)
    expression = re.sub(r"(\d|α|T|\)) (?=[A-Za-z(])", r"\1 * ", expression)
    result: Tensor = eval(expression, {}, names)
    return result


# the shortcut decides where the normalisation stands; the activation is one word in either
PLACES = list(product(get_args(Shortcut), get_args(Normalization)))


@pytest.mark.parametrize(("place", "activation"), each_value(PLACES, get_args(Activation)))
def test_the_formula_is_the_layer(place: tuple[str, str], activation: str) -> None:
    shortcut, normalization = place
    experiment = Experiment().changed(
        depth=1, width=WIDTH, activation=activation, shortcut=shortcut, normalization=normalization,
        shortcut_scale=0.25, precision="float64",
    )  # fmt: skip
    torch.manual_seed(0)
    network = reference_network(experiment, WIDTH, 2)
    hidden = nn.Sequential(*list(network)[1:-1])
    (linear,), norms = hidden_layers(network)
    rows = torch.randn(5, WIDTH, dtype=torch.float64)
    names: dict[str, Any] = {"x": rows, "W": Matrix(linear.weight), "b": linear.bias, **FUNCTIONS}
    if norms:
        names["norm"] = norms[0]
    text, _, remark = experiment.network.formula.partition(", ")
    if shortcut == "rezero":
        assert remark == "α = 0 at first"
        names["α"] = torch.zeros((), dtype=torch.float64)
        for parameter in hidden.parameters():
            if parameter.ndim == 0:
                parameter.data.fill_(0.5)
                names["α"] = 0.5
    if shortcut == "highway":
        gate = hidden[0].gate
        assert remark == "T = sigmoid(V x + c)"
        gated = {"V": Matrix(gate.weight), "c": gate.bias, "x": rows, **FUNCTIONS}
        names["T"] = evaluated(remark.removeprefix("T = "), gated)
    torch.testing.assert_close(evaluated(text, names), hidden(rows), rtol=1e-12, atol=1e-12)


def test_a_branch_of_several_layers_is_named_and_said_apart() -> None:
    text = Experiment(shortcut="identity", shortcut_span=3, activation="tanh").network.formula
    assert text == "h = x + F(x)\nF: 3 layers of tanh(W x + b)"


def test_the_scale_that_is_left_to_the_program_is_one_over_the_root_of_the_depth() -> None:
    text = Experiment(shortcut="scaled", depth=400, activation="relu").network.formula
    assert text == "h = x + 0.05 ReLU(W x + b)"
