"""What is done with recorded runs: the commands of the runs panel and of the menus, carried out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from gradviz.app.comparison.comparison_window import ComparisonWindow
from gradviz.app.comparison.race_dialog import RaceDialog
from gradviz.app.comparison.race_session import RaceControls, RaceSession
from gradviz.app.failure import Failure
from gradviz.app.run_controller import LONGEST_STEP_MS
from gradviz.app.runs import run_words
from gradviz.app.runs.library_thread import LibraryThread
from gradviz.app.runs.open_runs import OpenRuns
from gradviz.app.runs.removal import Removal
from gradviz.app.runs.runs_panel import RunsPanel
from gradviz.app.runs.saving import save_run
from gradviz.experiment import Experiment, field
from gradviz.plots.parts.style import Style
from gradviz.plots.shown_run import ShownRun, shown_runs
from gradviz.recording.history import History
from gradviz.recording.runs.library import SUFFIX, Library
from gradviz.recording.runs.run_list import Listed
from gradviz.recording.store import annotate, rename

if TYPE_CHECKING:
    from gradviz.app.main_window import MainWindow

RUN_KINDS = f"Recorded runs (*{SUFFIX})"
# how often the list is made anew while it is in sight: runs are recorded by others, too
LIST_PERIOD_MS = 2_000
MOST_STEPS = int(field("steps").limits[1] or 0)


class RunDesk(QObject):
    """Opens, compares, names, copies and throws away the runs of one window; without a `library` none is listed.

    Its methods raise GradvizError for what the person can put right.
    """

    def __init__(self, window: MainWindow, library: Library | None) -> None:
        super().__init__(window)
        self._window, self._library = window, library
        self.panel = RunsPanel()
        self.comparisons: list[ComparisonWindow] = []
        self._open = OpenRuns(window.say)
        self._removal = Removal(library, self.panel)
        self._races: list[RaceSession] = []
        self._listing = LibraryThread(library, self)
        self._listing.listed.connect(self.panel.show_runs)
        self._listing.failed.connect(window.errors.report)
        if library is None:
            self.panel.show_runs([])
        self._clock = QTimer(self)
        self._clock.setInterval(LIST_PERIOD_MS)
        self._clock.timeout.connect(self.list_anew)
        self._clock.start()
        self._do: dict[str, Callable[[list[Listed]], object]] = {
            "open": lambda runs: self.open(runs[0].path),
            "compare": lambda runs: self.compare(runs),
            "experiment": lambda runs: self._put_on_form(runs[0]),
            "go_on": lambda runs: self.ask_and_go_on(runs[0]),
            "save": lambda runs: self.ask_and_save(runs[0].path),
            "folder": lambda runs: self._show_folder(runs[0].path),
            "delete": lambda runs: self.delete([run.path for run in runs]),
        }
        self.panel.wanted.connect(lambda name, runs: window.commands.guarded(lambda: self._do[name](runs)))
        self.panel.renamed.connect(lambda path, name: self._listing.do(partial(rename, path, name)))
        self.panel.annotated.connect(lambda path, note: self._listing.do(partial(annotate, path, note)))
        self.panel.undo_wanted.connect(lambda: window.commands.guarded(self.undo))

    def list_anew(self) -> None:
        """Have the list follow what is on disk, if anybody sees it."""
        # a panel behind another one counts as visible
        if not self.panel.visibleRegion().isEmpty():
            self._listing.ask()

    def look_at_list(self, seen: bool) -> None:
        """Have a fresh list for who brings the panel to the front."""
        if seen:
            self._listing.ask()

    def show_training(self, training: bool) -> None:
        """Let the list follow a run that has begun or ended, and comparisons stop where nothing moves any more."""
        self.list_anew()
        if not training:
            racing = any(session.running for session in self._races)
            for comparison in self.comparisons:
                comparison.go_live(racing)

    def ask_and_open(self) -> None:
        """Let the person pick a run and show it."""
        folder = str(self._window.settings.export_folder)
        name, _ = QFileDialog.getOpenFileName(self._window, "Open run", folder, RUN_KINDS)
        if name:
            self.open(Path(name))
            self._window.settings.export_folder = Path(name).parent

    def open(self, path: Path) -> None:
        """Show a run on the board, beside the one that was there; the form stays as it is."""
        window = self._window
        path = path.absolute()
        if window.run.phase.busy:
            if path == window.run.path and window.run.history is not None:
                window.show_run(window.run.history)
            else:
                self._ask_to_stop(path)
            return
        if window.follow_desk.is_being_recorded(path):
            window.follow_desk.follow(path)
            return
        history = self._open.history(path)
        self.remember(path)
        window.commands.keep_for_comparison()
        if window.previous is history:
            window.previous = None
        window.run.bring_back(history, ending=self._open.ending(path))
        window.show_run(history)
        window.transport.show_phase(window.run.phase, window.run)
        window.say(f"Opened {path.name}; the form is as it was")
        self._close_unseen()
        self.list_anew()

    def remember(self, path: Path) -> None:
        """List a run that lies elsewhere; that it cannot be noted down is said, and keeps nobody from looking at it."""
        if self._library is not None:
            self._window.commands.guarded(partial(self._library.remember, path))

    def compare(self, runs: Sequence[Listed]) -> None:
        """Open a window that shows these runs side by side, the oldest first."""
        ordered = sorted(runs, key=lambda run: run.began)
        names, histories = map(run_words.name_of, ordered), [self._history(run.path) for run in ordered]
        compared = shown_runs(list(names), histories)
        self.show_comparison(compared, live=any(self._live(run.path) is not None for run in runs))

    def show_comparison(self, runs: Sequence[ShownRun], *, live: bool) -> ComparisonWindow:
        """Show these runs in a comparison of their own."""
        comparison = ComparisonWindow(self._window.settings, self._window.commands.guarded)
        comparison.show_runs(runs, self._window.board.heatmap.quantity.currentData() or "")
        comparison.apply_style(self._window.style_now)
        comparison.go_live(live)
        comparison.closed.connect(partial(self._forget, comparison))
        self.comparisons.append(comparison)
        comparison.show()
        return comparison

    def ask_and_race(self, base: Experiment) -> None:
        """Let the person choose variants of `base` and race them."""
        dialog = RaceDialog(base, self._window)
        dialog.accepted.connect(lambda: self.race(dialog.experiments()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def race(self, experiments: Sequence[Experiment]) -> None:
        """Train these experiments in turn, and show them side by side once all have begun."""
        session = RaceSession(experiments, self._library, self)
        session.began.connect(partial(self._show_race, session))
        session.trouble.connect(lambda text: self._window.errors.report(Failure(text)))
        session.failed.connect(self._window.errors.report)
        session.ended.connect(partial(self._end_race, session))
        self._races.append(session)
        session.start()
        self.show_training(True)
        self._window.say("The networks of the race are being built")

    def ask_and_save(self, path: Path) -> None:
        """Let the person name a file and copy the run into it."""
        suggested = str(self._window.settings.export_folder / path.name)
        name, _ = QFileDialog.getSaveFileName(self._window, "Save run as", suggested, RUN_KINDS)
        if name:
            self.save(path, Path(name))

    def save(self, path: Path, target: Path) -> None:
        """Copy a run into a file of its own."""
        saved = save_run(path, target, self._window)
        if saved is None:
            self._window.say("Cancelled; nothing was written")
        else:
            self._window.settings.export_folder = saved.parent
            self._window.say(f"Saved {saved}")

    def shown_path(self) -> Path | None:
        """Return the file of the run on the board; None if it is kept in none."""
        window = self._window
        shown = window.board.history if window.furnished else None
        if shown is None:
            return None
        return self._open.path_of(shown) or (window.run.path if shown is window.run.history else None)

    def ask_and_go_on(self, run: Listed) -> None:
        """Go on with a run; ask up to which step where it has made all that it was meant to make."""
        assert run.info is not None
        if run.info.ending != "finished":
            self.go_on(run.path)
            return
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("Continue training")
        dialog.setLabelText(f"{run_words.name_of(run)} has made its {run.info.frames - 1:,} steps. Go on up to step")
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(run.info.frames, MOST_STEPS)
        dialog.setIntValue(min(2 * (run.info.frames - 1), MOST_STEPS))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.intValueSelected.connect(
            lambda steps: self._window.commands.guarded(lambda: self.go_on(run.path, steps))
        )
        dialog.open()

    def go_on(self, path: Path, steps: int | None = None) -> None:
        """Go on training a run from its last checkpoint, on the board and in its file."""
        window = self._window
        before, same = window.run.history, self.shown_path() == path
        window.preview.cancel()
        window.run.go_on(path, steps)
        # what is gone on with is no other run to compare with
        if before is not None and before.frames > 1 and not same:
            window.previous = before

    def delete(self, paths: list[Path]) -> None:
        """Move runs into the trash, from where `undo` brings them back."""
        run = self._window.run
        under_way = {run.path} if run.phase.busy else set()
        if any(path in under_way or self._raced(path) is not None for path in paths):
            self._removal.refuse("This run is still being recorded; stop it first.")
            return
        self._removal.delete(paths)
        self._listing.ask()

    def undo(self) -> None:
        """Take the last deletion back."""
        self._removal.undo()
        self._listing.ask()

    def apply_style(self, style: Style) -> None:
        """Recolour list and comparisons."""
        self.panel.apply_style(style)
        for comparison in self.comparisons:
            comparison.apply_style(style)

    def stop(self) -> bool:
        """End races and threads and close the comparisons; return whether all have ended."""
        self._clock.stop()
        self.panel.take_typed()
        for session in self._races:
            session.stop()
        for comparison in list(self.comparisons):
            comparison.close()
        self._listing.end()
        ended = [session.wait(LONGEST_STEP_MS) for session in self._races]
        return all(ended) and (not self._listing.isRunning() or self._listing.wait(LONGEST_STEP_MS))

    def close_files(self) -> None:
        """Let go of every file; nothing may be drawn any more."""
        self._open.close()

    def _history(self, path: Path) -> History:
        return self._live(path) or self._open.history(path)

    def _live(self, path: Path) -> History | None:
        """Return what the window has of a run that it records itself."""
        run = self._window.run
        if path == run.path and run.history is not None:
            return run.history
        return self._raced(path)

    def _raced(self, path: Path) -> History | None:
        """Return what a race that is under way records into that file."""
        racing = (session.history(path) for session in self._races)
        return next((history for history in racing if history is not None), None)

    def _put_on_form(self, run: Listed) -> None:
        assert run.info is not None
        assert run.info.experiment is not None
        self._window.set_experiment(run.info.experiment)
        self._window.say(f"Set up the experiment of {run_words.name_of(run)}; Ctrl+Z takes it back")

    def _show_folder(self, path: Path) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    def _ask_to_stop(self, path: Path) -> None:
        """Ask whether the run under way is to end for another to be shown."""
        window = self._window
        box = QMessageBox(QMessageBox.Icon.Question, "A run is under way", "", parent=window)
        box.setText(f"Stop the run under way and open {path.name}?")
        box.setInformativeText(
            "What was recorded stays, and can be gone on with. To see both, select them and compare."
        )
        stop = box.addButton("&Stop and open", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        stop.clicked.connect(partial(self._open_once_stopped, path))
        box.open()

    def _open_once_stopped(self, path: Path) -> None:
        guarded = self._window.commands.guarded
        # it may have come to its end by itself meanwhile
        self._window.run.stop_then(lambda: guarded(lambda: self.open(path)))

    def _show_race(self, session: RaceSession, runs: tuple[ShownRun, ...]) -> None:
        comparison = self.show_comparison(runs, live=True)
        comparison.setWindowTitle(f"Race: {' | '.join(run.name for run in runs)}")
        controls = RaceControls(session)
        comparison.lead_with(controls, (controls.pause, controls.step, controls.stop))
        # nobody would see any more how to stop it
        comparison.closed.connect(session.stop)
        self.list_anew()

    def _end_race(self, session: RaceSession) -> None:
        if session in self._races:
            self._races.remove(session)
        self.show_training(self._window.run.phase.busy)

    def _forget(self, comparison: ComparisonWindow) -> None:
        if comparison in self.comparisons:
            self.comparisons.remove(comparison)
            comparison.deleteLater()
            self._close_unseen()

    def _close_unseen(self) -> None:
        window = self._window
        shown = [window.board.history, window.board.reference, window.previous, window.run.history]
        shown += [window.board.profile.history]
        shown += [run.history for comparison in self.comparisons for run in comparison.runs]
        self._open.keep_only([history for history in shown if history is not None])
