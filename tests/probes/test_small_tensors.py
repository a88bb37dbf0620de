"""What is small is measured many at once: as it was when it was put out, whatever is done to it afterwards."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gradviz.probes.modules import small_tensors
from gradviz.probes.modules.observer import ModuleObserver
from gradviz.probes.modules.rows import find_rows
from gradviz.probes.norms import moments_of_each
from gradviz.probes.observer import Due


def rows_of(model: nn.Module) -> dict[str, np.ndarray]:
    """All rows of one training pass."""
    observer = ModuleObserver(model, find_rows(model, list(model.modules()), ("*",), ()))
    observer.before_forward(Due())
    out = model(torch.linspace(-2.0, 2.0, 6 * 8).reshape(6, 8))
    out.square().mean().backward()
    observer.after_backward()
    observer.before_update(Due())
    pending = observer.take()
    host = torch.cat([one.double() for one in pending.tensors()]).numpy()
    observer.release()
    return dict(pending.read(host).rows)


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(inplace=True), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 4))


@pytest.mark.parametrize("limits", [{"LONGEST": 0}, {"MOST_NUMBERS": 0}, {"MOST_NUMBERS": 150}])
def test_they_come_to_what_each_comes_to_by_itself(monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]) -> None:
    together = rows_of(network())
    for name, limit in limits.items():
        monkeypatch.setattr(small_tensors, name, limit)
    apart = rows_of(network())
    assert together.keys() == apart.keys()
    assert {"activation_std", "activation_grad_rms", "dead_fraction", "saturated_fraction"} <= together.keys()
    for name, values in together.items():
        np.testing.assert_allclose(values, apart[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_moments_of_each_are_exact_at_every_magnitude() -> None:
    torch.manual_seed(0)
    scales = torch.tensor([1e-38, 1e-25, 1e-6, 1.0, 1e12, 1e30, 0.0])
    stacked = torch.randn(7, 5, 40) * scales[:, None, None] + 3.0 * scales[:, None, None]
    stacked[6] = 7.0
    wide = stacked.double().flatten(1)
    means, lengths = moments_of_each(stacked)
    np.testing.assert_allclose(means, wide.mean(1), rtol=1e-5)
    np.testing.assert_allclose(lengths, (wide - wide.mean(1, keepdim=True)).norm(dim=1), rtol=1e-4, atol=1e-12)
