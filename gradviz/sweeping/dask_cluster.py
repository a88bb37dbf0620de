"""Workers of a Dask cluster as an executor. Scheduler and workers are somebody else's; nothing is kept there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from gradviz import __version__
from gradviz.errors import DeviceError

LONGEST_CONNECTING_S = 10


@contextmanager
def dask_cluster(address: str) -> Iterator[tuple[Callable[[], Executor], int]]:
    """Connect to a scheduler, such as tcp://scheduler:8786; yield what makes executors, and the number of threads.

    Raises DeviceError without Dask, without a connection or a worker, and where a worker has another gradviz or torch.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise DeviceError("--dask needs Dask; install gradviz-desktop[dask]") from None
    try:
        client = distributed.Client(address, timeout=LONGEST_CONNECTING_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise DeviceError(f"no scheduler answers at {address}: {error}") from error
    try:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise DeviceError(f"the scheduler at {address} has no worker; start one: dask worker {address}")
        _check_versions(client.run(versions))
        # an executor of Dask's shuts its futures down, and not the cluster
        yield client.get_executor, sum(worker["nthreads"] for worker in workers.values())
    finally:
        client.close()


def versions() -> dict[str, str]:
    """Return what has to be the same wherever cells of one sweep are trained."""
    torch = import_module("torch")
    return {"gradviz": __version__, "torch": torch.__version__.partition("+")[0]}


def _check_versions(found: dict[str, dict[str, str]]) -> None:
    here = versions()
    for worker, there in found.items():
        if there != here:
            differing = ", ".join(f"{name} {there.get(name, 'none')} there, {here[name]} here" for name in here
                                  if there.get(name) != here[name])  # fmt: skip
            raise DeviceError(f"the worker {worker} does not fit: {differing}")
