"""A monkey at the window: seeded random orders to the session and random events of mouse, keyboard, drag and resize.

It keeps what goes wrong: exceptions in any thread, defects that the window reports, and whatever Qt has to say.
"""

from __future__ import annotations

import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QtMsgType, QUrl, qInstallMessageHandler
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QDialog, QMenu, QWidget

from gradviz.app.export.export_dialog import ExportRequest
from gradviz.app.failure import Failure
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.settings import Settings
from gradviz.errors import GradvizError
from gradviz.experiment import Experiment
from gradviz.recording.runs.library import Library

SMALL = Experiment(depth=3, width=4, batch_size=16, steps=6, evaluate_every=3, device="cpu")
CHANGES: dict[str, tuple[object, ...]] = {
    "depth": (1, 2, 5, 9),
    "width": (2, 4, 6),
    "activation": ("sigmoid", "tanh", "relu", "gelu"),
    "shortcut": ("none", "scaled", "identity"),
    "normalization": ("none", "batch"),
    "learning_rate": (1e-3, 0.1, 1e4),
    "optimizer": ("sgd", "adam"),
    "steps": (0, 1, 6, 40),
    "data": ("digits", "moons", "spirals"),
    "precision": ("float32", "float64"),
    "seed": (0, 1, 2),
}
# Qt's words for what its offscreen platform cannot do
EXPECTED = ("This plugin does not support",)
# these ask the system for a file, or end the program
LEFT_ALONE = {"open", "save", "quit", "open_run", "follow", "save_run", "report", "open_lesson", "race", "data"}
KEYS = (
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Up,
    Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_5, Qt.Key.Key_A, Qt.Key.Key_Return, Qt.Key.Key_F2,
)  # fmt: skip
ENDS_MS = 20_000


class Monkey:
    """Acts on a window of its own with its own settings and library in `folder`. `close` it in the end."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.troubles: list[str] = []
        self.done: Counter[str] = Counter()
        self._folder = folder
        self._settings = Settings(folder / "settings.ini")
        self._settings.export_folder = folder
        self._last = ""
        self._recipe = folder / "dropped.toml"
        self._recipe.write_text('title = "dropped"\ndepth = 2\nwidth = 4\nsteps = 3\ndevice = "cpu"\n')
        self.window = self._open()
        self._acts: tuple[tuple[int, Callable[[], object]], ...] = (
            (12, self.change), (8, self.start), (6, self.steer), (8, self.scrub), (8, self.look), (4, self.command),
            (10, self.click), (8, self.drag), (8, self.wheel), (12, self.press), (4, self.resize), (3, self.drop),
            (2, self.export), (2, self.compare), (1, self.race), (3, self.open_run), (3, self.dismiss), (2, self.undo),
        )  # fmt: skip

    def act(self, times: int) -> None:
        """Do so many random things."""
        weights = [weight for weight, _ in self._acts]
        for _ in range(times):
            (_, act) = self.random.choices(self._acts, weights)[0]
            self._last = act.__name__
            self.done[self._last] += 1
            # what a person can put right is said to them
            with suppress(GradvizError):
                act()
            self._settle(self.random.choice((0, 0, 2, 10)))

    def reopen(self) -> None:
        """Close the window and open another one with the same settings."""
        self.done["reopen"] += 1
        self.close()
        self.window = self._open()

    def close(self) -> None:
        """Close the window and all that belongs to it."""
        self._close_popups()
        window = self.window
        if not window.close():
            self.troubles.append("the window did not close")
        window.deleteLater()
        self._settle(0)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep every exception and every word of Qt meanwhile."""
        before = sys.excepthook, threading.excepthook
        handler = qInstallMessageHandler(self._qt_says)
        sys.excepthook = lambda _kind, error, _traceback: self._note(_where(error))
        threading.excepthook = lambda args: self._note(_where(args.exc_value))
        try:
            yield
        finally:
            sys.excepthook, threading.excepthook = before
            qInstallMessageHandler(handler)

    # orders to the session

    def change(self) -> None:
        """Change one field."""
        name = self.random.choice(list(CHANGES))
        experiment = self.window.session.experiment
        try:
            self.window.session.set(experiment.changed(**{name: self.random.choice(CHANGES[name])}))
        except GradvizError:
            return

    def start(self) -> None:
        """Start, step, or start paused."""
        session = self.window.session
        self.random.choice((session.start, session.start, partial(session.start, paused=True), session.single_step))()

    def steer(self) -> None:
        """Pause, stop, reset, swap, preview."""
        session = self.window.session
        self.random.choice(
            (
                session.run.pause_or_resume, session.run.stop, session.run.stop, session.reset, session.swap,
                session.display.toggle_preview, session.display.show_preview, session.adopt, session.run.step,
            )
        )()  # fmt: skip

    def scrub(self) -> None:
        """Pick steps and rows, play and pause."""
        window = self.window
        display, playback = window.session.display, window.board.playback
        history = window.board.history
        frames = history.frames if history is not None else 0
        match self.random.randrange(5):
            case 0:
                display.pick_step(None)
            case 1 if frames:
                playback.play() if self.random.random() < 0.5 else playback.pause()
            case 2 if history is not None:
                display.pick_row(self.random.randint(1, len(history.started.rows)))
            case _ if frames:
                display.pick_step(self.random.randrange(frames))

    def look(self) -> None:
        """Choose something in a box that is on screen."""
        boxes = [each for each in self.window.findChildren(QComboBox) if each.isVisible() and each.isEnabled()]
        boxes += [self.window.board.panel(HeatmapPanel).scale.choice]
        box = self.random.choice(boxes)
        if box.count():
            box.setCurrentIndex(self.random.randrange(box.count()))

    def command(self) -> None:
        """Trigger a command that applies."""
        actions = {name: each for name, each in self.window.actions_by_name.items() if name not in LEFT_ALONE}
        able = [action for action in actions.values() if action.isEnabled()]
        self.random.choice(able).trigger()

    def undo(self) -> None:
        """Undo or redo an edit."""
        edits = self.window.session.edits
        self.random.choice((edits.undo, edits.redo))()

    def export(self) -> None:
        """Write a picture or a table."""
        window = self.window
        what = self.random.choice([*window.exporter.subjects()])
        suffix = self.random.choice(("csv", "npz")) if what == "data" else self.random.choice(("png", "svg", "pdf"))
        window.exporter.carry_out(ExportRequest(what, self._folder / f"export.{suffix}", 1), window.style_now)

    def compare(self) -> None:
        """Compare runs, or close what is compared."""
        runs = [run for run in self.window.run_list.panel.model.runs if run.info is not None and run.info.frames]
        if len(runs) > 1 and self.random.random() < 0.4:
            self.window.session.comparisons.compare(self.random.sample(runs, 2))
        else:
            self.window.comparisons.close()

    def race(self) -> None:
        """Race two variants."""
        first = SMALL.changed(title="first")
        self.window.session.race([first, first.changed(title="second", shortcut="scaled")])

    def open_run(self) -> None:
        """Show a run of the library."""
        runs = [run for run in self.window.run_list.panel.model.runs if run.info is not None]
        if runs:
            self.window.open_file(self.random.choice(runs).path)

    # events

    def click(self) -> None:
        """Press a button of the mouse somewhere."""
        widget = self._widget()
        if not isinstance(widget, QAbstractButton) or self._harmless(widget):
            button = Qt.MouseButton.RightButton if self.random.random() < 0.15 else Qt.MouseButton.LeftButton
            QTest.mouseClick(widget, button, pos=self._place(widget))

    def drag(self) -> None:
        """Move the mouse with its button held."""
        widget = self._widget()
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=self._place(widget))
        for _ in range(3):
            QTest.mouseMove(widget, self._place(widget))
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=self._place(widget))

    def wheel(self) -> None:
        """Turn the wheel."""
        widget = self._widget()
        place = QPointF(self._place(widget))
        angle = QPoint(0, self.random.choice((-480, -120, 120, 480)))
        event = QWheelEvent(
            place, QPointF(widget.mapToGlobal(place.toPoint())), QPoint(), angle, Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)

    def press(self) -> None:
        """Press a key."""
        focus = QApplication.focusWidget() or self.window
        if isinstance(focus, QAbstractButton) and not self._harmless(focus):
            return
        QTest.keyClick(focus, self.random.choice(KEYS))

    def resize(self) -> None:
        """Give the window another size."""
        self.window.resize(self.random.randint(400, 2000), self.random.randint(300, 1300))

    def drop(self) -> None:
        """Drag a file over the window, and drop it or leave."""
        window = self.window
        handle = window.windowHandle()
        if handle is None or QApplication.activeModalWidget() is not None:
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self.random.choice((self._recipe, self._folder / "nothing.txt"))))])
        where, left, none = self._place(window), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        copy = Qt.DropAction.CopyAction
        QApplication.sendEvent(handle, QDragEnterEvent(where, copy, data, left, none))
        for _ in range(self.random.randint(0, 4)):
            where = self._place(window)
            QApplication.sendEvent(handle, QDragMoveEvent(where, copy, data, left, none))
        if self.random.random() < 0.5:
            QApplication.sendEvent(handle, QDragLeaveEvent())
        else:
            QApplication.sendEvent(handle, QDropEvent(QPointF(where), copy, data, left, none))

    def dismiss(self) -> None:
        """Close dialogs, menus and other windows."""
        self._close_popups()

    def _open(self) -> MainWindow:
        window = MainWindow(SMALL, self._settings, library=Library(self._folder / "runs"))
        window.session.failed.connect(self._failed)
        window.resize(1280, 720)
        window.show()
        window.session.begin()
        self._settle(0)
        return window

    def _widget(self) -> QWidget:
        """Return something on screen, and not seldom one of the plots."""
        if self.random.random() < 0.5:
            plots = [plot.viewport() for plot in self.window.board.plots().values() if plot.isVisible()]
            if plots:
                return self.random.choice(plots)
        seen = [each for each in self.window.findChildren(QWidget) if each.isVisible() and not each.isWindow()]
        return self.random.choice(seen)

    def _harmless(self, button: QAbstractButton) -> bool:
        """Whether a button opens no dialog of the system, which would wait for an answer."""
        return "…" not in button.text() and "rowse" not in button.text()

    def _place(self, widget: QWidget) -> QPoint:
        return QPoint(self.random.randrange(max(widget.width(), 1)), self.random.randrange(max(widget.height(), 1)))

    def _close_popups(self) -> None:
        for each in QApplication.topLevelWidgets():
            if each is self.window or not each.isVisible():
                continue
            if isinstance(each, QDialog):
                each.reject()
            elif isinstance(each, QMenu) or each.windowType() is not Qt.WindowType.Desktop:
                each.close()

    def _settle(self, ms: int) -> None:
        end = time.monotonic() + ms / 1000
        QApplication.processEvents()
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.001)

    def _failed(self, failure: Failure) -> None:
        if failure.details:
            self._note(failure.details)

    def _qt_says(self, _kind: QtMsgType, _context: Any, text: str) -> None:
        if not any(words in text for words in EXPECTED):
            self._note(text)

    def _note(self, words: str) -> None:
        self.troubles.append(f"after {sum(self.done.values())} actions, {self._last}: {words}")


def _where(error: BaseException | None) -> str:
    return "".join(traceback.format_exception(error)) if error is not None else ""
