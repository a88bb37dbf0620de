"""What each command of the menus does, one method per command, under the command's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from gradviz.app.about import about_dialog
from gradviz.app.actions import COMMANDS, keys
from gradviz.app.export.export_dialog import ExportDialog, ExportRequest
from gradviz.app.failure import Failure
from gradviz.app.help_window import show_help
from gradviz.app.run_controller import Phase
from gradviz.app.settings import FirstLayer, Settings, ThemeChoice
from gradviz.errors import GradvizError
from gradviz.experiment import Experiment

if TYPE_CHECKING:
    from gradviz.app.main_window import MainWindow


class Commands:
    """The commands of one window. Mistakes the person can put right end in the error box, not in a traceback."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def guarded(self, act: Callable[[], object]) -> None:
        """Do `act`; show what a GradvizError says."""
        try:
            act()
        except GradvizError as error:
            self._window.errors.report(Failure.of(error))

    @staticmethod
    def icon_of(name: str) -> str:
        """Return the name of the command's icon, empty for none."""
        return next(command.icon for command in COMMANDS if command.name == name)

    def enable(self) -> None:
        """Let every action be possible exactly when it means something."""
        window, phase = self._window, self._window.run.phase
        actions = window.actions_by_name
        ended = not phase.busy
        actions["start"].setText("&Start" if ended or phase.follows else "Re&start")
        actions["start"].setEnabled(phase is not Phase.STOPPING)
        actions["pause"].setEnabled(phase in (Phase.STARTING, Phase.RUNNING, Phase.PAUSED))
        actions["pause"].setText("Resu&me" if phase is Phase.PAUSED else "&Pause")
        actions["pause"].setIconText("Resume" if phase is Phase.PAUSED else "Pause")
        actions["step"].setEnabled(phase is not Phase.STOPPING and not phase.follows)
        actions["stop"].setEnabled(phase.busy and phase is not Phase.STOPPING)
        resettable = window.run.history is not None or phase is Phase.FAILED
        actions["reset"].setEnabled(resettable and phase is not Phase.STOPPING)
        actions["play"].setEnabled(window.run.history is not None)
        actions["swap"].setEnabled(ended and window.previous is not None)
        shown = window.board.history if window.furnished else None
        actions["open_run"].setEnabled(window.furnished)
        actions["follow"].setEnabled(window.furnished)
        actions["stop"].setText("S&top following" if phase.follows else "S&top")
        actions["save_run"].setEnabled(shown is not None and window.desk.shown_path() is not None)
        actions["adopt"].setEnabled(shown is not None and shown.started.experiment is not None)
        actions["race"].setEnabled(window.furnished)
        actions["undo"].setEnabled(window.edits.canUndo())
        actions["redo"].setEnabled(window.edits.canRedo())
        actions["undo"].setText(f"&Undo {window.edits.undoText()}".strip())
        actions["redo"].setText(f"&Redo {window.edits.redoText()}".strip())

    def recall(self, settings: Settings) -> None:
        """Tick what the person chose last time."""
        actions = self._window.actions_by_name
        actions[f"theme_{settings.theme}"].setChecked(True)
        actions[f"first_{settings.first_layer_at}"].setChecked(True)
        actions["compare"].setChecked(settings.compare)
        actions["log_loss"].setChecked(settings.log_loss)
        self._window.board.heatmap.plot.set_first_layer_at(settings.first_layer_at)
        self._window.board.compare(settings.compare)
        self._window.board.curves.show_log_loss(settings.log_loss)

    # File

    def open(self) -> None:
        self.guarded(self._window.exchange.ask_and_open)

    def save(self) -> None:
        if self._window.form.take_typed():
            self.guarded(lambda: self._window.exchange.ask_and_save(self._window.form.experiment()))

    def open_run(self) -> None:
        self.guarded(self._window.desk.ask_and_open)

    def follow(self) -> None:
        self.guarded(self._window.follow_desk.ask_and_follow)

    def save_run(self) -> None:
        path = self._window.desk.shown_path()
        if path is not None:
            self.guarded(lambda: self._window.desk.ask_and_save(path))

    def export(self) -> None:
        self.ask_and_export("board")

    def export_animation(self) -> None:
        self.ask_and_export("board", "gif")

    def ask_and_export(self, what: str, form: str = "") -> None:
        """Ask in which form and where to export the plot `what`, `board` or `data`, then do it."""
        window = self._window
        dialog = ExportDialog(
            window.exporter.subjects(),
            window.settings,
            self._stem(),
            window,
            moving=window.exporter.moving(),
            frames=window.board.playback.latest + 1,
        )
        dialog.choose(what, form)
        dialog.accepted.connect(lambda: self.guarded(lambda: self.carry_out(dialog.request())))
        dialog.copy_wanted.connect(self.copy)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def carry_out(self, request: ExportRequest) -> None:
        """Write one export and say where it went. Raises ExportError."""
        if self._window.exporter.carry_out(request, self._window.style_now):
            self._window.say(f"Exported {request.path}")
        else:
            self._window.say("Export cancelled; nothing was written")

    def copy(self, what: str) -> None:
        """Put the plot `what` or the `board` on the clipboard."""

        def act() -> None:
            self._window.exporter.copy(what, self._window.style_now)
            self._window.say(f"Copied the {what} as a picture")

        self.guarded(act)

    def copy_board(self) -> None:
        self.copy("board")

    def quit(self) -> None:
        self._window.close()

    # Edit

    def undo(self) -> None:
        self._window.edits.undo()

    def redo(self) -> None:
        self._window.edits.redo()

    def defaults(self) -> None:
        self._window.set_experiment(Experiment())

    def copy_code(self) -> None:
        if self._window.form.take_typed():
            self.guarded(lambda: self._window.exchange.copy_code(self._window.form.experiment()))

    def paste_code(self) -> None:
        self.guarded(self._window.exchange.paste_code)

    # Run

    def start(self) -> None:
        self._begin(paused=False)

    def pause(self) -> None:
        run = self._window.run
        if run.phase is Phase.PAUSED:
            run.resume()
        else:
            run.pause()

    def step(self) -> None:
        if not self._window.run.phase.busy:
            self._begin(paused=True)
        # does nothing where the form did not let a run begin
        self._window.run.step()

    def stop(self) -> None:
        self._window.run.stop()

    def reset(self) -> None:
        window = self._window
        self.keep_for_comparison()
        window.show_run(None)
        window.run.reset()

    def swap(self) -> None:
        window = self._window
        shown, window.previous = window.previous, window.run.history
        if shown is not None:
            window.run.bring_back(shown)
            window.show_run(shown)
            window.transport.show_phase(window.run.phase, window.run)

    def adopt(self) -> None:
        window = self._window
        shown = window.board.history
        if shown is not None and shown.started.experiment is not None:
            window.set_experiment(shown.started.experiment)

    def race(self) -> None:
        if self._window.form.take_typed():
            self._window.desk.ask_and_race(self._window.form.experiment())

    # View

    def runs(self) -> None:
        self._window.bring("runs")

    def compare(self) -> None:
        wanted = self._window.actions_by_name["compare"].isChecked()
        self._window.settings.compare = wanted
        self._window.board.compare(wanted)

    def log_loss(self) -> None:
        wanted = self._window.actions_by_name["log_loss"].isChecked()
        self._window.settings.log_loss = wanted
        self._window.board.curves.show_log_loss(wanted)

    def fit(self) -> None:
        for plot in (self._window.board.heatmap.plot, self._window.board.profile, self._window.board.curves):
            plot.show_all()
        self._window.panels.show_all()

    def latest(self) -> None:
        self._window.board.pick_step(None)

    def play(self) -> None:
        self._window.board.playback.toggle()

    def first_bottom(self) -> None:
        self._set_first_layer("bottom")

    def first_top(self) -> None:
        self._set_first_layer("top")

    def theme_system(self) -> None:
        self._set_theme("system")

    def theme_light(self) -> None:
        self._set_theme("light")

    def theme_dark(self) -> None:
        self._set_theme("dark")

    def layout(self) -> None:
        self._window.restore_first_layout()

    # Help

    def guide(self) -> None:
        show_help(self._window, "guide.md", keys())

    def glossary(self) -> None:
        show_help(self._window, "glossary.md", keys())

    def shortcuts(self) -> None:
        show_help(self._window, "keyboard.md", keys())

    def news(self) -> None:
        show_help(self._window, "changelog.md", keys())

    def about(self) -> None:
        about_dialog(self._window).open()

    def _begin(self, *, paused: bool) -> None:
        if not self._window.form.take_typed():
            return
        self._window.preview.cancel()
        self.keep_for_comparison()
        self._window.run.start(self._window.form.experiment(), paused=paused)

    def keep_for_comparison(self) -> None:
        """Let the present run be drawn behind the next one."""
        history = self._window.run.history
        if history is not None and history.frames > 1:
            self._window.previous = history

    def _stem(self) -> str:
        history = self._window.board.history
        if history is None:
            return "gradviz"
        experiment = history.started.experiment
        slug = experiment.network.slug if experiment is not None else f"watched-{len(history.started.rows)}"
        return f"gradviz-{slug}"

    def _set_first_layer(self, place: FirstLayer) -> None:
        self._window.settings.first_layer_at = place
        self._window.board.heatmap.plot.set_first_layer_at(place)

    def _set_theme(self, choice: ThemeChoice) -> None:
        self._window.settings.theme = choice
        self._window.restyle()
