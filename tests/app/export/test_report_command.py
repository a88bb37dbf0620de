"""File > Report: of which runs it is, where it goes, and what happens where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import TINY, made_up
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QProgressDialog

from gradviz.app.main_window import MainWindow
from gradviz.app.session.comparisons import Comparison
from gradviz.errors import ExportError
from gradviz.plots.shown_run import shown_runs

ROWS = [[-1.0, -2.0, -3.0]] * 4


def test_it_is_of_the_run_that_is_shown_and_those_it_is_compared_with(window: MainWindow) -> None:
    shown, before, beside, other = (made_up(ROWS, TINY.changed(title=name)) for name in ("a", "b", "c", "d"))
    window.session.display.previous = before
    window.session.show(shown)
    assert window.reports.histories() == [shown, before]
    window.session.comparisons.open += [
        Comparison(shown_runs(["a", "c"], [shown, beside])),
        Comparison(shown_runs(["c", "d"], [beside, other])),
    ]
    assert window.reports.histories() == [shown, before, beside]
    window.settings.compare = False
    assert window.reports.histories() == [shown, beside]
    window.session.comparisons.open.clear()


def test_the_name_gets_the_ending_of_a_page(window: MainWindow, tmp_path: Path) -> None:
    window.session.show(made_up(ROWS, TINY.changed(title="mine & <yours>")))
    window.reports.write(tmp_path / "report.v2")
    assert "mine &amp; &lt;yours&gt;" in (tmp_path / "report.v2.html").read_text(encoding="utf-8")
    assert window.settings.export_folder == tmp_path


def test_what_cannot_be_written_is_an_error_with_a_way_out(window: MainWindow, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no run"):
        window.reports.write(tmp_path / "a.html")
    window.session.show(made_up(ROWS))
    with pytest.raises(ExportError, match=r"no folder.*choose another"):
        window.reports.write(tmp_path / "nowhere" / "a.html")


def test_a_cancelled_report_leaves_nothing(window: MainWindow, tmp_path: Path) -> None:
    window.session.show(made_up(ROWS))

    def cancel() -> None:
        window.findChild(QProgressDialog).cancel()

    QTimer.singleShot(0, cancel)
    window.reports.write(tmp_path / "a.html")
    QApplication.processEvents()
    assert list(tmp_path.glob("*.html")) == []
    assert "cancelled" in window.statusBar().currentMessage()
