"""What the window remembers between two starts.

A stale or broken settings file never stops the start: whatever cannot be read falls back to its default, field by
field.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, from_json, to_json

if TYPE_CHECKING:
    from gradviz.diagnosis import Thresholds

ThemeChoice = Literal["system", "light", "dark"]
FirstLayer = Literal["bottom", "top"]


def settings_path() -> Path:
    """Return the file that holds the settings of this person."""
    return Path(platformdirs.user_config_dir("gradviz", appauthor=False)) / "settings.ini"


class Settings:
    """Typed access to the settings file; every getter answers with something usable."""

    def __init__(self, path: Path | None = None) -> None:
        self._store = QSettings(str(path or settings_path()), QSettings.Format.IniFormat)

    @property
    def path(self) -> Path:
        """The settings file."""
        return Path(self._store.fileName())

    def _word(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self._store.value(key)
        return value if isinstance(value, str) and value in allowed else allowed[0]

    def _bytes(self, key: str) -> QByteArray:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    @property
    def theme(self) -> ThemeChoice:
        """Light, dark or as the system has it."""
        return self._word("theme", get_args(ThemeChoice))  # type: ignore[return-value]

    @theme.setter
    def theme(self, value: ThemeChoice) -> None:
        self._store.setValue("theme", value)

    @property
    def first_layer_at(self) -> FirstLayer:
        """Where layer 1 is drawn in the heatmap."""
        return self._word("first_layer_at", get_args(FirstLayer))  # type: ignore[return-value]

    @first_layer_at.setter
    def first_layer_at(self, value: FirstLayer) -> None:
        self._store.setValue("first_layer_at", value)

    @property
    def compare(self) -> bool:
        """Whether the previous run is drawn behind the current one."""
        return self._word("compare", ("yes", "no")) == "yes"

    @compare.setter
    def compare(self, value: bool) -> None:
        self._store.setValue("compare", "yes" if value else "no")

    @property
    def log_loss(self) -> bool:
        """Whether the loss is drawn over powers of ten."""
        return self._word("log_loss", ("no", "yes")) == "yes"

    @log_loss.setter
    def log_loss(self, value: bool) -> None:
        self._store.setValue("log_loss", "yes" if value else "no")

    @property
    def export_folder(self) -> Path:
        """Where the last export went; the home folder at first or if that folder is gone."""
        value = self._store.value("export_folder")
        folder = Path(value) if isinstance(value, str) and value else Path.home()
        return folder if folder.is_dir() else Path.home()

    @export_folder.setter
    def export_folder(self, value: Path) -> None:
        self._store.setValue("export_folder", str(value))

    @property
    def geometry(self) -> QByteArray:
        """Size and place of the window as Qt saves it; empty at first."""
        return self._bytes("geometry")

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._store.setValue("geometry", value)

    @property
    def layout(self) -> QByteArray:
        """Places of the docks as Qt saves them; empty at first."""
        return self._bytes("layout")

    @layout.setter
    def layout(self, value: QByteArray) -> None:
        self._store.setValue("layout", value)

    @property
    def experiment(self) -> Experiment | None:
        """The form as it was left; None at first or if it no longer validates."""
        value = self._store.value("experiment")
        try:
            return from_json(value) if isinstance(value, str) else None
        except ExperimentError:
            return None

    @experiment.setter
    def experiment(self, value: Experiment) -> None:
        self._store.setValue("experiment", to_json(value))

    @property
    def lessons(self) -> str:
        """How far the lessons have been read, as text; empty at first."""
        value = self._store.value("lessons")
        return value if isinstance(value, str) else ""

    @lessons.setter
    def lessons(self, value: str) -> None:
        self._store.setValue("lessons", value)

    @property
    def thresholds(self) -> Thresholds:
        """Where a verdict begins; each threshold that cannot be read or does not go with the others has its default."""
        # brings numpy along, which the window opens without
        from gradviz.app import stored_thresholds

        value = self._store.value("thresholds")
        return stored_thresholds.from_text(value if isinstance(value, str) else "")

    @thresholds.setter
    def thresholds(self, value: Thresholds) -> None:
        from gradviz.app import stored_thresholds

        self._store.setValue("thresholds", stored_thresholds.to_text(value))

    def write(self) -> None:
        """Write to disk now; a folder that cannot be written is no reason to fail."""
        self._store.sync()
