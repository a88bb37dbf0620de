"""Test a Debian package: install it, find it from the desktop, run it as another user, remove it completely.

    python3 packaging/package_test.py dist/gradviz_0.2.0_amd64.deb

Run as root, on a disposable machine: an installed gradviz package is removed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}
PLACES = (
    "/opt/gradviz/gradviz",
    "/usr/bin/gradviz",
    "/usr/share/applications/gradviz.desktop",
    "/usr/share/icons/hicolor/16x16/apps/gradviz.png",
    "/usr/share/icons/hicolor/512x512/apps/gradviz.png",
    "/usr/share/icons/hicolor/scalable/apps/gradviz.svg",
    "/usr/share/metainfo/org.gradviz.gradviz.metainfo.xml",
    "/usr/share/mime/packages/gradviz.xml",
    "/usr/share/doc/gradviz/copyright",
)
MEDIA_TYPE = "application/x-gradviz"


class PackageError(Exception):
    """A check of the package failed."""


def prove(package: Path) -> None:
    """Install, check, run, remove, check again. Raises PackageError."""
    _said("apt-get", "install", "-y", "--no-install-recommends", str(package))
    try:
        missing = [place for place in PLACES if not Path(place).exists()]
        _require(not missing, "missing are " + ", ".join(missing))
        _said("desktop-file-validate", PLACES[2])
        _said("appstreamcli", "validate", "--pedantic", "--no-net", PLACES[6])
        with tempfile.TemporaryDirectory(prefix="gradviz-package-") as home:
            os.chmod(home, 0o777)  # noqa: PTH101
            _run_as_nobody(Path(home))
            _ask_the_desktop(Path(home))
    finally:
        _said("apt-get", "remove", "-y", "--purge", "gradviz")
    left = [place for place in (*PLACES, "/opt/gradviz") if os.path.lexists(place)]
    _require(not left, "left are " + ", ".join(left))


def _run_as_nobody(home: Path) -> None:
    """Train and record as an unprivileged user."""
    for arguments in (["selftest"], ["run", "--preset", "relu-20", "--steps", "3", "--out", "run.gradviz"]):
        done = subprocess.run(
            ["/usr/bin/gradviz", *arguments], cwd=str(home), env={"HOME": str(home)}, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **NOBODY,
        )  # type: ignore[call-overload]  # fmt: skip
        _require(done.returncode == 0, " ".join(arguments) + " says: " + done.stdout.decode())


def _ask_the_desktop(home: Path) -> None:
    """A recording is recognised by its name and by its content, and gradviz is the program that opens it."""
    (home / "renamed").write_bytes((home / "run.gradviz").read_bytes())
    for name in ("run.gradviz", "renamed"):
        said = _said("gio", "info", "--attributes=standard::content-type", str(home / name))
        _require(MEDIA_TYPE in said, name + " is taken for: " + said)
    said = _said("gio", "mime", MEDIA_TYPE)
    _require("gradviz.desktop" in said, "a recording is opened with: " + said)


def _said(*command: str) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"),
    )  # fmt: skip
    said = done.stdout.decode("utf-8", "replace")
    _require(done.returncode == 0, " ".join(command) + " says: " + said)
    return said


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise PackageError(otherwise)


def main(arguments: list[str]) -> int:
    """Test the package and return the exit status."""
    if os.geteuid() != 0:
        print("a package is installed by root")
        return 2
    try:
        prove(Path(arguments[0]).resolve())
    except PackageError as failure:
        print("FAILED  " + str(failure))
        return 1
    print("passed  installed, found by the desktop, run, removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
