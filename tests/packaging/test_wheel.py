"""`pip install .` alone gives everything: the wheel holds the resources where the installed program looks for them."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the unpacked wheel, as in a site-packages."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_every_resource_and_module_is_in_it(installed: Path) -> None:
    def files(folder: Path) -> set[str]:
        found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return {str(path) for path in found if "__pycache__" not in path.parts and "_resources" not in path.parts}

    assert files(installed / "gradviz" / "_resources") == files(ROOT / "resources")
    assert files(installed / "gradviz") == files(ROOT / "gradviz")
    assert {path.name for path in installed.iterdir()} == {
        "gradviz",
        "gradviz_desktop",
        *(p.name for p in installed.glob("*.dist-info")),
    }


def test_its_programs(installed: Path) -> None:
    [entry_points] = installed.glob("*.dist-info/entry_points.txt")
    assert entry_points.read_text().split() == [
        "[console_scripts]", "gradviz", "=", "gradviz_desktop:main",
        "[gui_scripts]", "gradviz-desktop", "=", "gradviz_desktop:main",
    ]  # fmt: skip


def test_its_name_is_not_that_of_somebody_elses_package(installed: Path) -> None:
    [metadata] = installed.glob("*.dist-info/METADATA")
    assert metadata.parent.name.startswith("gradviz_desktop-")
    assert "Name: gradviz-desktop" in metadata.read_text(encoding="utf-8").splitlines()


@pytest.mark.slow
def test_it_trains_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import gradviz.resources; from gradviz.cli import main; "
        "assert gradviz.resources.__file__.startswith(sys.path[0]), gradviz.resources.__file__; sys.exit(main())"
    )
    arguments = ["run", "--set", "depth=2", "--set", "width=4", "--steps", "1", "--export", "a.png"]
    done = subprocess.run(
        [sys.executable, "-c", program, str(installed), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("finished")
    assert (tmp_path / "a.png").stat().st_size > 10_000
