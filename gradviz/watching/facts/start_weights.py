"""Weights that begin the same for all units of a layer: units that begin alike get the same gradient and stay alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gradviz.probes.modules.rows import MeasuredModule
from gradviz.watching.facts.said import Said

# layers whose units are all given the same
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Bilinear)


def say_units_alike(said: Said, rows: Sequence[MeasuredModule]) -> None:
    """Say at step 0 in which layers all units have the same weights, if in any; zeros are a matter of their own."""
    alike = [(number, row.name) for number, row in enumerate(rows, start=1) if _is_alike(row)]
    if alike:
        numbers, names = zip(*alike, strict=True)
        said.say(0, "units_alike", rows=numbers, names=names)


@torch.no_grad()
def _is_alike(row: MeasuredModule) -> bool:
    module = row.module
    if not isinstance(module, _LAYERS) or row.processes or getattr(module, "groups", 1) > 1:
        return False
    weight = module.weight
    if not isinstance(weight, Tensor) or weight.is_meta or not weight.requires_grad or len(weight) < 2:
        return False
    units = weight.detach().flatten(1)
    # nearly always two of them tell
    if not torch.equal(units[0], units[1]) or not bool((units == units[0]).all()):
        return False
    bias = module.bias
    same_bias = bias is None or bool((bias == bias[0]).all())
    return same_bias and bool(units.any())
