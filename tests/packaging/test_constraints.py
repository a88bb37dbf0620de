"""Every distribution that a set-up installs is pinned, and in a set-up environment has the pinned version."""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"([A-Za-z0-9_.-]+)==(\S+)")


def pins() -> dict[str, str]:
    lines = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    matches = [LINE.fullmatch(line) for line in wanted]
    assert all(matches), "every line is name==version"
    found = {canonicalize_name(match[1]): match[2] for match in matches if match}
    assert len(found) == len(wanted), "no name twice"
    return found


def required(group: str | None = None) -> list[str]:
    """Return the requirements of the project, or of one of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements: list[str] = project["optional-dependencies"][group] if group else project["dependencies"]
    return requirements


def closure(requirements: list[str], extra: str = "") -> Iterator[str]:
    """Yield every distribution that `requirements` bring into this environment."""
    waiting, seen = [(text, extra) for text in requirements], set()
    while waiting:
        text, extra = waiting.pop()
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        marker = requirement.marker
        if marker is not None and not marker.evaluate({**default_environment(), "extra": extra}):
            continue
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                yield name
                waiting += [(further, wanted) for further in distribution(name).requires or ()]


def test_nothing_is_installed_without_a_pin() -> None:
    needed = set(closure(required() + required("test")))
    assert {"torch", "pyside6-essentials", "shiboken6", "hatchling", "pytest"} <= needed
    assert sorted(needed - set(pins())) == []


def test_what_makes_a_bundle_is_pinned_for_every_system() -> None:
    assert [Requirement(text).name for text in required("bundle")] == ["pyinstaller"]
    # PyInstaller is not in this environment; this is what its metadata name for Linux, Windows and macOS
    brings = {
        "altgraph",
        "macholib",
        "packaging",
        "pefile",
        "pyinstaller-hooks-contrib",
        "pywin32-ctypes",
        "setuptools",
    }
    assert sorted({"pyinstaller", *brings} - set(pins())) == []


def test_the_versions_that_the_program_was_measured_with() -> None:
    assert pins()["torch"] == "2.13.0"
    # 6.12.0 aborts Python 3.11 after some hundred signals
    assert pins()["pyside6-essentials"] == pins()["shiboken6"] == "6.11.3"


@pytest.mark.skipif(Path(sys.prefix) != ROOT / ".venv", reason="not the environment that the set-up made")
def test_the_set_up_installed_the_pinned_versions() -> None:
    wrong = {}
    for name, pinned in pins().items():
        try:
            version = distribution(name).version
        except PackageNotFoundError:
            # for another system or another Python
            continue
        # a build such as 2.13.0+cpu is the version 2.13.0
        if Version(version).public != Version(pinned).public:
            wrong[name] = (version, pinned)
    assert wrong == {}
