"""The same engine on a CUDA device: what its frames say beside the CPU's."""

import gc
import time

import numpy as np
import pytest
import torch

from gradviz.errors import DeviceError
from gradviz.experiment import Experiment, choices
from gradviz.probes.norms import row_norms, row_sums_and_norms
from gradviz.recording.frame import Checkpoint, Diverged, Evaluation, Event, Frame, Started
from gradviz.training.control import Control, pump
from gradviz.training.devices import available_devices, free_bytes
from gradviz.training.loop import first_frame, train

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="NO CUDA DEVICE HERE: nothing of what runs on a GPU was tested"
    ),
]

GPU = "cuda"
VARIANTS: list[dict[str, object]] = [
    {"activation": "tanh", "initialization": "pytorch_default"},
    {"activation": "sigmoid"},
    {"activation": "relu", "initialization": "he_normal", "optimizer": "adam", "learning_rate": 1e-4},
    {"activation": "tanh", "shortcut": "scaled", "optimizer": "momentum", "learning_rate": 0.01},
    {"activation": "gelu", "shortcut": "identity", "shortcut_span": 2, "normalization": "layer"},
    {"activation": "silu", "shortcut": "pre_activation", "normalization": "rms", "optimizer": "adamw"},
    {"activation": "mish", "shortcut": "rezero", "shortcut_span": 3, "optimizer": "rmsprop"},
    {"activation": "selu", "shortcut": "highway", "normalization": "batch", "gradient_clip": 1.0},
    {"activation": "softplus", "data": "spirals", "samples": 400},
]


def experiment(**values: object) -> Experiment:
    base = {"depth": 40, "width": 24, "batch_size": 64, "learning_rate": 1e-3, "steps": 12, "evaluate_every": 4}
    return Experiment.parse(base | values)


def frames(e: Experiment, device: str) -> list[Frame]:
    return [event for event in train(e.changed(device=device)) if isinstance(event, Frame)]


def compare(ours: Frame, cpu: Frame, *, decades: float, relative: float) -> None:
    """Losses within a relative error, log10 rows within so many decades, linear rows within a relative error."""
    assert ours.step == cpu.step
    assert ours.rows.keys() == cpu.rows.keys()
    assert ours.loss == pytest.approx(cpu.loss, rel=relative)
    for name, row in ours.rows.items():
        tolerance = {"rtol": relative, "atol": relative} if name.startswith("activation_") else {"atol": decades}
        # near the end of float32 the two round differently, and one may reach 0 a layer earlier
        kept = (row > -36) & (cpu.rows[name] > -36)
        np.testing.assert_allclose(row[kept], cpu.rows[name][kept], **({"rtol": 0} | tolerance), err_msg=name)


@pytest.mark.parametrize("values", VARIANTS, ids=lambda values: "-".join(map(str, values.values())))
def test_frames_equal_the_cpus_within_float32(values: dict[str, object]) -> None:
    on_gpu, on_cpu = frames(experiment(**values), GPU), frames(experiment(**values), "cpu")
    assert [frame.step for frame in on_gpu] == [frame.step for frame in on_cpu] == list(range(13))
    # forty layers of float32 products summed in another order, then twelve steps of training
    compare(on_gpu[0], on_cpu[0], decades=2e-3, relative=1e-3)
    for ours, cpu in zip(on_gpu, on_cpu, strict=True):
        compare(ours, cpu, decades=2e-2, relative=1e-2)


@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_float64_frames_equal_the_cpus_to_the_last_digits_shown(shortcut: str) -> None:
    e = experiment(activation="tanh", shortcut=shortcut, precision="float64")
    for ours, cpu in zip(frames(e, GPU), frames(e, "cpu"), strict=True):
        compare(ours, cpu, decades=2e-6, relative=1e-6)


def test_a_thousand_layers_underflow_where_they_do_on_the_cpu() -> None:
    e = experiment(depth=1000, width=64, activation="tanh", initialization="pytorch_default", steps=1)
    on_gpu, on_cpu = (frames(e, device)[0].rows["weight_grad_norm"] for device in (GPU, "cpu"))
    counts = np.isneginf(on_gpu).sum(), np.isneginf(on_cpu).sum()
    print(f"\nlayers without a gradient: {counts[0]} on the GPU, {counts[1]} on the CPU")
    assert abs(int(counts[0]) - int(counts[1])) <= 20


def test_evaluations_equal_the_cpus() -> None:
    e = experiment(activation="tanh", data="moons", samples=400, depth=5)
    both = [
        [event for event in train(e.changed(device=device)) if isinstance(event, Evaluation)] for device in (GPU, "cpu")
    ]
    for ours, cpu in zip(*both, strict=True):
        assert ours.step == cpu.step
        assert ours.accuracy == pytest.approx(cpu.accuracy, abs=1 / 80 + 1e-9)
        np.testing.assert_allclose(ours.confidence, cpu.confidence, atol=1e-3)
        np.testing.assert_allclose(ours.boundary, cpu.boundary, atol=1e-3)


def test_the_first_frame_is_the_runs() -> None:
    e = experiment(activation="tanh", device=GPU)
    started, frame = first_frame(e)
    assert started.device == torch.cuda.get_device_name(0)
    compare(frame, frames(e, GPU)[0], decades=1e-5, relative=1e-5)


def test_a_paused_run_delivers_every_frame_at_once() -> None:
    """While it runs frames may come a few steps late; step by step each one is there before the next is asked for."""
    control, seen = Control(), []
    control.pause()

    def sink(event: Event) -> None:
        if isinstance(event, Frame):
            seen.append(event.step)
            control.step()
        elif not isinstance(event, Started | Diverged):
            # the evaluation of a step comes right after the frame of the step before
            assert len(seen) == event.step

    pump(train(experiment(device=GPU, evaluate_every=1), control), control, sink)
    assert seen == list(range(13))


@pytest.mark.parametrize("optimizer", choices("optimizer"))
def test_a_run_goes_on_from_a_state_that_comes_after_the_frames_that_lead_to_it(optimizer: str) -> None:
    e = experiment(activation="tanh", optimizer=optimizer, normalization="batch", device=GPU)
    control, steps, checkpoint = Control(), [], None
    for event in train(e, control):
        if isinstance(event, Checkpoint):
            assert steps == list(range(event.step))
            checkpoint = event
        elif isinstance(event, Frame):
            steps.append(event.step)
            if event.step == 5:
                control.ask_for_checkpoint()
    assert checkpoint is not None
    assert checkpoint.step > 5
    rest = [event for event in train(e, checkpoint=checkpoint) if isinstance(event, Frame)]
    whole = frames(e, GPU)[checkpoint.step :]
    for ours, theirs in zip(rest, whole, strict=True):
        compare(ours, theirs, decades=1e-3, relative=1e-3)


def test_divergence_is_noticed_although_frames_come_late() -> None:
    e = experiment(activation="relu", initialization="he_normal", learning_rate=100.0, steps=200, device=GPU)
    events = list(train(e))
    end = events[-1]
    assert isinstance(end, Diverged)
    steps = [event.step for event in events if isinstance(event, Frame)]
    assert steps == list(range(end.step + 1))


@pytest.mark.parametrize("exponent", [-44, -30, -22, 0, 20, 37])
def test_norms_on_the_device_are_right_at_every_magnitude(exponent: int) -> None:
    x = (
        torch.randn(6, 30, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 10.0**exponent
    ).float()
    expected = [np.linalg.norm(layer) for layer in x.numpy().astype(np.float64)]
    np.testing.assert_allclose(row_norms(x.to(GPU)).cpu().numpy(), expected, rtol=3e-6)
    total, _ = row_sums_and_norms(x.to(GPU))
    np.testing.assert_allclose(total.cpu().numpy(), x.double().sum((1, 2)).numpy(), rtol=1e-5)


def test_running_out_of_memory_is_a_message_and_gives_the_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights alone want 84 GB, states 134 GB more; nobody warns beforehand."""
    monkeypatch.setattr("gradviz.training.run.free_bytes", lambda _device: None)
    e = experiment(depth=2000, width=1024, batch_size=4096, precision="float64", optimizer="adam", device=GPU)
    if torch.cuda.get_device_properties(0).total_memory > 200e9:
        pytest.skip("this device may have enough memory")
    before = torch.cuda.memory_allocated()
    monkeypatch.setattr("gradviz.network.stack.stack.initialize_hidden", lambda *_: None)
    with pytest.raises(DeviceError, match=r"2000 × 1024 .* needs about .* lower the depth"):
        list(train(e))
    gc.collect()
    assert torch.cuda.memory_allocated() <= before + 1_000_000


def test_a_network_too_large_is_refused_before_it_is_built() -> None:
    free = free_bytes(torch.device("cuda:0"))
    assert free is not None
    assert 0 < free <= torch.cuda.get_device_properties(0).total_memory
    e = experiment(depth=2000, width=1024, batch_size=4096, precision="float64", optimizer="adam", device=GPU)
    with pytest.raises(DeviceError, match="GB free; lower the depth"):
        next(train(e))


def test_the_picker_names_the_card() -> None:
    names = {device.value: device.label for device in available_devices()}
    assert names["cuda:0"] == torch.cuda.get_device_name(0)
    assert names["auto"] == f"automatic: {names['cuda:0']}"


@pytest.mark.slow
def test_steps_per_second_of_both_are_printed() -> None:
    """No claim is made of which is faster: narrow deep networks may well be faster on a CPU."""
    for depth, width in ((100, 32), (1000, 32), (100, 512)):
        rates = {}
        for device in (GPU, "cpu"):
            e = experiment(activation="tanh", shortcut="scaled", depth=depth, width=width, steps=0, device=device)
            events = train(e.changed(evaluate_every=10_000))
            steps = (event for event in events if isinstance(event, Frame))
            for _ in range(3):
                next(steps)
            begin, first = time.perf_counter(), next(steps).step
            last = [next(steps).step for _ in range(8)][-1]
            rates[device] = (last - first) / (time.perf_counter() - begin)
            events.close()
        print(f"\n{depth} x {width}: {rates[GPU]:.1f} steps/s on the GPU, {rates['cpu']:.1f} on the CPU")
        assert min(rates.values()) > 0
