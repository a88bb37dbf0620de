"""Where a float32 norm lies: a layer whose gradient is small but there is reported as a layer without one."""

import numpy as np
import torch

from gradviz.experiment import Experiment
from gradviz.probes.fused.observer import PROBES
from gradviz.training.run import TrainingRun


def test_a_layer_reads_zero_only_where_every_gradient_is_zero() -> None:
    """1000 tanh layers at PyTorch's default initialisation, as any other tool's norm reads them and as ours does."""
    run = TrainingRun(
        Experiment.parse(
            {
                "depth": 1000,
                "width": 64,
                "activation": "tanh",
                "initialization": "pytorch_default",
                "batch_size": 128,
                "precision": "float32",
                "device": "cpu",
            }
        )
    )
    run.measure(0)
    (frame,) = run.frames(wait=True)
    grads = run.network.trace.weight_grads
    assert grads.dtype == torch.float32
    truth = np.array([np.linalg.norm(layer) for layer in grads.numpy().astype(np.float64)])
    truly_zero = np.array([not layer.any() for layer in grads])
    read_by_others = np.array([norm.item() == 0 for norm in torch._foreach_norm(list(grads), 2)])
    ours = frame.rows["weight_grad_norm"]
    print(
        f"\nlayers that read 0: {read_by_others.sum()} by a float32 norm, {np.isneginf(ours).sum()} by ours, "
        f"{truly_zero.sum()} in truth"
    )
    np.testing.assert_array_equal(np.isneginf(ours), truly_zero)
    assert 0 < truly_zero.sum() < read_by_others.sum() - 50
    np.testing.assert_allclose(ours[~truly_zero], np.log10(truth[~truly_zero]), rtol=0, atol=5e-6)


def test_every_probe_is_in_the_catalogue_under_a_name_of_its_own() -> None:
    names = [quantity.name for probe in PROBES for quantity in probe.quantities]
    assert len(names) == len(set(names))
    assert {
        "weight_grad_norm",
        "activation_grad_rms",
        "weight_norm",
        "update_ratio",
        "activation_mean",
        "activation_std",
    } <= set(names)
    assert all(quantity.label and quantity.description for probe in PROBES for quantity in probe.quantities)
