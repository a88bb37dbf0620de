"""The files that `gradviz run` writes: checked before training, written after it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from gradviz.errors import ExperimentError, ExportError
from gradviz.recording.exports import parquet
from gradviz.recording.exports.tables import save_table
from gradviz.recording.history import History

PICTURES = (".png", ".svg", ".pdf")
ANIMATIONS = (".gif", ".webp")
TABLES = (".csv", ".npz", ".parquet")
RECORDINGS = (".gradviz",)


@dataclass(frozen=True, slots=True)
class Outputs:
    """What to write: `pictures` of the plot `plot`, which shows the quantity `probe`, and a `table` of the numbers.

    The `recording` is written during training, by whoever records it.
    """

    pictures: tuple[Path, ...] = ()
    table: Path | None = None
    recording: Path | None = None
    plot: str = "heatmap"
    probe: str | None = None

    def check(self) -> None:
        """Raise ExportError or ExperimentError for outputs that cannot be written."""
        for path in self.pictures:
            check_ending(path, PICTURES, "pictures")
            check_place(path)
        if self.table is not None:
            check_ending(self.table, TABLES, "numbers")
            check_place(self.table)
        if self.recording is not None:
            check_ending(self.recording, RECORDINGS, "runs")
            check_place(self.recording)
            if self.recording.exists():
                raise ExportError(
                    f"{self.recording} exists already; use --resume to continue it, or choose another name"
                )
        if self.pictures:
            check_qt()
        if self.probe is not None:
            _check_probe(self.probe)

    def write(self, history: History) -> tuple[list[str], ExportError | None]:
        """Write everything that can be written; return the full paths, and an error if anything failed."""
        written: list[str] = []
        failures: list[str] = []
        for path in [*([self.table] if self.table is not None else []), *self.pictures]:
            try:
                self._write(path, history)
                written.append(str(path.resolve()))
            except ExportError as error:
                failures.append(str(error))
        return written, ExportError("\n".join(failures)) if failures else None

    def _write(self, path: Path, history: History) -> None:
        if path == self.table:
            save_table(path, history)
            return
        from gradviz.commands.pictures import save_plot

        save_plot(path, history, self.plot, self.probe)


def check_ending(path: Path, endings: tuple[str, ...], what: str) -> None:
    """Raise ExportError for another suffix, or one that this installation cannot write."""
    if path.suffix.lower() not in endings:
        raise ExportError(f"{path}: {what} are written as {', '.join(endings)}; use one of these suffixes")
    if path.suffix.lower() == ".parquet":
        parquet.check_available()


def check_place(path: Path) -> None:
    """Raise ExportError for a file that cannot be created there."""
    if path.is_dir():
        raise ExportError(f"cannot write {path}: a folder has that name; choose another name")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise ExportError(f"cannot write {path}: {reason} ({path.resolve().parent}); choose another folder") from None


def check_qt() -> None:
    """Raise ExportError where Qt, which paints the pictures, cannot be loaded."""
    try:
        from PySide6 import QtSvg, QtWidgets  # noqa: F401
    except ImportError as error:
        raise ExportError(f"pictures need Qt, which cannot be loaded here: {error}") from None


def _check_probe(name: str) -> None:
    from gradviz.probes.catalogue import quantity_names

    known = quantity_names()
    if name not in known:
        raise ExperimentError(f"there is no quantity {name!r}; the probes measure {', '.join(known)}")
