"""What is known of every run, newest first; a file is read again only when it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.experiment import Experiment, change_in_words
from gradviz.recording.runs.library import companions
from gradviz.recording.store import RunInfo, read_info

SAME = "the same experiment again"

# when each file of a run was last written, and how large it is
_Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One run of a list. A file that cannot be read has no `info` but `trouble`: what is wrong with it.

    `began` is in seconds since 1970. `change` says how its experiment differs from that of the run before it; it is
    empty for the first experiment, and for a watched network.
    """

    path: Path
    info: RunInfo | None
    trouble: str
    began: float
    change: str = ""


class RunReader:
    """Reads the infos of runs, for one thread."""

    def __init__(self, read: Callable[[Path], RunInfo] = read_info) -> None:
        self._read = read
        self._known: dict[Path, tuple[_Stamp, Listed]] = {}

    def listing(self, paths: Iterable[Path]) -> list[Listed]:
        """Return all runs of `paths`, the newest first; what vanished meanwhile is left out."""
        known = {}
        for path in paths:
            stamp = _stamp(path)
            if not stamp:
                continue
            kept = self._known.get(path)
            # a process that writes may die without touching its file again
            if kept is not None and kept[0] == stamp and not _is_live(kept[1]):
                known[path] = kept
            else:
                known[path] = stamp, self._look(path, stamp)
        self._known = known
        # two runs may begin within the same second
        ordered = sorted((listed for _, listed in known.values()), key=lambda each: (each.began, each.path.name))
        return list(reversed(_with_changes(ordered)))

    def _look(self, path: Path, stamp: _Stamp) -> Listed:
        try:
            info = self._read(path)
        except RecordingError as error:
            return Listed(path, None, str(error), stamp[0][0] / 1e9)
        return Listed(path, info, "", info.created)


def _is_live(listed: Listed) -> bool:
    return listed.info is not None and listed.info.ending == "recording"


def _stamp(path: Path) -> _Stamp:
    """Return what changes when the run does; empty if it is gone."""
    try:
        return tuple((stat.st_mtime_ns, stat.st_size) for each in (path, *companions(path)) for stat in (each.stat(),))
    except OSError:
        return ()


def _with_changes(oldest_first: list[Listed]) -> list[Listed]:
    """Say of every run how its experiment differs from that of the last run before it that has one."""
    before: Experiment | None = None
    result = []
    for each in oldest_first:
        experiment = each.info.experiment if each.info is not None else None
        change = ""
        if experiment is not None:
            change = (change_in_words(before, experiment) or SAME) if before is not None else ""
            before = experiment
        result.append(Listed(each.path, each.info, each.trouble, each.began, change))
    return result
