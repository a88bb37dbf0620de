"""A ResNet that is resumed goes on bit by bit, with the same numbers measured at the same steps."""

from __future__ import annotations

import pytest
from resuming import assert_resumes_bit_by_bit

from gradviz.experiment import Experiment

VARIANTS = [
    {"normalization": "batch", "optimizer": "momentum"},
    {"normalization": "none", "shortcut": "pre_activation", "branch": "skip_init", "optimizer": "adam",
     "gradient_clip": 1.0},
]  # fmt: skip


@pytest.mark.parametrize("values", VARIANTS, ids=str)
def test_it_resumes_bit_by_bit(values: dict[str, object]) -> None:
    base = {"architecture": "resnet", "depth": 8, "batch_size": 16, "device": "cpu", "steps": 16, "probe_every": 1}
    experiment = Experiment.parse(base | values)
    resumed = assert_resumes_bit_by_bit(experiment, 7)
    # the exact gradient is followed in every fifth look: the two have to agree in which
    assert [frame.step for frame in resumed if "exact_log10_weight_grad_norm" in frame.rows] != []
