"""The licences of everything in a bundle, found from where each file came from."""

from __future__ import annotations

import platform
import subprocess
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from gradviz.licences import Notice, in_one_text, notice_of

# PyInstaller's bootloader is in every bundle
STARTER = "pyinstaller"
DOCUMENTATION = Path("/usr/share/doc")
PYTHON_LICENCES = ("LICENSE.txt", "LICENSE")


class UnknownOriginError(Exception):
    """The bundle contains files of unknown licence."""


def bundled(sources: Iterable[Path], own: Iterable[Path]) -> list[Notice]:
    """Return the notices for files taken from `sources`, but for those below the folders `own`: gradviz, made here.

    Raises UnknownOriginError if a file belongs to no distribution and no package, or something has no licence text.
    """
    parts: dict[str, Distribution] = {STARTER: distribution(STARTER)}
    packages, unknown = set[str](), []
    for source in {path.resolve() for path in sources}:
        if any(map(source.is_relative_to, own)) and not source.is_relative_to(_site_packages()):
            continue
        part = _owners().get(source)
        if part is not None:
            parts[part.metadata["Name"]] = part
        elif not _is_pythons(source):
            package = debian_package(source)
            packages.add(package) if package else unknown.append(str(source))
    notices = [python_notice(), *map(notice_of, parts.values()), *map(package_notice, packages)]
    unknown += [notice.name for notice in notices if not any(text.strip() for _, text in notice.texts)]
    if unknown:
        raise UnknownOriginError("no licence is known for " + ", ".join(sorted(unknown)))
    return notices


def page(sources: Iterable[Path], own: Iterable[Path]) -> str:
    """Return all notices for files taken from `sources` as one text."""
    return in_one_text(bundled(sources, own))


def python_notice() -> Notice:
    """Return the notice for Python itself and its standard library."""
    folders = (Path(sysconfig.get_path("stdlib")), DOCUMENTATION / f"python{sysconfig.get_python_version()}")
    names = (*PYTHON_LICENCES, "copyright")
    found = (folder / name for folder in folders for name in names if (folder / name).is_file())
    texts = ((path.name, path.read_text(encoding="utf-8")) for path in found)
    return Notice("Python", platform.python_version(), "PSF-2.0", tuple(texts)[:1])


def package_notice(package: str) -> Notice:
    """Return the notice for the system package that a library was taken from."""
    version = _said_by("dpkg-query", "--show", "--showformat=${Version}", package)
    text = (DOCUMENTATION / package.partition(":")[0] / "copyright").read_text(encoding="utf-8", errors="replace")
    return Notice(package.partition(":")[0], version, "Debian's package; see the text", (("copyright", text),))


def debian_package(path: Path) -> str:
    """Return the name of the Debian package of `path`; empty if it belongs to none."""
    # /lib and /usr/lib are the same folder, and the database may know a file by either path
    names = {str(path), str(path).removeprefix("/usr"), "/usr" + str(path)}
    for name in sorted(names):
        said = _said_by("dpkg-query", "--search", name)
        if said:
            return said.splitlines()[0].rpartition(": ")[0].split(",")[0]
    return ""


@cache
def _owners() -> dict[Path, Distribution]:
    """Return the distribution of each file."""
    return {path: part for part in distributions() for path in _files(part)}


def _files(part: Distribution) -> Iterator[Path]:
    for file in part.files or ():
        yield Path(str(part.locate_file(file))).resolve()


def _site_packages() -> Path:
    return Path(sysconfig.get_path("purelib")).resolve()


def _is_pythons(path: Path) -> bool:
    """Return whether `path` belongs to Python itself: its library or its modules."""
    own = (Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_config_var("LIBDIR") or "/nowhere"))
    shared = sysconfig.get_config_var("INSTSONAME")
    in_library = path.is_relative_to(own[0].resolve()) and not path.is_relative_to(_site_packages())
    return in_library or path.name == shared


def _said_by(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
