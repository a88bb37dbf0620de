"""What comes of opening run files that were tampered with.

`tampering.py` makes them. `python hostile_files.py` opens those that are named on its standard input and answers each
with one line, under a limit of memory: it is a process of its own so that a crash, a hang or an attack ends only that.
"""

from __future__ import annotations

import selectors
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from made_up_events import append, begun, checkpoint
from tampering import Mutator

from gradviz.errors import RecordingError
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, latest_checkpoint, open_run, read_info

LAYERS = 700  # 64 rows to a chunk
FRAMES = 260  # the first level above the rows has a whole chunk
LONGEST_S = 5.0
MOST_BYTES = 300 << 20

REFUSED, REFUSED_LATER, SAME, OTHER = "refused at once", "refused when looked at", "as before", "other numbers"
GOOD = (REFUSED, REFUSED_LATER, SAME, OTHER)


def make_run(path: Path) -> None:
    """Write the run that is tampered with."""
    history = History(begun(LAYERS))
    writer = StoreWriter(path, history, environment={"torch": "2.13"}, name="mine", on_trouble=print)
    append(history, 0, 100)
    weights = checkpoint(20)
    arrays = {name: array for name, array in weights.arrays.items() if name != "long"}
    writer.keep(type(weights)(20, arrays))
    append(history, 100, FRAMES)
    writer.close("finished")


def look_at_everything(path: Path) -> bytes:
    """Open a run and ask for all that there is; return a digest of it."""
    info = read_info(path)
    digest = hash((info.name, info.note, info.frames, info.experiment, info.quantities, info.sparkline))
    numbers = [np.array([digest])]
    with open_run(path) as run:
        history = run.history
        for quantity in history.quantities:
            for kind in ("largest", "mean"):
                windows = (history.window(quantity.name, 0, FRAMES, stride, kind) for stride in (1 << 20, 4, 1))
                numbers.extend(window.values for window in windows)
            numbers.extend(row for step in (0, 77, FRAMES - 1) if (row := history.row(quantity.name, step)) is not None)
        numbers.extend(series[1] for series in (history.losses(), history.accuracies(), history.learning_rates()))
        numbers.extend(history.scalar(name)[1] for name in history.scalar_names)
        numbers.append(np.frombuffer(repr(history.observations).encode(), np.uint8))
        for step in history.evaluation_steps:
            taken = history.evaluation_at(int(step))
            numbers.extend([taken.predicted, taken.confidence, taken.boundary])
        for step in history.distribution_steps:
            for each in history.distributions_at(int(step)).by_kind.values():
                numbers.extend([each.edges, each.counts, each.zeros, each.not_finite])
    if (found := latest_checkpoint(path)) is not None:
        numbers.extend(found.arrays.values())
    return b"".join(array.tobytes() for array in numbers if array is not None)


def outcome(path: Path, original: bytes) -> str:
    """Return what came of opening a file, in a word or two; of a defect, all of it."""
    try:
        with open_run(path):
            pass
    except RecordingError as error:
        return REFUSED if _is_one_clear_line(error, path) else f"unclear: {error}"
    except BaseException:
        return "crash: " + traceback.format_exc().replace("\n", " | ")
    try:
        return SAME if look_at_everything(path) == original else OTHER
    except RecordingError as error:
        return REFUSED_LATER if _is_one_clear_line(error, path) else f"unclear: {error}"
    except BaseException:
        return "crash: " + traceback.format_exc().replace("\n", " | ")


def _is_one_clear_line(error: RecordingError, path: Path) -> bool:
    text = str(error)
    return str(path) in text and "\n" not in text and len(text) < 400 and "memory" not in text


class Opener:
    """A process that opens files, with a limit of time for each and of memory for all."""

    def __init__(self, original: Path) -> None:
        self._original = original
        self._process: subprocess.Popen[str] | None = None

    def outcome(self, path: Path) -> tuple[str, float]:
        """Return what came of opening `path`, and the seconds it took."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        begin = time.monotonic()
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            # looked at are several things, each of which has its own limit
            if not selector.select(3 * LONGEST_S):
                self.end()
                return "hang", time.monotonic() - begin
        line = process.stdout.readline().rstrip("\n")
        if not line:
            self.end()
            return f"died of {process.returncode}", time.monotonic() - begin
        return line, time.monotonic() - begin

    def most_bytes(self) -> int:
        """Return by how much memory has grown at most, in this process and on account of the files."""
        line, _ = self.outcome(Path("?"))
        return int(line)

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            command = [sys.executable, __file__, str(self._original)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == "ready\n"
        return self._process


class Fuzz:
    """Opens many tampered files and counts what came of them."""

    def __init__(self, folder: Path) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.defects: list[tuple[int, str, str]] = []
        self.slowest_s = 0.0
        self.most_bytes = 0
        self._folder = folder

    def run(self, seeds: range) -> None:
        original = self._folder / "original.gradviz"
        make_run(original)
        mutator, opener = Mutator(original), Opener(original)
        try:
            for seed in seeds:
                path = self._folder / f"{seed}.gradviz"
                kind = mutator.make(seed, path)
                result, seconds = opener.outcome(path)
                self.slowest_s = max(self.slowest_s, seconds)
                if result not in GOOD:
                    self.defects.append((seed, kind, result))
                self.counts[kind, result if result in GOOD else "defect"] += 1
                for each in self._folder.glob(f"{seed}.gradviz*"):
                    each.unlink()
            self.most_bytes = opener.most_bytes()
        finally:
            opener.end()

    def table(self) -> Iterator[str]:
        results = [*GOOD, "defect"]
        yield f"{'':36}" + "".join(f"{result:>24}" for result in results)
        for kind in dict.fromkeys(kind for kind, _ in self.counts):
            yield f"{kind:36}" + "".join(f"{self.counts[kind, result]:>24}" for result in results)
        totals = [sum(count for (_, found), count in self.counts.items() if found == result) for result in results]
        yield f"{'all ' + str(sum(totals)):36}" + "".join(f"{total:>24}" for total in totals)


def serve(original: Path) -> None:
    # not on Windows, where nobody calls this
    import resource

    whole = look_at_everything(original)
    peak = _most_bytes_so_far()
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + MOST_BYTES, resource.RLIM_INFINITY))
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "?\n":
            print(_most_bytes_so_far() - peak, flush=True)
        else:
            print(outcome(Path(line.rstrip("\n")), whole), flush=True)


def _most_bytes_so_far() -> int:
    """Return the most memory this process has had; getrusage would begin with that of the process it came from."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
