"""The commands that change how the plots look, and what they were set to last time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction

from gradviz.app.board import Board
from gradviz.app.settings import FirstLayer, Settings


class ViewCommands:
    """Carries them out on the plots and remembers the choice in the settings."""

    def __init__(self, board: Board, settings: Settings, actions: Mapping[str, QAction]) -> None:
        self._board, self._settings, self._actions = board, settings, actions

    def by_name(self) -> dict[str, Callable[[], object]]:
        """Return what each command does."""
        return {
            "compare": self.compare,
            "log_loss": self.show_log_loss,
            "fit": self.show_all,
            "play": self._board.playback.toggle,
            "first_bottom": lambda: self.put_first_layer("bottom"),
            "first_top": lambda: self.put_first_layer("top"),
        }

    def recall(self) -> None:
        """Set the plots as they were left."""
        settings = self._settings
        self._actions[f"first_{settings.first_layer_at}"].setChecked(True)
        self._actions["compare"].setChecked(settings.compare)
        self._actions["log_loss"].setChecked(settings.log_loss)
        self._board.context.first_layer_changed.emit(settings.first_layer_at)
        self._board.compare(settings.compare)
        self._board.context.log_loss_changed.emit(settings.log_loss)

    def compare(self) -> None:
        """Draw the run for comparison, or not, as is ticked."""
        self._settings.compare = self._actions["compare"].isChecked()
        self._board.compare(self._settings.compare)

    def show_log_loss(self) -> None:
        """Draw the loss on a logarithmic axis, or not, as is ticked."""
        self._settings.log_loss = self._actions["log_loss"].isChecked()
        self._board.context.log_loss_changed.emit(self._settings.log_loss)

    def show_all(self) -> None:
        """Zoom out everywhere."""
        self._board.context.whole_wanted.emit()

    def put_first_layer(self, place: FirstLayer) -> None:
        """Draw layer 1 at the bottom or at the top of the heatmap."""
        self._settings.first_layer_at = place
        self._board.context.first_layer_changed.emit(place)
