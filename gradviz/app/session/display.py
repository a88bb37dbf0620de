"""The one owner of what is shown, and of which step and row of it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from gradviz.app.form.experiment_edits import ExperimentEdits
from gradviz.app.session.run_controller import RunController
from gradviz.app.session.shown import Shown
from gradviz.app.threads.preview_thread import PreviewThread
from gradviz.experiment import Experiment
from gradviz.recording.history import History


class Display(QObject):
    """Shows one run, one preview of the network that is set up, or nothing.

    A run that is shown stays until another run begins or something else is asked for; where there is none, the preview
    follows every edit. `previous` is the run before the current one.

    `changed` carries the Shown, `step_picked` the step that is shown (None: the latest), `row_picked` the row that is
    looked at, counted from 1.
    """

    changed = Signal(object)
    step_picked = Signal(object)
    row_picked = Signal(int)

    def __init__(
        self, run: RunController, preview: PreviewThread, edits: ExperimentEdits, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.shown = Shown()
        self.previous: History | None = None
        self.step: int | None = None
        self.row = 1
        self._run, self._preview, self._edits = run, preview, edits
        self._preview_wanted = False
        preview.previewed.connect(self._previewed)

    def show_run(self) -> None:
        """Show the current run, beside the one before it."""
        if self._run.history is not None:
            self._preview_wanted = False
            self._show(Shown("run", self._run.history, self.previous))

    def show_preview(self) -> None:
        """Show the network that is set up before training, as soon as it is measured; not while a run is under way."""
        if not self._run.phase.busy:
            self._preview_wanted = True
            self._preview.request(self._edits.current)

    def toggle_preview(self) -> None:
        """Show the preview in place of the run, or the run again."""
        if self.shown.kind == "preview":
            self.show_run()
        else:
            self.show_preview()

    def show_nothing(self, waiting_for: str = "") -> None:
        """Show no network; say which file is waited for, if any."""
        self._show(Shown(reference=self.previous, waiting_for=waiting_for))

    def follow_edit(self, experiment: Experiment) -> None:
        """Let the preview follow an edit, unless a run is shown or under way."""
        if not self._run.phase.busy and self.shown.kind != "run":
            self._preview.request(experiment)

    def forget_preview(self) -> None:
        """Show no preview that has not been measured yet."""
        self._preview_wanted = False
        self._preview.cancel()

    def keep_for_comparison(self) -> None:
        """Draw the current run behind the next one, if more than its beginning was measured."""
        history = self._run.history
        if history is not None and history.frames > 1:
            self.previous = history

    def pick_step(self, step: int | None) -> None:
        """Show `step` in every plot; None follows the latest."""
        self.step = step
        self.step_picked.emit(step)

    def follow_latest(self) -> None:
        """Show the latest step, and every one that follows it."""
        self.pick_step(None)

    def pick_row(self, row: int) -> None:
        """Look at `row`, counted from 1."""
        self.row = row
        self.row_picked.emit(row)

    def _show(self, shown: Shown) -> None:
        self.shown = shown
        self.changed.emit(shown)
        self.pick_step(None)

    def _previewed(self, history: History) -> None:
        if self._run.phase.busy or (self.shown.kind == "run" and not self._preview_wanted):
            return
        self._preview_wanted = False
        self._show(Shown("preview", history, self._run.history or self.previous))
