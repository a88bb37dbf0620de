"""The recorded runs: listed, renamed, annotated, moved into the trash and back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from gradviz.app.failure import Failure
from gradviz.app.threads.library_thread import LibraryThread
from gradviz.errors import RecordingError
from gradviz.recording.runs.library import DAYS_IN_TRASH, Deletion, Library


class RunLibrary(QObject):
    """The runs of a library; without one none are listed.

    `listed` carries a list of Listed, newest first, `failed` a Failure; `deletion_told` says in words what became of a
    deletion, and whether it can be undone.
    """

    listed = Signal(object)
    failed = Signal(object)
    deletion_told = Signal(str, bool)

    def __init__(self, library: Library | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.library = library
        self._deletions: list[Deletion] = []
        self._thread = LibraryThread(library, self)
        self._thread.listed.connect(self.listed)
        self._thread.failed.connect(self.failed)

    def refresh(self) -> None:
        """Have the runs listed."""
        self._thread.ask()

    def remember(self, path: Path) -> None:
        """List a run in a file elsewhere, too; a failure is reported and changes nothing else."""
        if self.library is None:
            return
        try:
            self.library.remember(path)
        except RecordingError as error:
            self.failed.emit(Failure.of(error))

    def rename(self, path: Path, name: str) -> None:
        """Give a run a name."""
        # brings the store along, which the window opens without
        from gradviz.recording.store import rename

        self._thread.do(partial(rename, path, name))

    def annotate(self, path: Path, note: str) -> None:
        """Keep a note with a run."""
        from gradviz.recording.store import annotate

        self._thread.do(partial(annotate, path, note))

    def delete(self, paths: list[Path]) -> None:
        """Move runs into the trash. Raises RecordingError, and leaves all in place, if one cannot be moved."""
        if self.library is None:
            return
        deletion = self.library.delete(paths)
        self._deletions.append(deletion)
        self.tell(_in_words(deletion))
        self.refresh()

    def restore(self) -> None:
        """Undo the last deletion. Raises RecordingError if a run cannot be put back in its place."""
        if not self._deletions or self.library is None:
            return
        deletion = self._deletions.pop()
        try:
            self.library.restore(deletion)
        except RecordingError:
            # what is still in the trash can be restored once the way is free
            if left := tuple(move for move in deletion.moves if move[1].exists()):
                self._deletions.append(Deletion(left))
            raise
        finally:
            self.refresh()
        self.tell(f"{_runs(len(deletion.moves) + len(deletion.forgotten))} restored.")

    def tell(self, words: str) -> None:
        """Say `words` where deletions are reported."""
        self.deletion_told.emit(words, bool(self._deletions))

    def end(self) -> None:
        """Let the thread run out once it has done what was asked."""
        self._thread.end()

    def wait(self, longest_ms: int) -> bool:
        """Wait for the thread; return whether it has ended."""
        return not self._thread.isRunning() or self._thread.wait(longest_ms)


def _in_words(deletion: Deletion) -> str:
    sentences = []
    if deletion.moves:
        moved = _runs(len(deletion.moves))
        sentences.append(f"{moved} moved to the trash, which is emptied after {DAYS_IN_TRASH} days.")
    if deletion.forgotten:
        forgotten = _runs(len(deletion.forgotten))
        sentences.append(f"{forgotten} from elsewhere removed from the list; the files stay where they are.")
    return " ".join(sentences)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
