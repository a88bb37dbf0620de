"""`gradviz claims` prints what was measured."""

from __future__ import annotations

import json

import pytest

from gradviz.claims import catalogue
from gradviz.claims.catalogue import CLAIMS
from gradviz.claims.claim import Claim, Outcome
from gradviz.cli import main


def made_up(name: str, holds: bool | None) -> Claim:
    return Claim(name, f"statement {name}", "one half", lambda tell: (tell(0.5), Outcome("0.5", holds, {"x": 0.5}))[1])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradviz.commands.claims.CLAIMS", (made_up("C1", True), made_up("C2", None)))


def test_there_is_one_claim_per_row_in_order() -> None:
    names = [each.name for each in CLAIMS]
    assert names[:11] == [f"C{number}" for number in range(1, 12)]
    # the statements about other architectures have letters
    assert names[11:] == [f"C12{letter}" for letter in "abcdef"]
    assert catalogue.claim("C4").name == "C4"


@pytest.mark.usefixtures("few")
def test_statement_expectation_measurement_and_verdict_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims"]) == 0
    said = capsys.readouterr().out
    for words in ("statement C1", "one half", "0.5", "holds", "measured"):
        assert words in said


@pytest.mark.usefixtures("few")
def test_one_line_of_json_per_claim_and_only_those_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--json", "c2"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    row = json.loads(line)
    assert (row["claim"], row["holds"], row["numbers"]) == ("C2", None, {"x": 0.5})


def test_a_claim_is_found_however_its_name_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gradviz.commands.claims.CLAIMS", (made_up("C12a", True), made_up("C12b", True)))
    assert main(["claims", "c12B"]) == 0
    assert "statement C12b" in capsys.readouterr().out


def test_a_claim_that_does_not_hold_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gradviz.commands.claims.CLAIMS", (made_up("C1", False), made_up("C2", True)))
    assert main(["claims"]) == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out


def test_an_unknown_claim_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "C99"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert all(name in line for name in ("C99", "C1", "C2"))
