"""Somebody else's package of the same import name: noticed wherever it stands, and never taken for this program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gradviz import cli
from gradviz_desktop import BAD_ARGUMENTS, Namesake, namesake

ROOT = Path(__file__).parents[1]
THEIR_SCRIPT = "gradviz.__main__:main"


def metadata(site: Path, script: str = THEIR_SCRIPT, name: str = "gradviz") -> None:
    """Write what pip writes about a distribution in the folder `site`."""
    folder = site / f"{name.replace('-', '_')}-0.1.2.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.2\n")
    (folder / "entry_points.txt").write_text(f"[console_scripts]\ngradviz = {script}\n")


def package(site: Path, source: str, *others: str) -> None:
    """Write a package `gradviz` into the folder `site`."""
    (site / "gradviz").mkdir(parents=True)
    (site / "gradviz" / "__init__.py").write_text(source)
    for name in others:
        (site / "gradviz" / name).touch()


@pytest.mark.parametrize(
    ("source", "hides"), [('__version__ = "0.2.0"', False), ("from .core import Other", True)], ids=["ours", "theirs"]
)
def test_its_files_among_ours(source: str, hides: bool, tmp_path: Path) -> None:
    metadata(tmp_path)
    package(tmp_path, source, "cli.py", "core.py")
    assert namesake([str(tmp_path)]) == Namesake("0.1.2", hides)


@pytest.mark.parametrize(("order", "hides"), [((0, 1), True), ((1, 0), False)], ids=["before", "behind"])
def test_elsewhere_on_the_path(order: tuple[int, int], hides: bool, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    metadata(theirs)
    package(theirs, "", "core.py")
    package(ours, '__version__ = "0.2.0"', "cli.py")
    path = [str((theirs, ours)[place]) for place in order]
    assert namesake(path) == Namesake("0.1.2", hides)


def test_this_program_is_not_taken_for_another(tmp_path: Path) -> None:
    metadata(tmp_path / "former", "gradviz.cli:main")
    metadata(tmp_path / "now", "gradviz_desktop:main", "gradviz-desktop")
    assert namesake([str(tmp_path / "former"), str(tmp_path / "now"), str(tmp_path)]) is None


def test_the_command_line_says_so_in_one_line_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert cli.main(["presets"]) == 0
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "pip uninstall gradviz" in said.err
    assert "relu-20" in said.out


def test_a_program_that_is_hidden_says_so_instead_of_failing(tmp_path: Path) -> None:
    metadata(tmp_path)
    package(tmp_path, "raise ImportError('needs pandas')", "core.py")
    path = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]"
    program = f"{path}; import gradviz_desktop; sys.exit(gradviz_desktop.main())"
    done = subprocess.run([sys.executable, "-c", program, "presets"], capture_output=True, text=True, check=False)
    assert done.returncode == BAD_ARGUMENTS
    assert done.stderr.count("\n") == 1
    assert "pip uninstall gradviz" in done.stderr


def test_no_text_offers_to_install_it() -> None:
    texts = [path for folder in ("gradviz", "resources", "packaging") for path in (ROOT / folder).rglob("*")]
    texts = [path for path in (*texts, ROOT / "README.md") if path.suffix in (".py", ".md", ".toml", ".xml", ".sh")]
    assert len(texts) > 200
    named = [
        (path.name, after.lstrip(" \"'\\").split()[0])
        for path in texts
        for after in path.read_text(encoding="utf-8").split("pip install ")[1:]
    ]
    assert any(name.startswith("gradviz-desktop[") for _, name in named)
    assert [each for each in named if each[1].startswith("gradviz") and not each[1].startswith("gradviz-desktop")] == []
