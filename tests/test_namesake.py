"""Somebody else's package of the same import name: noticed wherever it stands, and never taken for this program."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradviz import cli, namesake

THEIR_SCRIPT = "gradviz.__main__:main"


def installed(site: Path, package: Path, script: str = THEIR_SCRIPT, name: str = "gradviz") -> None:
    """Write the metadata of a distribution in `site` whose only module is `package`/core.py."""
    folder = site / f"{name.replace('-', '_')}-0.1.2.dist-info"
    folder.mkdir(parents=True)
    package.mkdir(parents=True, exist_ok=True)
    (package / "core.py").touch()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.2\n")
    (folder / "RECORD").write_text(f"{(package / 'core.py').relative_to(site)},,\n")
    (folder / "entry_points.txt").write_text(f"[console_scripts]\ngradviz = {script}\n")


@pytest.mark.parametrize(
    ("source", "replaced"), [('__version__ = "0.2.0"', False), ("from .core import Other", True), (None, True)]
)
def test_its_files_among_ours(source: str | None, replaced: bool, tmp_path: Path) -> None:
    ours = tmp_path / "gradviz"
    installed(tmp_path, ours)
    if source is not None:
        (ours / "__init__.py").write_text(source)
    found = namesake.namesake([str(tmp_path)], ours)
    assert found == namesake.Namesake("0.1.2", mixed=True, replaced=replaced)


def test_elsewhere_in_the_same_environment(tmp_path: Path) -> None:
    installed(tmp_path, tmp_path / "gradviz")
    assert namesake.namesake([str(tmp_path)]) == namesake.Namesake("0.1.2", mixed=False, replaced=False)


def test_this_program_is_not_taken_for_another(tmp_path: Path) -> None:
    installed(tmp_path / "former", tmp_path / "former" / "gradviz", "gradviz.cli:main")
    installed(tmp_path / "now", tmp_path / "now" / "gradviz", "gradviz.cli:main", "gradviz-desktop")
    assert namesake.namesake([str(tmp_path / "former"), str(tmp_path / "now"), str(tmp_path)]) is None


def test_the_command_line_says_so_in_one_line_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(tmp_path, tmp_path / "gradviz")
    monkeypatch.syspath_prepend(tmp_path)
    assert cli.main(["presets"]) == 0
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "pip uninstall gradviz" in said.err
    assert "relu-20" in said.out


def test_a_program_that_lost_its_files_says_so_instead_of_failing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(namesake, "namesake", lambda: namesake.Namesake("0.1.2", mixed=True, replaced=True))
    assert namesake.main() == namesake.BAD_ARGUMENTS
    assert "pip uninstall gradviz" in capsys.readouterr().err


def test_no_text_offers_to_install_it() -> None:
    root = Path(__file__).parents[1]
    texts = [path for folder in ("gradviz", "resources", "packaging") for path in (root / folder).rglob("*")]
    texts = [path for path in (*texts, root / "README.md") if path.suffix in (".py", ".md", ".toml", ".xml", ".sh")]
    assert len(texts) > 200
    wrong = [
        str(path)
        for path in texts
        for after in path.read_text(encoding="utf-8").split("pip install")[1:]
        if after.lstrip(" \"'\\").startswith("gradviz") and not after.lstrip(" \"'\\").startswith("gradviz-desktop")
    ]
    assert wrong == []
