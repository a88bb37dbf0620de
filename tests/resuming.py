"""A run that is broken off and resumed, against the same run in one piece."""

from __future__ import annotations

import numpy as np

from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Frame
from gradviz.training.control import Control
from gradviz.training.loop import train


def assert_resumes_bit_by_bit(experiment: Experiment, step: int) -> list[Frame]:
    """Resume from the checkpoint of `step`, compare every frame from there on, and return the resumed ones."""
    control, whole, checkpoint = Control(), [], None
    for event in train(experiment, control):
        if isinstance(event, Frame):
            whole.append(event)
            if event.step == step - 1:
                control.ask_for_checkpoint()
        elif isinstance(event, Checkpoint):
            checkpoint = event
    assert checkpoint is not None
    assert checkpoint.step == step
    resumed = [event for event in train(experiment, None, checkpoint) if isinstance(event, Frame)]
    assert [frame.step for frame in resumed] == list(range(step, experiment.training.steps + 1))
    for one, other in zip(whole[step:], resumed, strict=True):
        assert one.loss == other.loss
        assert one.rows.keys() == other.rows.keys()
        for name, row in one.rows.items():
            np.testing.assert_array_equal(row, other.rows[name])
    return resumed
