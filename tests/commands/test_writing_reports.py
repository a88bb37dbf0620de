"""`gradviz report`: one page about recorded runs, or one line on what to change."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorded_runs import record

from gradviz.cli import main


def test_it_writes_a_page_about_all_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs, page = [tmp_path / "a.gradviz", tmp_path / "b.gradviz"], tmp_path / "report.html"
    record(runs[0], name="mine")
    record(runs[1], watched=True, ending="failed", why="no memory")
    assert main(["report", *map(str, runs), "--to", str(page)]) == 0
    assert capsys.readouterr().out == f"wrote {page}\n"
    text = page.read_text(encoding="utf-8")
    for words in ("A mine", "B my model", "a.gradviz", "b.gradviz", "no memory", "2.x"):
        assert words in text


@pytest.mark.parametrize(
    ("run", "to", "named"),
    [("a.gradviz", "a.txt", ".html"), ("a.gradviz", "nowhere/a.html", "nowhere"), ("b.gradviz", "a.html", "b.gradviz")],
)
def test_a_refusal_is_one_line_that_names_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run: str, to: str, named: str
) -> None:
    record(tmp_path / "a.gradviz")
    assert main(["report", str(tmp_path / run), "--to", str(tmp_path / to)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert named in line
    assert not (tmp_path / to).exists()
