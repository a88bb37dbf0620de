"""Where to train: which devices there are, what they are called, how many threads, how much memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from gradviz.errors import DeviceError
from gradviz.experiment import Experiment
from gradviz.network.catalogue import size_of

# From this many multiplications per layer and batch on, a second core pays for the hand-over between threads
# (measured at batch 128 with a window painting beside: width 256 gains a third, width 128 loses).
WORK_PER_THREAD = 4_000_000
MOST_THREADS = 8


@dataclass(frozen=True, slots=True)
class Device:
    """A choice for the device picker: `value` goes into the experiment, `label` is shown."""

    value: str
    label: str


def available_devices() -> list[Device]:
    """Return every device of this machine, `auto` first, with names a person knows them by."""
    found = [Device("cpu", f"CPU ({os.cpu_count()} cores)")]
    found += [Device(f"cuda:{index}", torch.cuda.get_device_name(index)) for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU"))
    automatic = resolve("auto", "float32")
    label = next((device.label for device in found if device.value == str(automatic)), str(automatic))
    return [Device("auto", f"automatic: {label}"), *found]


def resolve(name: str, precision: str) -> torch.device:
    """Return the device called `name` (auto, cpu, cuda, cuda:N, mps). Raises DeviceError if it is not there."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() and precision == "float32" else "cpu")
    if name.startswith("cuda"):
        count = torch.cuda.device_count()
        index = int(name.partition(":")[2] or 0)
        if index >= count:
            there = ", ".join(f"cuda:{number}" for number in range(count)) or "no CUDA device"
            raise DeviceError(f"{name} is not there: this machine has {there}; choose auto or cpu")
        return torch.device(f"cuda:{index}")
    if name == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("mps is not there: this machine has no Apple GPU; choose auto or cpu")
        if precision == "float64":
            raise DeviceError("an Apple GPU has no float64; choose precision float32 or device cpu")
    return torch.device(name)


def training_threads(experiment: Experiment) -> int:
    """Return how many threads torch should use for one step of `experiment` on the CPU.

    Narrow layers are faster on one: handing a product of a few microseconds to a second core costs more than it
    saves, and many times more while a window paints on that core.
    """
    work = experiment.training.batch_size * size_of(experiment).products
    cores = os.cpu_count() or 1
    return max(1, min(cores, MOST_THREADS, work // WORK_PER_THREAD))


def free_bytes(device: torch.device) -> int | None:
    """Return how much memory is free on `device`; None where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
