"""Following the run of a script: which file, what the window says meanwhile, and how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from gradviz.app.run_controller import Phase
from gradviz.errors import RecordingError
from gradviz.recording.runs.library import SUFFIX
from gradviz.recording.store import read_info

if TYPE_CHECKING:
    from gradviz.app.main_window import MainWindow

KINDS = f"Recorded runs (*{SUFFIX})"
ENDS = {
    Phase.FINISHED: "the script has ended",
    Phase.STOPPED: "it was ended where it is recorded",
    Phase.DIVERGED: "the script's loss is not finite any more",
    Phase.FAILED: "the script failed",
    Phase.INTERRUPTED: "the script was killed or broke off; what it recorded until then is here",
    Phase.LEFT: "no longer followed; the script goes on",
}


class FollowDesk(QObject):
    """Lets the window show what another process records, from before its file is there until it ends."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._followed: Path | None = None
        window.run.phase_changed.connect(self._tell)
        window.run.began.connect(self._remember)

    def ask_and_follow(self) -> None:
        """Let the person name the file of a run; it need not be there yet."""
        dialog = QFileDialog(self._window, "Follow a run", str(self._window.settings.export_folder), KINDS)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, "&Follow")
        dialog.fileSelected.connect(lambda name: self.follow(Path(name)))
        dialog.open()

    def follow(self, path: Path) -> None:
        """Show the run that is being written into that file, and wait for it if it is not there; ends a run under way.

        What was trained here until then is kept with the other runs.
        """
        window, path = self._window, _with_suffix(path.absolute())
        if window.run.phase.busy and path == window.run.path:
            # it is on the board already, or on its way there
            window.say(f"{path.name} is {window.run.phase.value} already")
            return
        window.preview.cancel()
        window.commands.keep_for_comparison()
        self._followed = path
        if path.parent.is_dir():
            window.settings.export_folder = path.parent
        window.run.follow(path)

    def open(self, path: Path) -> None:
        """Show the run in a file: follow one that is being recorded, open one that has ended. Raises RecordingError."""
        if self.is_being_recorded(path):
            self.follow(path)
        else:
            self._window.desk.open(path)

    def is_being_recorded(self, path: Path) -> bool:
        """Whether another process writes that file; one that cannot be read is not being written."""
        if self._window.run.phase.busy and path.absolute() == self._window.run.path:
            return False
        try:
            return read_info(path).ending == "recording"
        except RecordingError:
            return False

    def _tell(self, phase: Phase) -> None:
        """Say what is waited for and how it ended."""
        window, path = self._window, self._followed
        if path is None or window.run.path != path:
            return
        if phase is Phase.WAITING:
            window.show_run(None)
            window.board.say_absent(f"Waiting for {path.name} …")
        elif not phase.busy:
            self._followed = None
            window.board.say_absent("")
            if phase in ENDS:
                window.say(f"{path.name}: {ENDS[phase]}")

    def _remember(self) -> None:
        """List the run that is followed among the others."""
        if self._window.run.phase.follows and self._followed is not None:
            self._window.desk.remember(self._followed)


def _with_suffix(path: Path) -> Path:
    """Return the file in which a script records that was given `path`."""
    return path if path.suffix.lower() == SUFFIX or path.exists() else path.with_name(path.name + SUFFIX)
