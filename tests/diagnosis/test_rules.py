"""What a rule declares, and that a file is all it takes to add one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from made_up_findings import run_of

from gradviz.diagnosis import Finding, Severity, Thresholds
from gradviz.diagnosis.discovery import modules_in
from gradviz.diagnosis.finding import evidence
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.rule import Rule, rule
from gradviz.diagnosis.rules import RULES
from gradviz.diagnosis.words.facts import FACTS, TITLES


def test_every_rule_asks_for_readings_that_there_are() -> None:
    assert len(RULES) > 10
    assert [each.rank for each in RULES] == sorted(each.rank for each in RULES)
    for each in RULES:
        assert each.kind in TITLES
        assert all(hasattr(Readings, name) or name == "lost" for name in each.needs), each


def test_a_rule_is_silent_without_the_readings_it_needs() -> None:
    @rule("dead", rank=1)
    def always(readings: Readings, _thresholds: Thresholds, *, update: object) -> Finding | None:
        return Finding("dead", Severity.NOTICE, readings.step, (evidence("zero_output", "", readings.step),))

    assert isinstance(always, Rule)
    assert always.needs == ("update",)
    assert always.find(Readings(run_of(3), None), Thresholds()) is not None
    # of step 0 there is no update
    assert always.find(Readings(run_of(3), 0), Thresholds()) is None


def test_a_new_file_is_found_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "found_by_itself"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=package.name):
        modules_in(package.name, [str(package)])
    for name in ("second", "first"):
        (package / f"{name}.py").write_text(f"FACTS = {{{name!r}: None}}\n")
    assert [list(module.FACTS) for module in modules_in(package.name, [str(package)])] == [["first"], ["second"]]
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        monkeypatch.delitem(sys.modules, name)


def test_there_is_a_file_of_words_for_every_fact() -> None:
    """Facts that rules name are found in their source, where each is given as the first argument."""
    folder = Path(sys.modules["gradviz.diagnosis"].__file__ or "").parent
    sources = [path.read_text(encoding="utf-8") for path in (*folder.glob("rules/*.py"), *folder.glob("*.py"))]
    assert {name for name in FACTS if not any(f'"{name}"' in source for source in sources)} == set()
