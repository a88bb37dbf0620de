"""The folder of all runs: where the next one goes, what is in it, what was deleted.

A run is one file. While it is written, or after a crash, more lie beside it that belong to it, two of SQLite's (`-wal`,
`-shm`) and the lock of the process that writes it (`-lock`): whatever moves a run moves all of them. Deleting moves a
run into `trash/<day of the deletion>/`, from where it can be restored; a later start removes what has been there for
`DAYS_IN_TRASH` days.

Runs that were opened from other folders are listed, too; the file `elsewhere.json` says where they are, and deleting
one of them takes it off the list and leaves the file alone.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import platformdirs

from gradviz.errors import ExportError, RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.atomic_file import write_atomically

SUFFIX = ".gradviz"
TRASH = "trash"
ELSEWHERE = "elsewhere.json"
MOST_ELSEWHERE = 200
DAYS_IN_TRASH = 30
# what lies beside a file that is being written, or was when the power went
COMPANIONS = ("-wal", "-shm", "-lock")

# two runs of one race begin within a second, before either has a file
_handed_out: set[Path] = set()
_handing_out = threading.Lock()


def runs_folder() -> Path:
    """Return the folder that keeps the runs of this person."""
    return Path(platformdirs.user_data_dir("gradviz", appauthor=False)) / "runs"


@dataclass(frozen=True, slots=True)
class Deletion:
    """Runs that were deleted together: pairs of where each was and where it is now, and those only unlisted."""

    moves: tuple[tuple[Path, Path], ...]
    forgotten: tuple[Path, ...] = ()


class Library:
    """The runs in one folder, which is made when it is first needed. Every method may be called from any thread."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or runs_folder()

    def new_path(self, experiment: Experiment, now: datetime | None = None) -> Path:
        """Return a new name for a run that begins `now`. Raises RecordingError if there can be no folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordingError(f"cannot keep runs in {self.folder}: {error.strerror or error}") from error
        stem = f"{now or datetime.now():%Y-%m-%d_%H%M%S}_{experiment.network.slug}"
        with _handing_out:
            path = next(path for path in _names(self.folder, stem) if path not in _handed_out and not path.exists())
            _handed_out.add(path)
        return path

    def paths(self) -> list[Path]:
        """Return the runs in the folder and those listed from elsewhere, in no order; none while there is no folder."""
        return [*self._own_paths(), *(path for path in self._elsewhere() if path.is_file())]

    def remember(self, path: Path) -> None:
        """List a run that is in another folder. Raises RecordingError if that cannot be saved."""
        path = path.absolute()
        if path.parent != self.folder and path not in (known := self._elsewhere()):
            self._note_down([path, *known])

    def delete(self, paths: list[Path]) -> Deletion:
        """Move runs into the trash, and take those in other folders off the list.

        Raises RecordingError, and moves back what was moved, if one cannot be moved.
        """
        day = self.folder / TRASH / f"{date.today():%Y-%m-%d}"
        own = [path for path in paths if path.parent == self.folder]
        strangers = tuple(path for path in paths if path.parent != self.folder)
        moves: list[tuple[Path, Path]] = []
        try:
            for path in own:
                day.mkdir(parents=True, exist_ok=True)
                target = next(name for name in _names(day, path.stem) if not name.exists())
                _move(path, target)
                moves.append((path, target))
        except OSError as error:
            self.restore(Deletion(tuple(moves)))
            raise RecordingError(f"cannot move a run into {day}: {error.strerror or error}") from error
        if strangers:
            self._note_down([path for path in self._elsewhere() if path not in strangers])
        return Deletion(tuple(moves), strangers)

    def restore(self, deletion: Deletion) -> None:
        """Restore deleted runs. Raises RecordingError naming the first that cannot be restored."""
        for path in reversed(deletion.forgotten):
            self.remember(path)
        for was, now in deletion.moves:
            try:
                if was.exists():
                    raise FileExistsError(0, "there is another file of that name")
                _move(now, was)
            except OSError as error:
                raise RecordingError(f"cannot restore {was.name}: {error.strerror or error}") from error

    def empty_trash(self, today: date | None = None) -> int:
        """Remove for good what was deleted more than `DAYS_IN_TRASH` days ago; return the number of runs removed."""
        limit = (today or date.today()) - timedelta(days=DAYS_IN_TRASH)
        removed = 0
        for day in _days(self.folder / TRASH):
            if date.fromisoformat(day.name) >= limit:
                continue
            # only what gradviz put there
            for path in [
                *day.glob(f"*{SUFFIX}"),
                *(path for end in COMPANIONS for path in day.glob(f"*{SUFFIX}{end}")),
            ]:
                with suppress(OSError):
                    path.unlink()
                    removed += path.suffix == SUFFIX
            with suppress(OSError):
                day.rmdir()
        return removed

    def _own_paths(self) -> list[Path]:
        with suppress(OSError), os.scandir(self.folder) as found:
            return [self.folder / entry.name for entry in found if entry.name.endswith(SUFFIX) and entry.is_file()]
        return []

    def _elsewhere(self) -> list[Path]:
        """Return the runs in other folders, the last one listed first; none if the list cannot be read."""
        try:
            noted = json.loads((self.folder / ELSEWHERE).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return []
        return [Path(each) for each in noted if isinstance(each, str)] if isinstance(noted, list) else []

    def _note_down(self, paths: list[Path]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            content = json.dumps([str(path) for path in paths[:MOST_ELSEWHERE]], indent=1)
            write_atomically(self.folder / ELSEWHERE, content.encode("utf-8"))
        except (OSError, ExportError) as error:
            raise RecordingError(f"cannot save the list of runs: {error}") from error


def companions(path: Path) -> list[Path]:
    """Return the files beside a run that belong to it, if there are any."""
    beside = (path.with_name(path.name + end) for end in COMPANIONS)
    return [each for each in beside if each.exists()]


def _names(folder: Path, stem: str) -> Iterator[Path]:
    """Yield stem, stem-2, stem-3 ... as run files in `folder`."""
    yield folder / f"{stem}{SUFFIX}"
    number = 2
    while True:
        yield folder / f"{stem}-{number}{SUFFIX}"
        number += 1


def _move(path: Path, target: Path) -> None:
    # the log first: alone it does no harm, but a file without its log has lost its end
    for beside in companions(path):
        beside.replace(target.with_name(target.name + beside.name.removeprefix(path.name)))
    path.replace(target)


def _days(trash: Path) -> list[Path]:
    """Return the folders of the trash that are named after a day."""
    found = []
    with suppress(OSError):
        for folder in trash.iterdir():
            with suppress(ValueError):
                date.fromisoformat(folder.name)
                found.append(folder)
    return found
