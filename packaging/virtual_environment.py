"""The virtual environment of a checkout: made, repaired and kept up to date. Standard library only."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from terminal import SetupError, say

# the name in a requirement, and name and version in the name of a file
REQUIRED_NAME = re.compile(r"[A-Za-z0-9_.-]+")
FILE_NAME = re.compile(r"[A-Za-z0-9_.]+-[^-]+")
# this package is called gradviz-desktop
NAMESAKE = "gradviz"


class VirtualEnvironment:
    """The folder `name` in the checkout `root`, with the package installed from there and every version pinned.

    A stamp inside says what the environment was made from, so that a second set-up has nothing to do. It is taken
    away while anything changes: an interrupted set-up leaves an environment without one.
    """

    def __init__(self, root: Path, name: str = ".venv") -> None:
        self.root = root
        self.folder = root / name
        self.stamp = self.folder / "gradviz-setup.json"
        self.constraints = root / "packaging" / "constraints.txt"
        self.pyproject = root / "pyproject.toml"
        self.packages = self._packages_folder()

    def program(self, name: str) -> Path:
        """Return the path of a program inside."""
        folder, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
        return self.folder / folder / (name + suffix)

    def prepare(self, extras: Iterable[str]) -> None:
        """Install the package with `extras`, unless it is installed already."""
        if self.is_ready(extras):
            return
        if not self.is_sound():
            say("step 2 of 3: making the virtual environment in " + self.folder.name)
            shutil.rmtree(self.folder, ignore_errors=True)
            self._make()
        self.stamp.unlink(missing_ok=True)
        if self._namesakes():
            succeeds([str(self.program("python")), "-m", "pip", "uninstall", "--yes", NAMESAKE], [])
        say("step 3 of 3: installing gradviz and its dependencies (torch is large: minutes the first time)")
        self._install(extras)
        stamp = {
            "recipe": self.fingerprint(),
            "extras": sorted(extras),
            "distributions": sorted(folder.name for folder in self._distributions()),
        }
        self.stamp.write_text(json.dumps(stamp), encoding="utf-8")

    def is_ready(self, extras: Iterable[str]) -> bool:
        """Return whether the last set-up is complete, still valid and includes these extras."""
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
            same = stamp["recipe"] == self.fingerprint() and set(extras) <= set(stamp["extras"])
            wanted = set(stamp["distributions"])
        except (OSError, ValueError, KeyError, TypeError):
            return False
        there = {folder.name for folder in self._distributions()}
        return (
            not self._namesakes()
            and same
            and wanted <= there
            and self.program("python").exists()
            and self.program("gradviz").exists()
        )

    def is_sound(self) -> bool:
        """Return whether pip works, belongs to this folder and this Python, and left no package half-installed."""
        # pip reports its own path: another one if the checkout was copied, or another Python made the environment
        if str(self.packages) not in output_of([str(self.program("pip")), "--version"]):
            return False
        half_removed = any(self.packages.glob("~*"))
        # pip writes RECORD last, but counts a package without one as installed
        return not half_removed and all((folder / "RECORD").exists() for folder in self._distributions())

    def fingerprint(self) -> str:
        """Return a text that changes whenever an input of the environment changes."""
        digest = hashlib.sha256()
        for path in (self.pyproject, self.constraints):
            digest.update(path.read_bytes())
        digest.update(repr((sys.version_info[:2], str(self.root))).encode())
        return digest.hexdigest()

    def _packages_folder(self) -> Path:
        base = str(self.folder)
        scheme = "venv" if "venv" in sysconfig.get_scheme_names() else sysconfig.get_default_scheme()
        return Path(sysconfig.get_path("purelib", scheme, vars={"base": base, "platbase": base}))

    def _distributions(self) -> Iterator[Path]:
        return self.packages.glob("*.dist-info")

    def _namesakes(self) -> list[Path]:
        """Return what is installed as `gradviz`: this package under its former name, or another imported alike."""
        return list(self.packages.glob(NAMESAKE + "-*.dist-info"))

    def _make(self) -> None:
        """Make an empty environment with pip; where `ensurepip` is missing, with the pip of the system."""
        said: list[str] = []
        python = str(self.program("python"))
        for commands in (
            [[sys.executable, "-m", "venv", str(self.folder)]],
            [
                [sys.executable, "-m", "venv", "--clear", "--without-pip", str(self.folder)],
                [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "pip"],
            ],
        ):
            if all(succeeds(command, said) for command in commands):
                return
        raise SetupError(
            "the virtual environment could not be made. On Debian and Ubuntu type this, then try again:\n"
            "    sudo apt-get install -y python3-venv\n" + "".join(said)
        )

    def _install(self, extras: Iterable[str]) -> None:
        target = str(self.root) + ("[" + ",".join(sorted(extras)) + "]" if extras else "")
        command = [str(self.program("python")), "-m", "pip", "install", "--no-input", "--editable", target]
        # as an address, because pip splits these variables at spaces; up to pip 25.2 the first is for the build back
        # end, too, from then on the second
        constraints = self.constraints.as_uri()
        environment = dict(
            os.environ,
            PIP_CONSTRAINT=constraints,
            PIP_BUILD_CONSTRAINT=constraints,
            PIP_DISABLE_PIP_VERSION_CHECK="1",
            PIP_USER="0",
        )
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environment,
        )
        said = []
        for line in process.stdout or ():
            said.append(line)
            news = in_short(line)
            if news:
                say("    " + news)
        if process.wait():
            raise SetupError("pip could not install everything:\n" + "".join(said))


def in_short(line: str) -> str:
    """Return a short form of a line of pip's output; empty for lines of no interest."""
    words = line.split()
    for start, name in (("Collecting ", REQUIRED_NAME), ("Processing ", FILE_NAME)):
        if line.startswith(start):
            found = name.match(words[1].rpartition("/")[2])
            return "found " + found.group() if found else ""
    if words[:1] == ["Downloading"] and line.rstrip().endswith(" MB)"):
        return "loading " + words[1].rpartition("/")[2] + " " + " ".join(words[2:])
    if line.startswith("Installing collected packages"):
        return "installing {} packages".format(line.count(",") + 1)
    return ""


def output_of(command: list[str]) -> str:
    """Return the output of `command`; empty if it fails or does not exist."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return ""
    return "" if done.returncode else done.stdout.decode("utf-8", "replace")


def succeeds(command: list[str], said: list[str]) -> bool:
    """Run `command`, append its output to `said`, and return whether it succeeded."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said.append(done.stdout.decode("utf-8", "replace"))
    return done.returncode == 0
