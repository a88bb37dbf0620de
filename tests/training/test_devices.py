"""Which device an experiment gets, on machines made up for the purpose."""

from pathlib import Path

import pytest
import torch

from gradviz.errors import DeviceError
from gradviz.experiment import Experiment
from gradviz.probes.environment import device_label
from gradviz.training import devices
from gradviz.training.devices import (
    Device,
    available_devices,
    free_bytes,
    resolve,
    training_threads,
)

CPU, MPS = torch.device("cpu"), torch.device("mps")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> object:
    """Make this machine have so many CUDA devices, and an Apple GPU or none."""

    def make(cuda: int = 0, *, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Card {getattr(device, 'index', device)}")
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3_000_000_000, 8_000_000_000))
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return make


@pytest.mark.parametrize(
    ("cuda", "mps", "precision", "expected"),
    [
        (0, False, "float32", "cpu"),
        (1, False, "float32", "cuda:0"),
        (3, True, "float64", "cuda:0"),
        (0, True, "float32", "mps"),
        (0, True, "float64", "cpu"),
    ],
)
def test_auto_takes_the_best_that_can_do_the_precision(
    machine: object, cuda: int, mps: bool, precision: str, expected: str
) -> None:
    machine(cuda, mps=mps)
    assert resolve("auto", precision) == torch.device(expected)


def test_a_device_is_taken_by_its_name(machine: object) -> None:
    machine(2, mps=True)
    assert resolve("cpu", "float64") == CPU
    assert resolve("cuda", "float32") == torch.device("cuda:0")
    assert resolve("cuda:1", "float64") == torch.device("cuda:1")
    assert resolve("mps", "float32") == MPS


@pytest.mark.parametrize(
    ("cuda", "mps", "name", "precision", "said"),
    [
        (0, False, "cuda", "float32", "cuda is not there: this machine has no CUDA device; choose auto or cpu"),
        (0, False, "cuda:0", "float32", "cuda:0 is not there: this machine has no CUDA device"),
        (2, False, "cuda:2", "float32", "cuda:2 is not there: this machine has cuda:0, cuda:1; choose auto or cpu"),
        (0, False, "mps", "float32", "mps is not there: this machine has no Apple GPU; choose auto or cpu"),
        (0, True, "mps", "float64", "an Apple GPU has no float64; choose precision float32 or device cpu"),
    ],
)
def test_a_device_that_cannot_be_had_is_refused_with_what_there_is(
    machine: object, cuda: int, mps: bool, name: str, precision: str, said: str
) -> None:
    machine(cuda, mps=mps)
    with pytest.raises(DeviceError) as caught:
        resolve(name, precision)
    assert said in str(caught.value)


def test_the_picker_offers_what_there_is_by_name(machine: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.os, "cpu_count", lambda: 12)
    machine()
    assert available_devices() == [Device("auto", "automatic: CPU (12 cores)"), Device("cpu", "CPU (12 cores)")]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: ("Big card", "Small card")[index])
    assert available_devices() == [
        Device("auto", "automatic: Big card"),
        Device("cpu", "CPU (12 cores)"),
        Device("cuda:0", "Big card"),
        Device("cuda:1", "Small card"),
    ]
    machine(mps=True)
    assert available_devices()[0] == Device("auto", "automatic: Apple GPU")
    assert available_devices()[-1] == Device("mps", "Apple GPU")


def test_what_is_offered_is_what_an_experiment_may_name(machine: object) -> None:
    machine(2, mps=True)
    for device in available_devices():
        assert Experiment.parse({"device": device.value}).training.device == device.value


def test_labels_are_those_of_the_cards(machine: object) -> None:
    machine(2)
    assert device_label(CPU) == "cpu"
    assert device_label(torch.device("cuda:1")) == "Card 1"


@pytest.mark.parametrize(
    ("cores", "batch", "width", "expected"),
    [(2, 128, 32, 1), (2, 128, 128, 1), (2, 128, 256, 2), (64, 4096, 1024, 8), (1, 4096, 1024, 1), (64, 1, 2, 1)],
)
def test_narrow_layers_get_one_thread_and_wide_ones_more(
    monkeypatch: pytest.MonkeyPatch, cores: int, batch: int, width: int, expected: int
) -> None:
    monkeypatch.setattr(devices.os, "cpu_count", lambda: cores)
    assert training_threads(Experiment.parse({"batch_size": batch, "width": width})) == expected


def test_free_memory_is_the_cards_or_the_systems(machine: object) -> None:
    machine(1)
    assert free_bytes(torch.device("cuda:0")) == 3_000_000_000
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        pytest.skip("only Linux tells how much memory is available")
    total = int(meminfo.read_text(encoding="ascii").split()[1]) * 1024
    assert 0 < free_bytes(CPU) <= total


def test_a_system_that_does_not_tell_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "Path", lambda _: Path("/nowhere/at/all"))
    assert free_bytes(CPU) is None
