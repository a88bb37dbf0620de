"""Layers that hand on far fewer numbers than the layers around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from gradviz.probes.modules.rows import MeasuredModule
from gradviz.watching.facts.said import Said

# so few numbers, and so many times as many before and behind
FEW_UNITS, TIMES_AS_MANY = 3, 4

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True, slots=True)
class _Layer:
    number: int
    name: str
    given: int
    units: int


def say_narrow_layers(said: Said, rows: Sequence[MeasuredModule]) -> None:
    """Say at step 0 which layers of a chain hand on far fewer numbers than the layers around them, if any."""
    narrow = _narrow(rows)
    if not narrow or said.holds("narrow") is not None:
        return
    numbers = (
        ("units", float(min(layer.units for layer, _ in narrow))),
        ("before", float(min(layer.given for layer, _ in narrow))),
        ("behind", float(min(behind for _, behind in narrow))),
    )
    names = tuple(layer.name for layer, _ in narrow)
    said.say(0, "narrow", rows=tuple(layer.number for layer, _ in narrow), names=names, numbers=numbers)


def _narrow(rows: Sequence[MeasuredModule]) -> list[tuple[_Layer, int]]:
    """Return narrow layers, each with what the layer behind it puts out.

    Rows are in the order in which they were called. One layer hands on to the next where it puts out as many numbers as
    that is given, and its neighbours are other layers: two heads of a network are given the same, not each other's.
    """
    layers = [
        _layer(number, row.name, row.module) for number, row in enumerate(rows, start=1) if type(row.module) in _LAYERS
    ]
    found = []
    for layer, behind in pairwise(layers):
        enough = min(layer.given, behind.units) >= TIMES_AS_MANY * layer.units
        if layer.units <= FEW_UNITS and enough and behind.given == layer.units:
            found.append((layer, behind.units))
    return found


def _layer(number: int, name: str, module: nn.Module) -> _Layer:
    if isinstance(module, nn.Linear):
        return _Layer(number, name, module.in_features, module.out_features)
    assert isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d))
    return _Layer(number, name, module.in_channels, module.out_channels)
