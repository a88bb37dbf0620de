"""Two processes on this machine, told of each other as torchrun does it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import torch
from torch import nn
from warm_interpreter import CAN_FORK, WarmInterpreter
from watched_training import length, measured

from gradviz.recording.store import open_run, read_info

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="the second process is a fork")

STEPS = 6
SCRIPT = """
import json, os
import torch
from torch import nn
import gradviz
from torch.optim.optimizer import _global_optimizer_pre_hooks

rank = int(os.environ["RANK"])
torch.set_num_threads(1)
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))
# before the processes have found each other, and after
early = gradviz.watch(model, "early.gradviz", thorough_every=2)
torch.distributed.init_process_group("gloo")
parallel = nn.parallel.DistributedDataParallel(model)
late = gradviz.watch(parallel, "late.gradviz", thorough_every=2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
generator = torch.Generator().manual_seed(3)
for step in range(6):
    inputs = torch.randn(10, 6, generator=generator)[rank * 5 : rank * 5 + 5]
    labels = torch.randint(0, 3, (10,), generator=generator)[rank * 5 : rank * 5 + 5]
    loss = nn.functional.cross_entropy(parallel(inputs), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    early.log(loss=loss)
    late.log(loss=loss)
hooks = len(_global_optimizer_pre_hooks) + sum(len(module._forward_hooks) for module in model.modules())
early.close()
late.close()
with open(f"rank{rank}.json", "w") as file:
    json.dump({"hooks": hooks, "steps": [early.steps, late.steps]}, file)
torch.distributed.barrier()
# everything is written; torch's own teardown of gloo aborts now and then, whether somebody watches or not
os._exit(os.waitpid(child, 0)[1] if child else 0)
"""

SHARDED = """
import os
import torch
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.device_mesh import init_device_mesh
import gradviz

torch.set_num_threads(1)
torch.manual_seed(0)
torch.distributed.init_process_group("gloo")
mesh = init_device_mesh("cpu", (2,))
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
for part in (model[0], model[2], model):
    fully_shard(part, mesh=mesh)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
recorder = gradviz.watch(model, "sharded.gradviz")
for step in range(6):
    loss = model(torch.randn(32, 8)).square().mean()
    loss.backward()
    optimizer.step()
    recorder.log(loss=loss)
    optimizer.zero_grad()
recorder.close()
torch.distributed.barrier()
os._exit(os.waitpid(child, 0)[1] if child else 0)
"""


# before the script, in place of torchrun, which imports torch in each of three processes
RANKS = """
import os

os.environ |= {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "%d"}
child = os.fork()
os.environ["RANK"] = os.environ["LOCAL_RANK"] = "0" if child else "1"
"""


def launched(script: str, folder: Path, interpreter: WarmInterpreter) -> str:
    """Run `script` in two processes; return what they warned of."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = interpreter.run(RANKS % port + script, folder)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.slow
def test_the_shard_of_one_process_is_never_taken_for_the_whole(tmp_path: Path, interpreter: WarmInterpreter) -> None:
    said = launched(SHARDED, tmp_path, interpreter)
    assert "DTensors" in said
    run = open_run(tmp_path / "sharded.gradviz")
    try:
        history = run.history
        assert history.frames == STEPS
        observed = history.observed("sharded", STEPS - 1)
        assert observed is not None
        assert (observed.observation.rows, observed.observation.number("ranks")) == ((1, 3), 2.0)
        for quantity in ("weight_grad_norm", "weight_norm", "update_ratio", "unchanged_fraction"):
            assert all(history.row(quantity, step) is None for step in range(STEPS))
        assert history.row("activation_std", 0) is not None
    finally:
        run.close()


@pytest.mark.slow
def test_rank_0_records_the_joint_gradient_and_the_others_do_nothing(
    tmp_path: Path, interpreter: WarmInterpreter
) -> None:
    launched(SCRIPT, tmp_path, interpreter)
    ranks = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    assert ranks[0]["steps"] == [STEPS, STEPS]
    assert ranks[0]["hooks"] > 0
    assert ranks[1] == {"hooks": 0, "steps": [0, 0]}
    assert sorted(path.name for path in tmp_path.glob("*.gradviz*")) == ["early.gradviz", "late.gradviz"]
    for name in ("early", "late"):
        check_against_one_process(tmp_path / f"{name}.gradviz")


def check_against_one_process(path: Path) -> None:
    """Do the same in this process, with the whole batch."""
    assert read_info(path).ending == "finished"
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    generator = torch.Generator().manual_seed(3)
    run = open_run(path)
    try:
        assert run.history.started.row_names == ("0", "1", "2")
        for step in range(STEPS):
            inputs, labels = torch.randn(10, 6, generator=generator), torch.randint(0, 3, (10,), generator=generator)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs), labels).backward()
            found = measured(run.history, step)
            assert found["0"]["weight_grad_norm"] == pytest.approx(length([model[0].weight.grad]), rel=1e-4)
            assert found["2"]["weight_grad_norm"] == pytest.approx(length([model[2].weight.grad]), rel=1e-4)
            optimizer.step()
    finally:
        run.close()
