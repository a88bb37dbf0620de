"""`gradviz report`: one HTML page about one or several recorded runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from gradviz.commands.outputs import check_ending, check_place
from gradviz.commands.progress import progress_bar
from gradviz.recording.store import RunInfo, open_run
from gradviz.report import facts_of, reported, save_report
from gradviz.report.page import SUFFIXES


def report(paths: Sequence[Path], target: Path) -> int:
    """Write the report of the runs at `paths` to `target` and print where it is.

    Raises GradvizError for a file that is not a run, and for a report that cannot be written.
    """
    check_ending(target, SUFFIXES, "reports")
    check_place(target)
    with ExitStack() as files:
        runs = [files.enter_context(open_run(path)) for path in paths]
        infos = [run.info for run in runs]
        found = reported(
            [run.history for run in runs],
            [name_of(info) for info in infos],
            [facts_of(info) for info in infos],
            [info.environment for info in infos],
        )
        with progress_bar(100, "%") as bar:

            def tell(done: int, total: int) -> bool:
                bar.update(round(100 * done / max(total, 1)) - bar.n)
                return True

            save_report(target, found, tell)
    print(f"wrote {target.resolve()}", flush=True)
    return 0


def name_of(info: RunInfo) -> str:
    """Return what a run is called: by the person, by its experiment, or by its file."""
    return info.name or info.title or info.path.stem
