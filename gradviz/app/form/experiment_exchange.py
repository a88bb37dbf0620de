"""Experiments in and out of the window: files, the clipboard, dropped files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from gradviz.app.settings import Settings
from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, from_code, from_json, read, to_code, to_json, to_toml
from gradviz.experiment.data_names import DATA_KINDS, may_be_data
from gradviz.recording.atomic_file import write_atomically
from gradviz.recording.exports import tables

FILE_KINDS = "Experiment (*.toml *.json)"
EXPERIMENT_SUFFIXES = (".toml", ".json")
EXPORTED_SUFFIXES = (".png", ".svg", ".pdf", ".gif", ".webp", ".npz", ".parquet")
OPENABLE = (*EXPERIMENT_SUFFIXES, *EXPORTED_SUFFIXES)
OPENABLE_KINDS = f"Experiments and exports that carry one ({' '.join('*' + suffix for suffix in OPENABLE)})"


class ExperimentExchange:
    """Opens, saves, copies and pastes experiments. `show` puts one on the form, `say` tells what happened.

    `look` shows how a data file of that name is understood.

    Every method raises GradvizError for what the person can put right.
    """

    def __init__(
        self,
        window: QWidget,
        settings: Settings,
        show: Callable[[Experiment], None],
        say: Callable[[str], None],
        look: Callable[[str], object],
    ) -> None:
        self._window, self._settings, self._show, self._say, self._look = window, settings, show, say, look

    def ask_and_open(self) -> None:
        """Let the person pick a file and put its experiment on the form."""
        folder = str(self._settings.export_folder)
        name, _ = QFileDialog.getOpenFileName(self._window, "Open experiment", folder, OPENABLE_KINDS)
        if name:
            self.open(Path(name))

    def ask_and_open_data(self) -> None:
        """Let the person pick a data file, and look at it."""
        folder = str(self._settings.export_folder)
        name, _ = QFileDialog.getOpenFileName(self._window, "Open data", folder, DATA_KINDS)
        if name:
            self._settings.export_folder = Path(name).parent
            self._look(name)

    def open(self, path: Path) -> None:
        """Put the experiment in `path` on the form, be it a file of its own or an exported picture or table.

        A data file is looked at instead.
        """
        self._settings.export_folder = path.parent
        plainly_data = path.suffix.lower() not in OPENABLE and may_be_data(path)
        experiment = None if plainly_data else _experiment_in(path)
        if experiment is None:
            self._look(str(path))
            return
        self._show(experiment)
        self._say(f"Opened {path.name}")

    def ask_and_save(self, experiment: Experiment) -> None:
        """Let the person name a file and write the experiment to it."""
        suggested = str(self._settings.export_folder / "experiment.toml")
        name, _ = QFileDialog.getSaveFileName(self._window, "Save experiment", suggested, FILE_KINDS)
        if name:
            self.save(experiment, Path(name))

    def save(self, experiment: Experiment, path: Path) -> None:
        """Write the experiment, as JSON where the name ends so, else as TOML."""
        if path.suffix.lower() not in EXPERIMENT_SUFFIXES:
            path = path.with_name(path.name + ".toml")
        text = to_json(experiment) if path.suffix.lower() == ".json" else to_toml(experiment)
        write_atomically(path, text.encode("utf-8"))
        self._settings.export_folder = path.parent
        self._say(f"Saved {path}")

    def copy_code(self, experiment: Experiment) -> None:
        """Put the experiment's code on the clipboard."""
        code = to_code(experiment)
        QGuiApplication.clipboard().setText(code)
        self._say(f"Copied {code}")

    def paste_code(self) -> None:
        """Put the experiment whose code is in the clipboard on the form."""
        text = QGuiApplication.clipboard().text()
        if not text.strip():
            raise ExperimentError("the clipboard holds no text; copy an experiment code first")
        self._show(from_code(text))
        self._say("Set up the experiment from the clipboard; Ctrl+Z takes it back")


def _experiment_in(path: Path) -> Experiment | None:
    """Return the experiment in a file; None for arrays that carry none, which may be data."""
    suffix = path.suffix.lower()
    if suffix not in EXPORTED_SUFFIXES:
        return read(path)
    if suffix in (".npz", ".parquet"):
        text = tables.read_experiment(path)
        if text is None and suffix == ".npz":
            return None
    else:
        # drawing libraries are slow to load, and the window opens without them
        from gradviz.plots.pages import images

        text = images.read_experiment(path)
    if text is None:
        raise ExperimentError(f"{path} carries no experiment; only what gradviz exported does")
    return from_json(text)
