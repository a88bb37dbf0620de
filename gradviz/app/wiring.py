"""What leads from one part of the window to another, once all parts are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication

from gradviz.app.docks import Docks
from gradviz.app.export.plot_menu import plot_menu
from gradviz.app.failure import Failure
from gradviz.app.run_controller import Phase
from gradviz.diagnosis import Remedy, words
from gradviz.experiment import Experiment
from gradviz.recording.history import History

if TYPE_CHECKING:
    from gradviz.app.main_window import MainWindow


class Wiring(QObject):
    """Connects the signals of a furnished window's parts, and answers those that concern more than one part."""

    def __init__(self, window: MainWindow, docks: Docks) -> None:
        super().__init__(window)
        self._window = window
        self._docks = docks
        self._connect_form_and_run()
        self._connect_previews()
        self._connect_panels()
        self._connect_board()

    def _connect_form_and_run(self) -> None:
        window = self._window
        window.form.edited.connect(self._edited)
        window.form.rejected.connect(window.say)
        window.run.began.connect(window.show_run)
        window.run.began.connect(window.desk.list_anew)
        window.run.phase_changed.connect(self._phase_changed)
        window.run.failed.connect(window.errors.report)
        window.run.trouble.connect(self._report_trouble)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._scheme_changed)

    def _connect_previews(self) -> None:
        window = self._window
        window.preview.previewed.connect(self._show_preview)
        window.preview.devices_found.connect(window.form.set_devices)
        window.preview.failed.connect(self._preview_failed)
        window.theory.found.connect(window.board.show_theory)
        window.theory.failed.connect(window.errors.report)

    def _connect_panels(self) -> None:
        window, panels = self._window, self._window.panels
        panels.hovered.connect(window.board.heatmap.say)
        panels.failed.connect(window.errors.report)
        panels.closer_look_wanted.connect(window.run.look_closer)
        panels.verdict.verdict_changed.connect(window.verdict_line.say)
        panels.verdict.suggested.connect(self._try_remedy)
        panels.verdict.quantity_wanted.connect(window.board.heatmap.choose)
        panels.verdict.layer_wanted.connect(self._look_at_layer)
        window.verdict_line.clicked.connect(lambda: self._docks.bring("verdict"))
        self._docks["runs"].visibilityChanged.connect(window.desk.look_at_list)

    def _connect_board(self) -> None:
        window, board = self._window, self._window.board
        board.history_shown.connect(self._look_closer)
        board.step_shown.connect(window.panels.show_step)
        board.menu_wanted.connect(lambda name, place: plot_menu(window, name).popup(place))
        board.text_due.connect(lambda: window.transport.refresh(window.run))
        board.text_due.connect(window.panels.refresh)

    def _edited(self, experiment: Experiment) -> None:
        window = self._window
        window.edits.record(experiment)
        window.show_title()
        if window.run.phase.busy:
            window.say("The change applies when you press Start again")
        else:
            window.preview_form()

    def _phase_changed(self, phase: Phase) -> None:
        window = self._window
        window.board.live(phase.busy)
        window.panels.show_training(phase.busy)
        window.desk.show_training(phase.busy)
        window.panels.refresh()
        window.transport.show_phase(phase, window.run)
        window.commands.enable()
        if phase is Phase.IDLE:
            window.preview_form()

    def _report_trouble(self, text: str) -> None:
        self._window.errors.report(Failure(text))

    def _scheme_changed(self, _scheme: Qt.ColorScheme) -> None:
        self._window.restyle()

    def _show_preview(self, history: History) -> None:
        if not self._window.run.phase.busy:
            self._window.board.show_preview(history)

    def _preview_failed(self, failure: Failure) -> None:
        if failure.details:
            self._window.errors.report(failure)
        else:
            self._window.form.complain(failure.message)

    def _try_remedy(self, remedy: Remedy) -> None:
        window = self._window

        def change() -> None:
            # a changed recipe is no longer the preset it came from
            window.set_experiment(remedy.apply(window.form.experiment()).changed(title="", notes=""))

        window.commands.guarded(change)
        window.say(f"{words.remedy(remedy)} Press Start to see; Ctrl+Z takes it back")

    def _look_at_layer(self, layer: int) -> None:
        self._docks.bring("distributions")
        self._window.say(f"Layer {layer} is shown under Distributions and Activation")

    def _look_closer(self, history: History | None) -> None:
        """Let theory and the panels follow what the profile shows."""
        self._window.panels.show_history(history)
        if history is not None:
            self._window.theory.ask(history.started)
