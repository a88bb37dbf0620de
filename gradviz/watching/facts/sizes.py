"""What sizes tell: batch norm over next to no samples, and layers that far too little gets through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from gradviz.probes.modules.calls import Calls
from gradviz.probes.modules.rows import MeasuredModule, named_modules
from gradviz.watching.facts.said import Said

# batches of fewer samples than this are told
FEW_SAMPLES = 8
# so few numbers, and so many times as many before and behind
FEW_UNITS, TIMES_AS_MANY = 3, 4

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True, slots=True)
class _Layer:
    number: int
    name: str
    given: int
    units: int


class SizeFacts:
    """Says what is so from the first step on, and what the batches of a thorough step show."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self._smallest: dict[nn.Module, int] = {}

    def rows_found(self, rows: Sequence[MeasuredModule], model: nn.Module) -> None:
        """Say which layer of a chain hands on far fewer numbers than the layers around it."""
        narrow = _narrow(rows, model)
        if narrow:
            numbers = (
                ("units", float(min(layer.units for layer, _ in narrow))),
                ("before", float(min(layer.given for layer, _ in narrow))),
                ("behind", float(min(behind for _, behind in narrow))),
            )
            rows_of = tuple(layer.number for layer, _ in narrow)
            self._said.say_or_end(0, "narrow", rows_of, tuple(layer.name for layer, _ in narrow), numbers)

    def before_step(self, calls: Calls) -> None:
        """Take the batches of the passes before a step."""
        for module, samples in calls.normalised.items():
            self._smallest[module] = min(self._smallest.get(module, samples), samples)

    def round_over(self, step: int, rows: Sequence[MeasuredModule]) -> None:
        """Say which batch norms were trained on too few samples at `step`."""
        small = [
            (number, row.name)
            for number, row in enumerate(rows, start=1)
            if self._smallest.get(row.module, FEW_SAMPLES) < FEW_SAMPLES
        ]
        least = min(self._smallest.values(), default=0)
        self._said.say_or_end(
            step,
            "small_batch",
            tuple(number for number, _ in small),
            tuple(name for _, name in small),
            (("samples", float(least)),),
        )
        self._smallest.clear()


def _narrow(rows: Sequence[MeasuredModule], model: nn.Module) -> list[tuple[_Layer, int]]:
    """Return narrow layers, each with what the next layer of its chain puts out."""
    layers = {row.module: number for number, row in enumerate(rows, start=1) if type(row.module) in _LAYERS}
    found = []
    for module in named_modules(model).values():
        if not isinstance(module, nn.Sequential):
            continue
        # only here it is known that one layer hands on to the next
        chain = [
            _layer(layers[part], rows[layers[part] - 1].name, part) for part in module.children() if part in layers
        ]
        for layer, behind in pairwise(chain):
            enough = min(layer.given, behind.units) >= TIMES_AS_MANY * layer.units
            if layer.units <= FEW_UNITS and enough and behind.given == layer.units:
                found.append((layer, behind.units))
    return found


def _layer(number: int, name: str, module: nn.Module) -> _Layer:
    if isinstance(module, nn.Linear):
        return _Layer(number, name, module.in_features, module.out_features)
    assert isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d))
    return _Layer(number, name, module.in_channels, module.out_channels)
