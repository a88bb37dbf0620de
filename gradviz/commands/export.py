"""`gradviz export`: pictures, numbers and event files of a recorded run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gradviz.commands.outputs import ANIMATIONS, PICTURES, TABLES, check_ending, check_place, check_qt
from gradviz.commands.progress import progress_bar
from gradviz.commands.verdict_text import verdict_text
from gradviz.diagnosis.verdict import Verdict
from gradviz.errors import ExportError
from gradviz.recording.exports import tensorboard
from gradviz.recording.exports.table_blocks import Progress
from gradviz.recording.exports.tables import save_table
from gradviz.recording.history import History
from gradviz.recording.store import open_run

# plots that need validation samples
OF_SAMPLES = ("validation", "predictions", "mistakes")


@dataclass(frozen=True, slots=True)
class Export:
    """What to write of a run: `pictures` as (plot, file), a `table` of the numbers, `events` for TensorBoard.

    The pictures show the quantity `probe` (None: the first) at `step` (None: the latest); animations show the whole
    run. The event file has the layers at every `every`-th step (None: chosen by the length of the run).
    """  # fmt: skip

    pictures: tuple[tuple[str, Path], ...] = ()
    probe: str | None = None
    step: int | None = None
    table: Path | None = None
    events: Path | None = None
    every: int | None = None


def export(path: Path, wanted: Export, *, as_json: bool = False) -> int:
    """Write what `wanted` names of the run at `path`, and print each file written and the verdict on the step shown.

    Raises GradvizError for a file that is not a run, and for outputs that cannot be written; the others are written.
    """
    if not (wanted.pictures or wanted.table or wanted.events):
        raise ExportError("nothing to write; give --to FILE, --data FILE or --tensorboard DIR")
    _check_files(wanted)
    with open_run(path) as run:
        _check_run(run.history, wanted)
        failures, written = [], []
        for write in _writers(run.history, wanted):
            try:
                written.append(str(write()))
            except ExportError as error:
                failures.append(str(error))
                continue
            if not as_json:
                print(f"wrote {written[-1]}", flush=True)
        verdict = Verdict.of(run.history, wanted.step)
    if as_json:
        print(json.dumps({"files": written, "verdict": verdict.as_data()}, allow_nan=False))
    else:
        print(verdict_text(verdict))
    if failures:
        raise ExportError("\n".join(failures))
    return 0


def _check_files(wanted: Export) -> None:
    """Raise ExportError for outputs that cannot be written, whatever the run holds."""
    for _, path in wanted.pictures:
        check_ending(path, (*PICTURES, *ANIMATIONS), "pictures")
        check_place(path)
    if wanted.table is not None:
        check_ending(wanted.table, TABLES, "numbers")
        check_place(wanted.table)
    if wanted.every is not None and wanted.every < 1:
        raise ExportError(f"--every {wanted.every}: must be at least 1")
    animations = [path for _, path in wanted.pictures if path.suffix.lower() in ANIMATIONS]
    if animations and wanted.step is not None:
        raise ExportError(f"{animations[0]}: an animation shows all steps; omit --step, or name a picture")
    if wanted.pictures:
        check_qt()


def _check_run(history: History, wanted: Export) -> None:
    """Raise ExportError for outputs that this run does not have."""
    known = [quantity.name for quantity in history.quantities]
    if wanted.probe is not None and wanted.probe not in known:
        raise ExportError(f"this run has no quantity {wanted.probe!r}; it has {', '.join(known)}")
    if not history.frames:
        raise ExportError("this run has no step yet")
    if wanted.step is not None and not 0 <= wanted.step < history.frames:
        raise ExportError(f"this run has no step {wanted.step:,}; it has steps 0 to {history.frames - 1:,}")
    if history.started.held_out is None and any(plot in OF_SAMPLES for plot, _ in wanted.pictures):
        raise ExportError("a watched network has no validation samples to draw")


def _writers(history: History, wanted: Export) -> Iterator[Callable[[], Path]]:
    """Yield functions that write one file each and return its path."""
    if wanted.table is not None:
        yield partial(_write_table, history, wanted.table)
    if wanted.events is not None:
        yield partial(_write_events, history, wanted.events, wanted.every)
    for plot, path in wanted.pictures:
        write = _write_animation if path.suffix.lower() in ANIMATIONS else _write_picture
        yield partial(write, history, wanted, plot, path)


def _write_table(history: History, path: Path) -> Path:
    with _bar() as progress:
        save_table(path, history, progress)
    return path.resolve()


def _write_events(history: History, folder: Path, every: int | None) -> Path:
    suited = tensorboard.suited_every(history)
    if every is None and suited > 1:
        sys.stderr.write(
            f"TensorBoard gets the layers at every {suited}th step; choose another interval with --every N\n"
        )
    with _bar() as progress:
        tensorboard.save_events(folder, history, every or suited, progress)
    return folder.resolve()


def _write_picture(history: History, wanted: Export, plot: str, path: Path) -> Path:
    # Qt takes its time to load
    from gradviz.commands.pictures import save_plot

    save_plot(path, history, plot, wanted.probe, wanted.step)
    return path.resolve()


def _write_animation(history: History, wanted: Export, plot: str, path: Path) -> Path:
    # Qt takes its time to load
    from gradviz.commands.pictures import save_animation
    from gradviz.plots.pages.animation import StepRange

    with _bar() as progress:
        save_animation(path, history, plot, wanted.probe, StepRange.of_all(history.frames), progress)
    return path.resolve()


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show the progress of a writer."""
    with progress_bar(100, "%") as bar:

        def tell(done: int, total: int) -> bool:
            bar.update(round(100 * done / max(total, 1)) - bar.n)
            return True

        yield tell
