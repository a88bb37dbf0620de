"""Workflows and hooks: the systems and Pythons that are promised, and only commands that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import bootstrap
import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, ROOT / ".pre-commit-config.yaml"]
TESTS = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_indentation_is_that_of_yaml(path: Path) -> None:
    """No parser is among the dependencies; this finds tabs, odd steps and keys that no mapping could hold."""
    text_deeper_than = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip(" "))
        if text_deeper_than is not None and indent > text_deeper_than:
            continue
        text_deeper_than = indent if line.rstrip().endswith("|") else None
        assert "\t" not in line, number
        assert indent % 2 == 0, number
        assert re.fullmatch(r" *(- )?[\w-]+:( .+)?| *- .+", line), (number, line)
        assert line.count('"') % 2 == 0, number


def test_every_system_and_python_is_tested_and_bundled() -> None:
    pythons = re.findall(r'"(3\.\d+)"', TESTS.partition("python: [")[2].partition("]")[0])
    assert pythons == ["3.11", "3.12", "3.13", "3.14"]
    oldest = ".".join(map(str, bootstrap.OLDEST_PYTHON))
    assert pythons[0] == oldest
    required = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert required == f">={oldest}"
    for job in ("test", "bundle"):
        text = re.split(r"^  \w+:$", TESTS.partition(f"\n  {job}:\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
        systems = re.findall(r"system: \[(.+)\]", text)[0].split(", ")
        assert [system.split("-")[0] for system in systems] == ["ubuntu", "windows", "macos"]
        assert f"packaging/bootstrap.py {job}" in text


def test_commands_are_those_of_the_bootstrap() -> None:
    for path in FILES:
        for verb in re.findall(r"bootstrap\.py (\w+)", path.read_text(encoding="utf-8")):
            assert verb in bootstrap.VERBS


def test_hooks_are_the_checks_before_the_tests() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hooks = [entry.split() for entry in re.findall(r"entry: \.venv/bin/(.+)", text)]
    expected = [command for name, command in bootstrap.checks([]) if name not in ("self-test", "tests")]
    assert [hook[0] for hook in hooks] == [command[0] for command in expected]
    assert "repo: local" in text
    assert "https://" not in text
