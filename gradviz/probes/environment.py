"""Where a network is trained: what one has to know beside its recipe to get the same numbers again."""

from __future__ import annotations

import platform

import numpy as np
import torch

from gradviz import __version__
from gradviz.recording.frame import Started


def environment(started: Started) -> dict[str, str]:
    """Return facts by name, each in a few words."""
    facts = {
        "gradviz": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "device": started.device,
        "threads": str(started.threads),
        "parameters": str(started.parameters),
    }
    if started.experiment is not None:
        facts["seed"] = str(started.experiment.training.seed)
    return facts


def device_label(device: torch.device) -> str:
    """Return what to call `device` in a sentence."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
