"""What is known of a watched run before its first frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from gradviz.experiment import Row
from gradviz.probes.environment import device_label
from gradviz.recording.frame import Quantity, Started


def description(
    model: nn.Module,
    *,
    title: str,
    rows: tuple[Row, ...],
    quantities: Sequence[Quantity],
    device: torch.device,
    seldom: bool,
    scheduled_every: int,
) -> Started:
    """Return what the recording of `model` begins with; `seldom` says that no quantity is measured at every step."""
    sizes: dict[torch.dtype, int] = {}
    for parameter in model.parameters():
        sizes[parameter.dtype] = sizes.get(parameter.dtype, 0) + parameter.numel()
    return Started(
        title=title,
        rows=rows,
        quantities=tuple(replace(q, scheduled=q.scheduled or seldom) for q in quantities),
        precision=str(max(sizes, key=lambda dtype: sizes[dtype])).removeprefix("torch."),
        parameters=sum(sizes.values()),
        device=device_label(device),
        threads=torch.get_num_threads(),
        scheduled_every=scheduled_every,
    )
