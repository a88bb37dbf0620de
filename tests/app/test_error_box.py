"""Failures become one readable box at a time, with the traceback a click away."""

import sys
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from gradviz.app.error_box import ErrorReporter
from gradviz.app.failure import Failure
from gradviz.errors import DataError


@pytest.fixture
def reporter(qtbot: QtBot) -> Iterator[ErrorReporter]:
    reporter = ErrorReporter()
    hook = sys.excepthook
    yield reporter
    sys.excepthook = hook
    while reporter.box is not None:
        reporter.box.done(0)


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_a_mistake_shows_its_message_and_no_traceback() -> None:
    failure = Failure.of(raised(DataError("row 3 has 5 cells where 9 are expected")))
    assert failure == Failure("row 3 has 5 cells where 9 are expected", "")


def test_a_defect_shows_a_sentence_and_keeps_the_traceback_behind_it(reporter: ErrorReporter) -> None:
    reporter.report(Failure.of(raised(ZeroDivisionError("division by zero"))))
    assert reporter.box is not None
    assert reporter.box.text() == "Something went wrong inside gradviz: ZeroDivisionError: division by zero"
    # the box does not say that a run has ended: defects come from elsewhere, too
    assert reporter.box.informativeText().strip() == "gradviz goes on."
    assert "in raised" in reporter.box.detailedText()


def test_boxes_come_one_at_a_time_in_order(reporter: ErrorReporter) -> None:
    for message in ("first", "second", "first"):
        reporter.report(Failure(message))
    assert reporter.box is not None
    assert reporter.box.text() == "first"
    reporter.box.done(0)
    assert reporter.box is not None
    assert reporter.box.text() == "second"
    reporter.box.done(0)
    assert reporter.box is None


def test_the_rest_of_a_long_message_is_set_apart_from_its_headline(reporter: ErrorReporter) -> None:
    reporter.report(Failure("depth: 5000 is not allowed\nwidth: 1 is not allowed"))
    assert reporter.box is not None
    assert reporter.box.text() == "depth: 5000 is not allowed"
    assert reporter.box.informativeText() == "width: 1 is not allowed"


def test_a_report_from_another_thread_is_shown_in_the_windows_thread(reporter: ErrorReporter, qtbot: QtBot) -> None:
    worker = threading.Thread(target=reporter.report, args=(Failure("from afar"),))
    worker.start()
    worker.join()
    qtbot.waitUntil(lambda: reporter.box is not None)
    assert reporter.box is not None
    assert reporter.box.text() == "from afar"


def test_an_exception_nobody_caught_ends_in_the_box(reporter: ErrorReporter) -> None:
    reporter.install()
    error = raised(KeyError("lost"))
    sys.excepthook(type(error), error, error.__traceback__)
    assert reporter.box is not None
    assert "KeyError" in reporter.box.text()
    assert "in raised" in reporter.box.detailedText()
