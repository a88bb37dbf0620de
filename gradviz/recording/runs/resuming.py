"""Whether a kept run can be resumed, and as which experiment."""

from __future__ import annotations

from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.store import checkpoint_step, read_info


def experiment_to_resume(path: Path, steps: int | None = None) -> Experiment:
    """Return the experiment of the run at `path`, for as many `steps` as it was meant to make, or as are asked for.

    Raises RecordingError for a file that is no run, and for a run that cannot be resumed; ExperimentError for a number
    of steps that no experiment has.
    """
    info = read_info(path)
    if info.ending == "recording":
        raise RecordingError(f"{path.name} is still being written; it can be resumed once that run has ended")
    if info.experiment is None:
        raise RecordingError(f"{path.name} was trained by a script of your own; only the script can resume it")
    if info.ending == "diverged":
        raise RecordingError(f"{path.name} diverged, and would again; start a new run with another experiment")
    if checkpoint_step(path) is None:
        raise RecordingError(f"{path.name} holds no checkpoint to resume from; start its experiment again")
    experiment = info.experiment if steps is None else info.experiment.changed(steps=steps)
    if 0 < experiment.training.steps < info.frames:
        raise RecordingError(f"{path.name} has made its {info.frames - 1:,} steps; ask for more to resume it")
    return experiment
