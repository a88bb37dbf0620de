"""The table of what watching costs, on a network that costs nothing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gradviz import cli
from gradviz.commands import bench_watch
from gradviz.watching import benchmark, peers
from gradviz.watching.benchmark_models import CASES, Case


def tiny() -> tuple[nn.Module, Tensor, Tensor]:
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), torch.randn(5, 4), torch.zeros(5).long()


def test_every_contender_has_a_row_and_the_bare_loop_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_watch, "CASES", (Case("a tiny network", tiny),))
    ours = {"hooks and .item()": peers.hook_snippet, "Lightning grad_norm": peers.lightning_grad_norm}
    monkeypatch.setattr(peers, "available", lambda: ours)
    threads = torch.get_num_threads()
    assert cli.main(["bench", "--watch", "--quick"]) == 0
    assert torch.get_num_threads() == threads
    lines = capsys.readouterr().out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("a tiny network"))
    rows = {line[2:34].strip(): line[34:].split() for line in lines[start + 1 :]}
    assert set(rows) == {benchmark.BARE, benchmark.DEFAULT, benchmark.GRADIENTS, benchmark.EVERYTHING, *ours}
    assert rows[benchmark.BARE][1:] == ["1.00", "1.00"]
    assert all(float(number) > 0 for row in rows.values() for number in row[1:])


@pytest.mark.parametrize("case", CASES[:-1], ids=[case.name for case in CASES[:-1]])
def test_a_gradient_reaches_every_layer_of_the_networks_compared(case: Case) -> None:
    torch.manual_seed(0)
    model, inputs, labels = case.make()
    nn.functional.cross_entropy(model(inputs), labels).backward()
    lengths = [parameter.grad.double().norm() for parameter in model.parameters() if parameter.dim() > 1]
    # none is so small that it would be measured twice
    assert min(lengths) > 1e-6
