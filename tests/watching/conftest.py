"""One thread for torch: these products are too small to share, and other programs want the cores too.

And an interpreter that has imported torch, for all tests of a worker.
"""

from collections.abc import Iterator

import pytest
import torch
from warm_interpreter import WarmInterpreter


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmInterpreter]:
    interpreter = WarmInterpreter(tmp_path_factory.mktemp("interpreter"))
    yield interpreter
    interpreter.close()
