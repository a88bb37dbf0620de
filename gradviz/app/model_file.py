"""File > Open model: train the network that a Python file of the person's own defines, in a process of its own.

The window follows the recording of that process, as it follows a script. So whatever the file does, the window stays.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QProcess
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton, QWidget

from gradviz.app.failure import Failure
from gradviz.app.session.phase import Phase
from gradviz.app.session.session import Session
from gradviz.app.settings import Settings
from gradviz.experiment import Experiment, fields
from gradviz.recording.runs.library import SUFFIX, Library

MODELS = "Python files (*.py)"
# of the form, what has to do with training and data; the network is the file's own
PARTS = ("training", "data")
ENDS_MS = 10_000
BAD_ARGUMENTS = 2


class ModelFileCommand(QObject):
    """Warns, asks for the file, and has it trained as the form says; `window` owns the dialogs.

    With a `library` the recording is kept there, else in a folder of its own that is gone with the session.
    """

    def __init__(self, window: QWidget, session: Session, settings: Settings, library: Library | None) -> None:
        super().__init__(window)
        self._window, self._session, self._settings, self._library = window, session, settings, library
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.process: QProcess | None = None
        session.run.phase_changed.connect(self._phase_changed)

    def by_name(self) -> dict[str, Callable[[], object]]:
        """Return what the command does."""
        return {"open_model": self.ask}

    def ask(self) -> None:
        """Let the person name a file, and ask again before its code is executed."""
        folder = str(self._settings.export_folder)
        name, _ = QFileDialog.getOpenFileName(self._window, "Open model", folder, MODELS)
        if name:
            self.warn(Path(name))

    def warn(self, path: Path) -> QMessageBox:
        """Say what it means to open `path`, and train its network if the person agrees."""
        box = QMessageBox(
            QMessageBox.Icon.Warning, "Open model", f"Execute the code in {path.name}?", parent=self._window
        )
        box.setInformativeText(
            f"{path} is a program. To open it is to execute it, with all that you may do on this computer: go on only "
            "if you know what is in it.\n\nIt defines build_model(), and data() if it brings its own data; everything "
            "else is trained as the form says."
        )
        agree = box.addButton("&Execute and train", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        assert isinstance(agree, QPushButton)
        agree.clicked.connect(lambda: self.train(path))
        box.open()
        return box

    def train(self, path: Path) -> None:
        """Execute the file, and follow what it records."""
        self.stop()
        recording = self._recording_of(path)
        process = QProcess(self)
        process.setProgram(sys.executable)
        program = [] if getattr(sys, "frozen", False) else ["-m", "gradviz"]
        settings = [f"--set={name}={value}" for name, value in _settings_of(self._session.experiment).items()]
        process.setArguments([*program, "run", f"--model={path}", f"--out={recording}", *settings])
        process.finished.connect(lambda code, _status: self._ended(process, code))
        self.process = process
        self._settings.export_folder = path.parent
        process.start()
        self._session.follow(recording)
        self._session.said.emit(f"{path.name} is executed; the plots follow what it records")

    def stop(self) -> None:
        """End the process, if there is one."""
        process, self.process = self.process, None
        if process is not None and process.state() != QProcess.ProcessState.NotRunning:
            process.terminate()
            if not process.waitForFinished(ENDS_MS):
                process.kill()
                process.waitForFinished(ENDS_MS)

    def close(self) -> None:
        """End the process, and put away what nobody keeps."""
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _recording_of(self, path: Path) -> Path:
        if self._library is not None:
            folder = self._library.folder
            folder.mkdir(parents=True, exist_ok=True)
        else:
            self._folder = self._folder or tempfile.TemporaryDirectory()
            folder = Path(self._folder.name)
        return folder / f"{datetime.now():%Y-%m-%d_%H%M%S}_{path.stem}{SUFFIX}"

    def _ended(self, process: QProcess, code: int) -> None:
        if process is not self.process:
            return
        self.process = None
        if code not in (0, 130):
            said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip().splitlines()
            self._session.run.stop()
            why = said[-1].removeprefix("gradviz: ") if said else f"the process of the model file ended with {code}"
            # a mistake in the file needs no more than its line; of anything else all is told
            self._session.failed.emit(Failure(why, "" if code == BAD_ARGUMENTS else "\n".join(said)))

    def _phase_changed(self, phase: Phase) -> None:
        # whoever stops following the network of his own file wants it to end
        if self.process is not None and not phase.follows and phase is not Phase.STOPPING:
            self.stop()


def _settings_of(experiment: Experiment) -> dict[str, str]:
    """Return what the form says of training and data, as typed after `--set`, where it is not as usual."""
    known = fields(experiment.network.architecture)
    changed = {name: value for name, value in experiment.changes().items() if known[name].part in PARTS}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in changed.items()}
