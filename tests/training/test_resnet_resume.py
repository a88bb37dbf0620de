"""A ResNet that is resumed goes on bit by bit, with the same numbers measured at the same steps."""

from __future__ import annotations

import numpy as np
import pytest

from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Frame
from gradviz.training.control import Control
from gradviz.training.loop import train

VARIANTS = [
    {"normalization": "batch", "optimizer": "momentum"},
    {"normalization": "none", "shortcut": "pre_activation", "branch": "skip_init", "optimizer": "adam",
     "gradient_clip": 1.0},
]  # fmt: skip


@pytest.mark.parametrize("values", VARIANTS, ids=str)
def test_it_resumes_bit_by_bit(values: dict[str, object]) -> None:
    base = {"architecture": "resnet", "depth": 8, "batch_size": 16, "device": "cpu", "steps": 16, "probe_every": 1}
    experiment = Experiment.parse(base | values)
    control, whole, checkpoint = Control(), [], None
    for event in train(experiment, control):
        if isinstance(event, Frame):
            whole.append(event)
            if event.step == 6:
                control.ask_for_checkpoint()
        elif isinstance(event, Checkpoint):
            checkpoint = event
    assert checkpoint is not None
    assert checkpoint.step == 7
    resumed = [event for event in train(experiment, None, checkpoint) if isinstance(event, Frame)]
    assert [frame.step for frame in resumed] == list(range(7, 17))
    # the exact gradient is followed in every fifth look: the two have to agree in which
    assert [frame.step for frame in resumed if "exact_log10_weight_grad_norm" in frame.rows] != []
    for one, other in zip(whole[7:], resumed, strict=True):
        assert one.loss == other.loss
        assert one.rows.keys() == other.rows.keys()
        for name, row in one.rows.items():
            np.testing.assert_array_equal(row, other.rows[name])
