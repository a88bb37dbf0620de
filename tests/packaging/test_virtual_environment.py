"""The virtual environment: made once, left alone while nothing changes, repaired when broken. pip is played here."""

import json
import os
from pathlib import Path

import pytest
from terminal import SetupError
from virtual_environment import VirtualEnvironment, in_short


class Played(VirtualEnvironment):
    """Makes files where the real one calls `venv` and `pip`, and counts."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.done: list[object] = []
        self.broken_pip = False

    def _make(self) -> None:
        self.done.append("make")
        self.packages.mkdir(parents=True)
        for name in ("python", "pip", "gradviz"):
            program = self.program(name)
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/sh\necho pip 1.0 from {self.packages}/pip\n")
            program.chmod(0o755)

    def _install(self, extras: list[str]) -> None:
        self.done.append(list(extras))
        if self.broken_pip:
            raise SetupError("no network")
        for name in ["gradviz_desktop", "torch", *(["pytest"] if "test" in extras else [])]:
            folder = self.packages / f"{name}-1.0.dist-info"
            folder.mkdir(exist_ok=True)
            (folder / "RECORD").touch()


@pytest.fixture
def played(tmp_path: Path) -> Played:
    root = tmp_path / "a check out"
    (root / "packaging").mkdir(parents=True)
    (root / "packaging" / "constraints.txt").write_text("torch==1.0\n")
    (root / "pyproject.toml").write_text("[project]\n")
    return Played(root)


pytestmark = pytest.mark.skipif(os.name == "nt", reason="plays pip with a shell script")


def test_a_second_set_up_has_nothing_to_do(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    played.prepare([])
    assert played.done == ["make", []]
    assert capsys.readouterr().err.count(" of 3: ") == 2
    played.prepare([])
    assert played.done == ["make", []]
    assert capsys.readouterr().err == ""


def test_a_package_of_the_same_import_name_is_removed(played: Played) -> None:
    played.prepare([])
    other = played.packages / "gradviz-0.1.2.dist-info"
    other.mkdir()
    (other / "RECORD").touch()
    assert not played.is_ready([])
    # as pip does it
    played.program("python").write_text(f'#!/bin/sh\n[ "$*" = "-m pip uninstall --yes gradviz" ] && rm -r "{other}"\n')
    played.prepare([])
    assert played.done == ["make", [], []]
    assert played.is_ready([])


def test_more_extras_are_added_and_fewer_change_nothing(played: Played) -> None:
    played.prepare([])
    played.prepare(["test"])
    played.prepare([])
    played.prepare(["test"])
    assert played.done == ["make", [], ["test"]]


@pytest.mark.parametrize("changed", ["packaging/constraints.txt", "pyproject.toml"])
def test_what_it_is_made_from_changes(changed: str, played: Played) -> None:
    played.prepare([])
    (played.root / changed).write_text("torch==1.1\n")
    played.prepare([])
    assert played.done == ["make", [], []]


def test_another_python_or_place_needs_another_environment(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played.prepare([])
    played.root.rename(tmp_path / "moved")
    moved = Played(tmp_path / "moved")
    # the scripts inside still name the old place
    moved.prepare([])
    assert moved.done == ["make", []]
    monkeypatch.setattr("sys.version_info", (3, 99, 0, "final", 0))
    assert not moved.is_ready([])


@pytest.mark.parametrize("stamp", ["", "[]", "{}", '{"recipe": 1, "extras": 2, "distributions": 3}', "\xff"])
def test_an_unreadable_stamp_is_none(stamp: str, played: Played) -> None:
    played.prepare([])
    played.stamp.write_text(stamp, encoding="latin-1")
    assert not played.is_ready([])


@pytest.mark.parametrize("lost", ["python", "gradviz"])
def test_a_lost_program_is_noticed(lost: str, played: Played) -> None:
    played.prepare([])
    played.program(lost).unlink()
    assert not played.is_ready([])


def test_a_lost_package_is_installed_again(played: Played) -> None:
    played.prepare([])
    record = played.packages / "torch-1.0.dist-info" / "RECORD"
    record.unlink()
    record.parent.rmdir()
    played.prepare([])
    assert played.done == ["make", [], []]
    assert record.exists()


def test_an_interrupted_installation_is_not_taken_for_a_complete_one(played: Played) -> None:
    played.broken_pip = True
    with pytest.raises(SetupError):
        played.prepare([])
    assert not played.stamp.exists()
    played.broken_pip = False
    played.prepare([])
    # what pip had begun is sound, so it goes on from there
    assert played.done == ["make", [], []]


def test_an_interrupted_update_is_not_taken_for_a_complete_one(played: Played) -> None:
    played.prepare([])
    played.broken_pip = True
    with pytest.raises(SetupError):
        played.prepare(["test"])
    assert not played.is_ready([])


@pytest.mark.parametrize("damage", ["half-installed", "half-removed", "pip"])
def test_a_broken_environment_is_made_anew(damage: str, played: Played) -> None:
    played.prepare([])
    played.stamp.unlink()
    if damage == "half-installed":
        (played.packages / "torch-1.0.dist-info" / "RECORD").unlink()
    elif damage == "half-removed":
        (played.packages / "~orch").mkdir()
    else:
        played.program("pip").write_text("#!/bin/sh\nexit 1\n")
    played.prepare([])
    assert played.done == ["make", [], "make", []]


def test_the_stamp_says_what_was_installed(played: Played) -> None:
    played.prepare(["test"])
    stamp = json.loads(played.stamp.read_text())
    assert stamp["extras"] == ["test"]
    assert stamp["distributions"] == ["gradviz_desktop-1.0.dist-info", "pytest-1.0.dist-info", "torch-1.0.dist-info"]


@pytest.mark.parametrize(
    ("line", "news"),
    [
        ("Collecting pydantic<3,>=2.7 (from gradviz-desktop==0.1.0)\n", "found pydantic"),
        ("Collecting pydantic-core==2.50.4 (from pydantic)\n", "found pydantic-core"),
        ("Processing /some/where/torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl (from x)\n", "found torch-2.13.0+cpu"),
        ("Obtaining file:///work/gradviz\n", ""),
        ("  Downloading numpy-2.4.6-cp311-linux.whl (16.1 MB)\n", "loading numpy-2.4.6-cp311-linux.whl (16.1 MB)"),
        ("  Downloading tqdm-4.70.1-py3-none-any.whl (78 kB)\n", ""),
        ("Requirement already satisfied: numpy in x\n", ""),
        ("Installing collected packages: mpmath, torch, gradviz\n", "installing 3 packages"),
        ("\n", ""),
    ],
)  # fmt: skip
def test_what_pip_says_in_short(line: str, news: str) -> None:
    assert in_short(line) == news
