"""The questions before a run is opened, followed, copied, resumed or raced."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from gradviz.app.comparison.race_dialog import RaceDialog
from gradviz.app.runs.saving import save_run
from gradviz.app.session.run_names import name_of
from gradviz.app.session.session import Session
from gradviz.app.settings import Settings
from gradviz.experiment import field
from gradviz.recording.runs.library import SUFFIX
from gradviz.recording.runs.run_list import Listed

RUN_KINDS = f"Recorded runs (*{SUFFIX})"
MOST_STEPS = int(field("steps").limits[1] or 0)


class RunDialogs(QObject):
    """Asks, and gives the session the order. `parent` owns the dialogs."""

    def __init__(self, parent: QWidget, session: Session, settings: Settings) -> None:
        super().__init__(parent)
        self._parent, self._session, self._settings = parent, session, settings
        session.stop_wanted.connect(self.ask_to_stop)

    def by_name(self) -> dict[str, Callable[[], object]]:
        """Return what each command does."""
        return {
            "open_run": self.ask_and_open,
            "follow": self.ask_and_follow,
            "save_run": self.ask_and_save_shown,
            "race": self.ask_and_race,
        }

    def ask_and_open(self) -> None:
        """Let the person pick a run and show it. Raises RecordingError."""
        folder = str(self._settings.export_folder)
        name, _ = QFileDialog.getOpenFileName(self._parent, "Open run", folder, RUN_KINDS)
        if name:
            self._session.open(Path(name))
            self._settings.export_folder = Path(name).parent

    def ask_and_follow(self) -> None:
        """Let the person name the file of a run, which need not exist yet, and follow it."""
        dialog = QFileDialog(self._parent, "Follow a run", str(self._settings.export_folder), RUN_KINDS)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, "&Follow")
        dialog.fileSelected.connect(lambda name: self._follow(Path(name)))
        dialog.open()

    def ask_and_save_shown(self) -> None:
        """Let the person name a file and copy the run that is shown into it. Raises RecordingError."""
        if self._session.shown_path is not None:
            self.ask_and_save(self._session.shown_path)

    def ask_and_save(self, path: Path) -> None:
        """Let the person name a file and copy a run into it. Raises RecordingError."""
        suggested = str(self._settings.export_folder / path.name)
        name, _ = QFileDialog.getSaveFileName(self._parent, "Save run as", suggested, RUN_KINDS)
        if name:
            self.save(path, Path(name))

    def save(self, path: Path, target: Path) -> None:
        """Copy a run into a file of its own. Raises RecordingError."""
        saved = save_run(path, target, self._parent)
        if saved is None:
            self._session.said.emit("Cancelled; nothing was written")
        else:
            self._settings.export_folder = saved.parent
            self._session.said.emit(f"Saved {saved}")

    def ask_and_race(self) -> None:
        """Let the person choose variants of the experiment that is set up, and race them."""
        dialog = RaceDialog(self._session.experiment, self._parent)
        dialog.accepted.connect(lambda: self._session.race(dialog.experiments()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def ask_and_resume(self, run: Listed) -> None:
        """Resume a run; ask up to which step where it has made all that were planned. Raises RecordingError."""
        assert run.info is not None
        if run.info.ending != "finished":
            self._session.resume_file(run.path)
            return
        made = run.info.frames - 1
        dialog = QInputDialog(self._parent)
        dialog.setWindowTitle("Continue training")
        dialog.setLabelText(f"{name_of(run)} has made its {made:,} step{'s'[: made != 1]}. Continue up to step")
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(run.info.frames, MOST_STEPS)
        dialog.setIntValue(min(2 * made, MOST_STEPS))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.intValueSelected.connect(
            lambda steps: self._session.attempt(lambda: self._session.resume_file(run.path, steps))
        )
        dialog.open()

    def ask_to_stop(self, path: Path) -> None:
        """Ask whether the run under way is to stop so that another can be shown."""
        box = QMessageBox(QMessageBox.Icon.Question, "A run is under way", "", parent=self._parent)
        box.setText(f"Stop the run under way and open {path.name}?")
        box.setInformativeText("What was recorded stays, and can be resumed. To see both, select them and compare.")
        stop = box.addButton("&Stop and open", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        stop.clicked.connect(partial(self._session.stop_and_open, path))
        box.open()

    def _follow(self, path: Path) -> None:
        self._session.follow(path)
        if path.parent.is_dir():
            self._settings.export_folder = path.parent
