"""What every test gets: an offscreen Qt unless `--headed`, garbage collected in its place, no thread left behind."""

import gc
import itertools
import os
import random
import sys
from collections.abc import Iterator
from types import FrameType

import pytest

THREAD_ENDS_MS = 20_000
TESTS_BETWEEN_FULL_COLLECTIONS = 100
# tqdm keeps one thread for as long as the process lives
NOT_OURS = ("tqdm",)

_tests = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--headed", action="store_true", help="show the windows instead of painting them offscreen")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
    if not config.getoption("--headed"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if hasattr(config, "workerinput"):
        # as many workers as cores: each, and each program that its tests start, keeps to one core
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    elif config.getoption("numprocesses", None):
        # another one every time, but the same for all workers: they have to collect the same tests in the same order
        os.environ.setdefault("PYTHONHASHSEED", str(random.randrange(1, 2**32)))
    # automatic collection would destroy the widgets of a former test in whichever thread the present one has running,
    # and crash the process; see gradviz/app/garbage.py
    gc.disable()


def pytest_report_header() -> str:
    return f"PYTHONHASHSEED={os.environ.get('PYTHONHASHSEED', 'random')}"


@pytest.fixture(scope="session", autouse=True)
def folder_of_trained_runs(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One folder for all workers, which have their own below that of the session; see trained_runs.py."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained-runs"
    folder.mkdir(exist_ok=True)
    os.environ["GRADVIZ_TRAINED_RUNS"] = str(folder)


@pytest.fixture(autouse=True)
def garbage_collected_here() -> Iterator[None]:
    # before, not after: pytest holds on to what a test had until its teardown is over
    gc.collect(2 if next(_tests) % TESTS_BETWEEN_FULL_COLLECTIONS == 0 else 1)
    yield
    if "PySide6.QtWidgets" in sys.modules:
        _delete_widgets()


@pytest.fixture(autouse=True)
def no_dangling_thread(request: pytest.FixtureRequest, garbage_collected_here: None) -> Iterator[None]:
    """Fail a test after which a thread still executes Python, whether of Qt's or of Python's kind."""
    before = set(sys._current_frames())
    yield
    left = {thread: frame for thread, frame in sys._current_frames().items() if thread not in before}
    places = [place for frame in left.values() if not any(name in (place := _origin(frame)) for name in NOT_OURS)]
    if places:
        _end_qt_threads()
    assert not places, f"{request.node.name} left threads running: {'; '.join(places)}"


def _delete_widgets() -> None:
    """Do now what pytest-qt leaves to an event loop that a later test may run, or none."""
    from PySide6.QtCore import QCoreApplication, QEvent

    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _origin(frame: FrameType) -> str:
    """Name the place where a thread began."""
    while frame.f_back is not None:
        frame = frame.f_back
    code = frame.f_code
    return f"{code.co_name} of {code.co_filename}"


def _end_qt_threads() -> None:
    """End what is left, because a QThread that is destroyed while it runs would abort every test after this one."""
    from PySide6.QtCore import QThread
    from shiboken6 import isValid

    # by type, not isinstance: some objects in torch answer every look at their attributes with a warning
    for thread in (item for item in gc.get_objects() if issubclass(type(item), QThread)):
        # a thread of an earlier test may be gone, and only its Python side not collected yet
        if isValid(thread) and thread.isRunning():
            for end in ("end", "requestInterruption"):
                if hasattr(thread, end):
                    getattr(thread, end)()
            if hasattr(thread, "control"):
                thread.control.stop()
            thread.wait(THREAD_ENDS_MS)
