"""The program as a process: shown before torch is imported, left in order, and kind to Python's own objects."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from gradviz.app.application import Documents, application
from gradviz.cli import main

ENDS_S = 120
# about 570 emissions abort Python 3.11 under a PySide6 that loses a reference to True at each
EMISSIONS = 100

PROGRAM = """
import sys
from pathlib import Path
from gradviz.app import application as program

program.application()
from PySide6.QtCore import QTimer
from gradviz.app.main_window import MainWindow
from gradviz.app.session.session import Session
from gradviz.app.settings import Settings
from gradviz.experiment import Experiment
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.recording.runs.library import Library
{body}
status = program.open_window(
    Experiment(depth=4, width=4, steps={steps}, device="cpu"), {start}, Settings(Path(sys.argv[1])),
    Library(Path(sys.argv[1]).with_name("runs")),
)
print("status", status)
"""

# says at the heatmap's first paint and at the beginning of the work behind the window whether torch is there
WATCH_IMPORTS = """
paint, begin = HeatmapPlot.paintEvent, Session.begin

def first_paint(self, event):
    if HeatmapPlot.paintEvent is first_paint:
        HeatmapPlot.paintEvent = paint
        print("painted", "torch" in sys.modules)
    paint(self, event)

def background_work(self):
    print("begins", "torch" in sys.modules)
    begin(self)
    self.preview.previewed.connect(lambda history: (print("previewed", history.frames), self.parent().close()))

HeatmapPlot.paintEvent, Session.begin = first_paint, background_work
"""

CLOSE_AT_THE_END = """
begin = Session.begin

def background_work(self):
    begin(self)
    close = self.parent().close
    self.run.phase_changed.connect(lambda phase: (print(phase.value), phase.busy or QTimer.singleShot(0, close)))

Session.begin = background_work
"""

SAY_WHEN_TRAINING = """
begin = Session.begin

def background_work(self):
    begin(self)
    self.run.began.connect(lambda history: print("trains", flush=True))

Session.begin = background_work
"""


SAY_WHAT_A_BOX_SAYS = """
sys.path.append(str(Path(sys.argv[1]).parent))
begin = Session.begin

def background_work(self):
    begin(self)
    errors = self.parent().errors

    def read():
        if errors.box is None:
            QTimer.singleShot(20, read)
            return
        print(errors.box.text(), errors.box.informativeText())
        errors.box.accept()
        self.parent().close()

    read()

Session.begin = background_work
"""


OPEN_RECORDED = """
import functools
program.open_window = functools.partial(program.open_window, recorded=Path(sys.argv[1]).with_name("run.gradviz"))
open_file = MainWindow.open_file

def opened(self, path):
    open_file(self, path)
    print(path.name, self.board.history.frames, self.session.run.phase.value)
    QTimer.singleShot(0, self.close)

MainWindow.open_file = opened
"""


def program(tmp_path: Path, body: str, *, start: bool, steps: int = 3) -> subprocess.Popen[str]:
    text = PROGRAM.format(body=body, start=start, steps=steps)
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-c", text, str(tmp_path / "settings.ini")]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )


def output(process: subprocess.Popen[str]) -> list[str]:
    out, errors = process.communicate(timeout=ENDS_S)
    complaints = [line for line in errors.splitlines() if "propagateSizeHints" not in line]
    assert complaints == []
    assert process.returncode == 0
    return out.splitlines()


@pytest.mark.slow
def test_the_window_is_painted_before_torch_is_imported(tmp_path: Path) -> None:
    lines = output(program(tmp_path, WATCH_IMPORTS, start=False))
    assert lines == ["painted False", "begins False", "previewed 1", "status 0"]


@pytest.mark.slow
def test_somebody_elses_package_of_the_same_name_is_said_in_a_box(tmp_path: Path) -> None:
    about = tmp_path / "gradviz-0.1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: gradviz\nVersion: 0.1.2\n")
    lines = output(program(tmp_path, SAY_WHAT_A_BOX_SAYS, start=False))
    assert lines[-1] == "status 0"
    [said] = lines[:-1]
    assert "0.1.2" in said
    assert "pip uninstall gradviz" in said


@pytest.mark.slow
def test_training_begins_with_the_window_where_that_is_asked_for(tmp_path: Path) -> None:
    lines = output(program(tmp_path, CLOSE_AT_THE_END, start=True))
    assert lines == ["starting", "training", "finished", "status 0"]
    assert "depth" in (tmp_path / "settings.ini").read_text()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT from another process")
def test_an_interrupt_in_the_terminal_closes_the_window_in_order(tmp_path: Path) -> None:
    process = program(tmp_path, SAY_WHEN_TRAINING, start=True, steps=0)
    assert process.stdout is not None
    assert process.stdout.readline() == "trains\n"
    process.send_signal(signal.SIGINT)
    assert output(process) == ["status 130"]
    assert (tmp_path / "settings.ini").exists()


@pytest.mark.slow
def test_the_window_opens_on_a_recorded_run(tmp_path: Path) -> None:
    arguments = ["run", "--steps", "7", "--set", "depth=3", "--set", "width=4", "--set", "device=cpu"]
    assert main([*arguments, "--out", str(tmp_path / "run.gradviz")]) == 0
    lines = output(program(tmp_path, OPEN_RECORDED, start=False))
    # seven steps and the network as initialised
    assert lines == ["run.gradviz 8 finished", "status 0"]


def test_what_the_desktop_hands_over_is_opened(qapp: QApplication, tmp_path: Path) -> None:
    opened: list[Path] = []
    documents, receiver = Documents(opened.append), QObject()
    receiver.installEventFilter(documents)
    event = QFileOpenEvent(QUrl.fromLocalFile(str(tmp_path / "ein Lauf.gradviz")))
    assert QApplication.sendEvent(receiver, event)
    assert opened == [tmp_path / "ein Lauf.gradviz"]


@pytest.mark.slow
def test_importing_the_window_imports_no_torch() -> None:
    code = "import gradviz.app.main_window, sys; print('torch' in sys.modules, 'matplotlib' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=ENDS_S, check=True)
    assert result.stdout.split() == ["False", "False"]


def test_the_application_is_made_once(qapp: QApplication) -> None:
    assert application() is qapp


class Emitter(QObject):
    plain = Signal()
    carrying = Signal(object)


def test_emitting_a_signal_leaves_the_references_to_true_where_they_were(qapp: object) -> None:
    """PySide6 6.12.0 on Python 3.11 drops one at every emission, and the process aborts after some hundreds."""
    emitter = Emitter()
    seen: list[object] = []
    emitter.carrying.connect(seen.append)
    emitter.plain.connect(lambda: seen.append(None))
    before = sys.getrefcount(True)
    for number in range(EMISSIONS):
        emitter.plain.emit()
        emitter.carrying.emit(number)
    after = sys.getrefcount(True)
    assert len(seen) == 2 * EMISSIONS
    assert abs(after - before) < 10
