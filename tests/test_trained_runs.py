"""The runs that tests share are those of `train`, and are trained once."""

import os
from pathlib import Path

import pytest
import trained_runs

from gradviz.experiment import Experiment
from gradviz.recording.frame import Frame
from gradviz.training.loop import train

SMALL = Experiment(depth=3, width=4, steps=6, batch_size=16, device="cpu", data="moons", evaluate_every=3)


def test_a_shared_run_is_what_training_yields_and_is_trained_once(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(trained_runs.FOLDER_VARIABLE, str(tmp_path_factory.mktemp("runs")))
    first = trained_runs.trained(SMALL)
    monkeypatch.delattr(trained_runs, "train")
    again = trained_runs.trained(SMALL)
    assert again is not first
    frames = [event for event in train(SMALL) if isinstance(event, Frame)]
    assert first.frames == again.frames == len(frames) == 7
    for step, frame in enumerate(frames):
        for name, row in frame.rows.items():
            for history in (first, again):
                found = history.row(name, step)
                assert found is not None
                assert found.tobytes() == row.astype(found.dtype).tobytes(), (step, name)
    assert again.losses()[1].tolist() == first.losses()[1].tolist()
    assert again.accuracies()[1].tolist() == first.accuracies()[1].tolist()


def test_every_session_has_a_folder_for_them() -> None:
    assert Path(os.environ[trained_runs.FOLDER_VARIABLE]).is_dir()
