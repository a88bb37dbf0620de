"""README, help and changelog: links lead somewhere, versions agree, and one word is used for one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradviz import __version__
from gradviz.app.actions import COMMANDS as ACTIONS
from gradviz.app.help_pages import PAGES, headings, page_text
from gradviz.claims.catalogue import CLAIMS
from gradviz.cli import COMMANDS, main
from gradviz.experiment import load_preset, preset_names

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    path
    for path in (ROOT / "README.md", *sorted(ROOT.glob("*/README.md")), *sorted((ROOT / ".github").glob("*.md")))
    if path.exists()
] + sorted((ROOT / "resources").rglob("*.md"))
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
IN_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
AVOIDED = re.compile(r"\*Avoid:\* ([^.]+)\.")
VERSION = re.compile(r"(\d+\.\d+\.\d+) \(.+\)")


def avoided() -> dict[str, str]:
    """Words to avoid, with the word of the glossary that stands for them."""
    found, word = {}, ""
    for line in " ".join(page_text("glossary.md").split("\n")).split("### ")[1:]:
        word = line.split("  ")[0]
        if match := AVOIDED.search(line):
            found |= dict.fromkeys(match[1].split(", "), word)
    return found


def said(text: str) -> str:
    """What a person reads of a document: no code, no lists of words to avoid."""
    return re.sub(r"\s+", " ", AVOIDED.sub("", IN_CODE.sub("", text))).lower()


def texts(capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for command in ("", *COMMANDS):
        main([*([command] if command else []), "--help"])
        yield f"gradviz {command} --help", capsys.readouterr().out
    main(["fields"])
    yield "gradviz fields", capsys.readouterr().out
    for name in preset_names():
        preset = load_preset(name)
        yield f"preset {name}", f"{preset.title} {preset.notes}"
    for claim in CLAIMS:
        yield claim.name, f"{claim.statement} {claim.expected}"
    for action in ACTIONS:
        yield f"command {action.name}", f"{action.text} {action.tip}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_or_a_heading_leads_there(path: Path) -> None:
    for target, fragment in LINK.findall(path.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        there = (path.parent / target) if target else path
        assert there.exists(), target
        if fragment:
            assert fragment in {heading.anchor for heading in headings(there.read_text(encoding="utf-8"))}, fragment


def test_the_newest_changes_are_of_this_version() -> None:
    versions = [match[1] for each in headings(page_text("changelog.md")) if (match := VERSION.match(each.title))]
    assert versions[0] == __version__
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) == len(headings(page_text("changelog.md"))) - 1


def test_every_help_file_is_a_page() -> None:
    lessons = ROOT / "resources" / "lessons"
    files = {path.name for path in (ROOT / "resources").rglob("*.md") if lessons not in path.parents}
    assert files == set(PAGES)


def test_the_glossary_says_each_word_once_and_avoids_none_of_them() -> None:
    words = [heading.title for heading in headings(page_text("glossary.md")) if heading.level == 3]
    assert len(words) == len(set(words)) >= 30
    assert avoided()
    assert not avoided().keys() & set(words)


def test_nobody_reads_a_word_that_the_glossary_avoids(capsys: pytest.CaptureFixture[str]) -> None:
    used = [
        (name, word, instead)
        for name, text in texts(capsys)
        for word, instead in avoided().items()
        if re.search(rf"\b{re.escape(word)}\b", said(text))
    ]
    assert used == []


def test_the_readme_is_short_and_shows_the_commands_that_exist() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 100
    for command in re.findall(r"`gradviz (\w+)", "\n".join(lines)):
        assert command in COMMANDS
    named = re.findall(r"`gradviz ([a-z]\w+)", page_text("guide.md"))
    assert set(named) == set(COMMANDS)


def test_the_map_lists_every_folder_of_the_package_and_no_other() -> None:
    text = (ROOT / "gradviz" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)/` \| (.+?) \|", text, flags=re.MULTILINE))
    packages = [path.parent.relative_to(ROOT / "gradviz").parts for path in (ROOT / "gradviz").glob("*/**/__init__.py")]
    assert set(rows) == {parts[0] for parts in packages}
    for top, row in rows.items():
        inside = {parts[-1] for parts in packages if parts[0] == top and len(parts) > 1}
        assert set(re.findall(r"`(\w+)/`", row)) == inside, top


def test_every_file_that_the_map_names_exists() -> None:
    text = (ROOT / "gradviz" / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"`([\w/]+\.py)`", text)
    assert len(files) > 30
    assert [name for name in files if not any((folder / name).exists() for folder in (ROOT, ROOT / "gradviz"))] == []
