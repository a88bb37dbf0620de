"""The rows of a stack: one per layer, on the path where a shortcut joins, with what their activation can do."""

from __future__ import annotations

import pytest
import torch

from gradviz.experiment import ActivationChoice, Mlp, Row, choices
from gradviz.network.activation_kernels import activation
from gradviz.network.stack.shortcuts import blocks_of


@pytest.mark.parametrize(
    ("shortcut", "span", "depth"), [("none", 3, 7), ("identity", 3, 7), ("scaled", 4, 4), ("rezero", 2, 1)]
)
def test_rows_are_on_the_path_where_the_engine_joins(shortcut: str, span: int, depth: int) -> None:
    network = Mlp(shortcut=shortcut, shortcut_span=span, depth=depth)
    joined = {block.last for block in blocks_of(network)}
    assert [row.on_path for row in network.rows()] == [layer in joined for layer in range(depth)]


def test_layers_of_a_stack_have_numbers_for_names() -> None:
    assert set(Mlp(depth=1000, width=48, activation="gelu").rows()) == {Row(slope="saturates", units=48)}


@pytest.mark.parametrize(
    ("name", "leak"), [(name, 0.01) for name in choices("activation")] + [("leaky_relu", 0.0), ("leaky_relu", 1.0)]
)
def test_what_a_slope_can_do_is_what_the_kernel_does(name: str, leak: float) -> None:
    """Zero on one whole side is death, a fading end saturation, the same everywhere a straight line."""
    z = torch.cat([torch.linspace(-40.0, -20.0, 50), torch.linspace(20.0, 40.0, 50)]).double()
    derivative = activation(ActivationChoice(name, leak)).derivative(z)
    sides = derivative[:50], derivative[50:]
    middle = activation(ActivationChoice(name, leak)).derivative(torch.linspace(-1.0, 1.0, 51).double())
    if torch.equal(torch.cat([derivative, middle]), torch.ones(151).double()):
        expected = "straight"
    elif any(bool((side == 0).all()) for side in sides) and set(middle.unique().tolist()) <= {0.0, 1.0}:
        expected = "dies"
    elif any(bool((side.abs() < 1e-6).all()) for side in sides):
        expected = "saturates"
    else:
        expected = None
    assert ActivationChoice(name, leak).slope == expected
