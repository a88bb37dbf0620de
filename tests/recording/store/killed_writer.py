"""A process that records until it is killed, and says on its standard output how far it has come and when.

`python killed_writer.py PATH LAYERS FRAMES_PER_S`; a line is "frames seconds", seconds of the clock that all processes
share. `kill_and_look` starts one, kills it at some moment, and returns what was lost.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from made_up_events import append, begun, checkpoint, wait_until

from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, open_run, read_info

CHECKPOINT_EVERY = 20


class Lost(NamedTuple):
    """What a kill cost, and what there is."""

    frames: int
    seconds: float
    stored: int


def record(path: Path, layers: int, frames_per_s: float) -> None:
    history = History(begun(layers))
    writer = StoreWriter(path, history, environment={}, on_trouble=lambda text: print(text, file=sys.stderr))
    begin, step = time.monotonic(), 0
    while True:
        if step % CHECKPOINT_EVERY == 0:
            writer.keep(checkpoint(step))
        append(history, step, step + 1)
        step += 1
        print(step, time.monotonic(), flush=True)
        time.sleep(max(0.0, begin + step / frames_per_s - time.monotonic()))


def kill_and_look(
    path: Path, layers: int, frames_per_s: float, after_s: float, *, least: int = 0, look: bool = True
) -> Lost:
    """Record into `path` in another process, kill it `after_s` seconds after its first frame, and open the file.

    It is killed once there are `least` frames in the file. Without a `look` the file is left as it is.
    """
    process = subprocess.Popen(
        [sys.executable, __file__, str(path), str(layers), str(frames_per_s)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(after_s)
    if least:
        wait_until(lambda: read_info(path).frames >= least, f"{least} frames are in the file")
    os.kill(process.pid, signal.SIGKILL)
    killed = time.monotonic()
    lines = [first, *process.stdout.read().splitlines()]
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    if not look:
        return Lost(0, 0.0, 0)
    # the last line may be torn
    moments = [float(line.split()[1]) for line in lines if len(line.split()) == 2]
    with open_run(path) as run:
        assert run.info.ending == "interrupted"
        stored = run.history.frames
    last = moments[stored - 1] if 0 < stored <= len(moments) else moments[0] if not stored else killed
    return Lost(max(len(moments) - stored, 0), killed - last, stored)


if __name__ == "__main__":
    record(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
