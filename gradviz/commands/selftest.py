"""`gradviz selftest`: the real window, painted offscreen, trains, exports and closes once.

It checks that an installation or a bundle is complete: Qt and its plugins, torch, the data, the worker threads, the
exports.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMessageLogContext, QObject, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from gradviz.app.application import application, open_window, visible_window
from gradviz.app.export.export_dialog import ExportRequest
from gradviz.app.help_pages import PAGES, page_text
from gradviz.app.session.phase import Phase
from gradviz.app.settings import Settings
from gradviz.diagnosis.rules import RULES
from gradviz.errors import GradvizError
from gradviz.experiment import Experiment, from_json
from gradviz.licences import third_party
from gradviz.plots.pages import images
from gradviz.recording.exports import tables
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library
from gradviz.recording.store import open_run

EXPERIMENT = Experiment(title="self-test", depth=6, width=8, batch_size=64, steps=5, evaluate_every=5, device="cpu")
TRAINING_LIMIT_MS = 120_000
LAST_DRAWN_MS = 500
FEWEST_COLOURS = 20
# offscreen, Qt says so of every window
NO_NEWS = "This plugin does not support propagateSizeHints()"


class SelftestError(GradvizError):
    """A check of the self-test failed."""


def selftest(screenshot: Path | None = None) -> int:
    """Print `selftest ok` and return 0, or print what does not work on one line and return 1.

    `screenshot` is written after training.
    """
    application()
    with tempfile.TemporaryDirectory(prefix="gradviz-selftest-") as folder, _process_as_before():
        visitor = Visitor(Path(folder), screenshot)
        QTimer.singleShot(0, visitor.arrive)
        settings, library = Settings(Path(folder) / "settings.ini"), Library(Path(folder) / "runs")
        open_window(EXPERIMENT, start=True, settings=settings, library=library)
    if visitor.complaint:
        sys.stderr.write(f"gradviz selftest failed: {visitor.complaint}\n")
        return 1
    print("selftest ok")
    return 0


class Visitor(QObject):
    """Waits for the run of the open window to end, exports into `folder`, reads back and closes the window.

    `complaint` says what does not work; it is empty once everything worked.
    """

    def __init__(self, folder: Path, screenshot: Path | None) -> None:
        super().__init__()
        self.complaint = "the window did not stay open"
        self._folder, self._screenshot = folder, screenshot
        self._leaving = False
        self._ended = Phase.IDLE
        self._limit = QTimer(self, singleShot=True, interval=TRAINING_LIMIT_MS)

    def arrive(self) -> None:
        """Start waiting; called once the event loop runs."""
        self._window = visible_window()
        self._window.session.run.failed.connect(lambda failure: self._leave(f"training failed: {failure.message}"))
        self._window.session.run.phase_changed.connect(self._phase_changed)
        self._limit.timeout.connect(lambda: self._leave("training does not end"))
        self._limit.start()

    def _phase_changed(self, phase: Phase) -> None:
        # a failure has its own signal, and closing stops what still runs
        if phase.busy or phase is Phase.FAILED or self._leaving:
            return
        self._ended = phase
        # for the picture, wait until the last step is drawn
        QTimer.singleShot(0 if self._screenshot is None else LAST_DRAWN_MS, self._judge)

    def _judge(self) -> None:
        try:
            _require(self._ended is Phase.FINISHED, f"training is {self._ended.value}, not finished")
            self._look()
            if self._screenshot is not None:
                self._take(self._screenshot)
        except GradvizError as error:
            self._leave(str(error))
        except Exception as error:
            self._leave(f"{type(error).__name__}: {error}")
        else:
            self._leave("")

    def _leave(self, complaint: str) -> None:
        self._leaving = True
        self.complaint = complaint
        # the window closes after the calling handler returned
        QTimer.singleShot(0, self._window.close)
        QTimer.singleShot(0, QApplication.quit)

    def _look(self) -> None:
        window = self._window
        history = window.session.shown.history
        if history is None:
            raise SelftestError("the window shows no run")
        _check_history(history)
        _check_recording(window.session.run.path, history)
        _require("GNU LESSER GENERAL PUBLIC LICENSE" in third_party(), "third-party licences are missing")
        _require(len(RULES) > 0, "the rules of the diagnosis are missing")
        _require(all(page_text(name).startswith("# ") for name in PAGES), "the help pages are missing")
        for name, check in _EXPORTS.items():
            path = self._folder / name
            what = "data" if path.suffix == ".npz" else "board"
            window.exporter.carry_out(ExportRequest(what, path, scale=1), window.style_now)
            check(path, history)

    def _take(self, path: Path) -> None:
        window = self._window
        on_screen = QApplication.platformName() != "offscreen"
        # what the display really shows; offscreen, what the window paints
        picture = window.screen().grabWindow(window.winId()) if on_screen else window.grab()
        _require(picture.save(str(path)), f"{path} cannot be written")
        _require(_colours(picture.toImage()) >= FEWEST_COLOURS, "the window shows nothing")


def _check_history(history: History) -> None:
    _require(
        history.frames == EXPERIMENT.training.steps + 1,
        f"{history.frames} frames instead of {EXPERIMENT.training.steps + 1}",
    )
    _require(np.isfinite(history.losses()[1]).all(), "the loss is not finite")
    for quantity in history.quantities:
        row = history.row(quantity.name, EXPERIMENT.training.steps)
        _require(row is not None and np.isfinite(row).all(), f"{quantity.name} is not finite")


def _check_recording(path: Path | None, history: History) -> None:
    if path is None:
        raise SelftestError("the run is not recorded")
    with open_run(path) as run:
        _require(np.array_equal(run.history.losses()[1], history.losses()[1]), "the recording holds another loss")
        _require(run.info.ending == "finished", f"the recording says that the run is {run.info.ending}")


def _check_png(path: Path, _history: History) -> None:
    image = QImage(str(path))
    _require(not image.isNull(), "the PNG cannot be read back")
    colours = _colours(image)
    _require(colours >= FEWEST_COLOURS, f"the PNG has only {colours} colours: nothing was drawn")
    _check_experiment(images.read_experiment(path), "PNG")


def _colours(image: QImage) -> int:
    return len({image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)})


def _check_pdf(path: Path, _history: History) -> None:
    content = path.read_bytes()
    _require(content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF"), "the PDF is not a PDF")
    _require(b"/FontFile2" in content, "the PDF contains no text: no font was found")


def _check_svg(path: Path, _history: History) -> None:
    try:
        words = " ".join(ElementTree.parse(path).getroot().itertext())
    except ElementTree.ParseError as error:
        raise SelftestError(f"the SVG cannot be read back: {error}") from error
    _require("layer" in words, "the SVG contains no text: no font was found")
    _check_experiment(images.read_experiment(path), "SVG")


def _check_npz(path: Path, history: History) -> None:
    with np.load(path, allow_pickle=False) as arrays:
        _require(np.array_equal(arrays["loss"], history.losses()[1]), "the NPZ holds another loss")
        name = history.quantities[0].name
        shape = (history.frames, len(history.started.rows))
        _require(arrays[name].shape == shape, f"{name} in the NPZ has shape {arrays[name].shape} instead of {shape}")
    _check_experiment(tables.read_experiment(path), "NPZ")


def _check_experiment(text: str | None, form: str) -> None:
    _require(text is not None and from_json(text) == EXPERIMENT, f"the {form} does not carry the experiment")


@contextmanager
def _process_as_before() -> Iterator[None]:
    """Drop expected Qt messages; restore the hooks that the window replaces."""

    def pass_on(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if text != NO_NEWS:
            sys.stderr.write(f"Qt: {text}\n")

    excepthook, on_interrupt = sys.excepthook, signal.getsignal(signal.SIGINT)
    messages = qInstallMessageHandler(pass_on)
    try:
        yield
    finally:
        qInstallMessageHandler(messages)
        signal.signal(signal.SIGINT, on_interrupt)
        sys.excepthook = excepthook


def _require(holds: bool | np.bool_, complaint: str) -> None:
    if not holds:
        raise SelftestError(complaint)


_EXPORTS: dict[str, Callable[[Path, History], None]] = {
    "board.png": _check_png,
    "board.svg": _check_svg,
    "board.pdf": _check_pdf,
    "run.npz": _check_npz,
}
