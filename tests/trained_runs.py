"""Whole runs that several tests look at: each is trained once, whichever worker asks for it first.

The presets are what the notes, the claims, the diagnosis and a probe are tested with, and training them is a third of
the time of all tests. A run is kept as its events, in a folder that all workers of a session share.
"""

from __future__ import annotations

import os
import pickle
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from gradviz.experiment import Experiment, load_preset, preset_names, to_json
from gradviz.recording.frame import Event
from gradviz.recording.history import History
from gradviz.training.loop import train

# set by the fixture beside this file
FOLDER_VARIABLE = "GRADVIZ_TRAINED_RUNS"


# a step of convolutions or attention takes as long as dozens of a stack: whole runs of these are for benchmarks
STACKS = tuple(name for name in preset_names() if load_preset(name).network.architecture == "mlp")


def trained(experiment: Experiment) -> History:
    """Return the whole run of `experiment` on the CPU, as the window trains it; a history of its own."""
    return History.of(events_of(experiment.changed(device="cpu")))


def events_of(experiment: Experiment) -> list[Event]:
    """Return what `train` yields, trained now or read from where another test has left it."""
    name = sha256(to_json(experiment).encode()).hexdigest()
    path = Path(os.environ[FOLDER_VARIABLE]) / f"{name}.events"
    # a worker that wants what another one is training waits for it
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            path.write_bytes(pickle.dumps(list(train(experiment))))
        events: list[Event] = pickle.loads(path.read_bytes())
        return events
