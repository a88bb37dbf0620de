"""One thread for torch, as the trainer takes for narrow layers, and back again afterwards."""

from collections.abc import Iterator

import pytest


@pytest.fixture
def one_thread() -> Iterator[None]:
    # most tests of this folder need no torch, and so do not wait for it
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
