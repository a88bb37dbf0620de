"""Throwing runs away, and taking that back."""

from __future__ import annotations

from pathlib import Path

from gradviz.app.runs.runs_panel import RunsPanel
from gradviz.errors import RecordingError
from gradviz.recording.runs.library import DAYS_IN_TRASH, Deletion, Library


class Removal:
    """Moves runs of a library into the trash, says so in the panel, and brings them back, the last ones first."""

    def __init__(self, library: Library | None, panel: RunsPanel) -> None:
        self._library, self._panel = library, panel
        self._deletions: list[Deletion] = []

    def delete(self, paths: list[Path]) -> None:
        """Throw runs away. Raises RecordingError, and leaves all where they are, if one cannot be moved."""
        assert self._library is not None, "without a library nothing is listed that could be deleted"
        deletion = self._library.delete(paths)
        self._deletions.append(deletion)
        self._say(_in_words(deletion))

    def refuse(self, why: str) -> None:
        """Say why a run is not thrown away."""
        self._say(why)

    def undo(self) -> None:
        """Take the last deletion back. Raises RecordingError if a run cannot be put back where it was."""
        if not self._deletions or self._library is None:
            return
        deletion = self._deletions.pop()
        try:
            self._library.restore(deletion)
        except RecordingError:
            # what is still in the trash can be brought back once the way is free
            if left := tuple(move for move in deletion.moves if move[1].exists()):
                self._deletions.append(Deletion(left))
            raise
        self._say(f"{_runs(len(deletion.moves) + len(deletion.forgotten))} back in the list.")

    def _say(self, words: str) -> None:
        self._panel.offer_undo(words, possible=bool(self._deletions))


def _in_words(deletion: Deletion) -> str:
    sentences = []
    if deletion.moves:
        moved = _runs(len(deletion.moves))
        sentences.append(f"{moved} moved to the trash, which is emptied after {DAYS_IN_TRASH} days.")
    if deletion.forgotten:
        forgotten = _runs(len(deletion.forgotten))
        sentences.append(f"{forgotten} from elsewhere taken off the list; the files stay where they are.")
    return " ".join(sentences)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
