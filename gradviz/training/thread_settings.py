"""Settings of torch that hold for one thread, made at the top of the worker and undone at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gradviz.experiment import Experiment
from gradviz.training.devices import training_threads


def threads_for(experiment: Experiment, device: torch.device) -> int:
    """Return how many threads torch is to use for `experiment` on the CPU."""
    return training_threads(experiment) if device.type == "cpu" else 1


@contextmanager
def thread_settings(experiment: Experiment, device: torch.device) -> Iterator[int]:
    """Give the calling thread its number of threads, gradient mode and CUDA device; yield the number of threads.

    Subnormal numbers are kept, not flushed: what the network delivers is what PyTorch would deliver by default.
    """
    threads_before, grad_before = torch.get_num_threads(), torch.is_grad_enabled()
    threads = threads_for(experiment, device)
    torch.set_num_threads(threads)
    torch.set_grad_enabled(True)
    cuda_before = torch.cuda.current_device() if device.type == "cuda" else None
    if cuda_before is not None:
        torch.cuda.set_device(device)
    try:
        yield threads
    finally:
        if cuda_before is not None:
            torch.cuda.set_device(cuda_before)
        torch.set_num_threads(threads_before)
        torch.set_grad_enabled(grad_before)
