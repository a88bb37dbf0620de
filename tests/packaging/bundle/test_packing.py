"""What is handed on: an archive that keeps links, and a package that asks for exactly what the bundle lacks."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import debian_package
import pytest
from archive import make_archive
from debian_package import UnknownLibraryError, asked_packages, make_package

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="packed with the tools of Linux")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a bundle of three files and a link."""
    inside = tmp_path / "gradviz" / "_internal"
    notices = inside / "gradviz" / "_resources" / "licences" / "third-party.txt"
    notices.parent.mkdir(parents=True)
    notices.write_text("licences of others")
    (tmp_path / "gradviz" / "gradviz").write_bytes(b"\x7fELF program")
    (tmp_path / "gradviz" / "gradviz").chmod(0o755)
    (inside / "libown.so.1").write_bytes(b"\x7fELF library")
    (inside / "libown.so").symlink_to("libown.so.1")
    (tmp_path / "gradviz" / "install.sh").touch()
    return tmp_path / "gradviz"


@pytest.mark.skipif(shutil.which("xz") is None, reason="needs xz")
def test_the_archive(folder: Path, tmp_path: Path) -> None:
    path = make_archive(folder, tmp_path, "1.2.3")
    assert path.name.startswith("gradviz-1.2.3-linux-")
    with tarfile.open(path, "r:xz") as archive:
        entries = {entry.name: entry for entry in archive.getmembers()}
    assert entries["gradviz/_internal/libown.so"].linkname == "libown.so.1"
    assert entries["gradviz/gradviz"].mode & 0o111
    assert {entry.uid for entry in entries.values()} == {0}
    assert "gradviz/install.sh" in entries


def test_packages_of_what_is_asked_for_but_not_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = {
        "gradviz": {"libc.so.6", "libdl.so.2"},
        "plugin.so": {"libown.so.1", "libX11.so.6", "libGL.so.1", "ld-linux-x86-64.so.2"},
        "libown.so.1": {"libstdc++.so.6", "libGL.so.1"},
    }
    monkeypatch.setattr(debian_package, "needed", lambda path: needs[path.name])
    paths = [Path("_internal", name) for name in needs]
    assert asked_packages(paths) == ["libgl1", "libstdc++6", "libx11-6"]
    needs["gradviz"].add("libunheard-of.so.3")
    with pytest.raises(UnknownLibraryError, match="libunheard-of"):
        asked_packages(paths)


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb")
def test_the_package(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian_package, "needed", lambda _path: {"libGL.so.1"})
    monkeypatch.setattr(debian_package, "newest_glibc", lambda _paths: "2.35")
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons" / "16.png").write_bytes(b"png")
    path = make_package(folder, tmp_path, tmp_path, "1.2.3")

    def said(*arguments: str) -> str:
        return subprocess.run(["dpkg-deb", *arguments], capture_output=True, text=True, check=True).stdout

    assert said("--field", str(path), "Version") == "1.2.3\n"
    assert said("--field", str(path), "Depends") == "libc6 (>= 2.35), libgl1\n"
    listed = said("--contents", str(path))
    assert "./usr/bin/gradviz -> /opt/gradviz/gradviz" in listed
    assert "./opt/gradviz/_internal/libown.so -> libown.so.1" in listed
    for place in ("share/applications/gradviz.desktop", "share/icons/hicolor/16x16/apps/gradviz.png"):
        assert f"./usr/{place}" in listed
    # the package is its own installer
    assert "install.sh" not in listed
    assert all(line.split()[1] == "root/root" for line in listed.splitlines())
    subprocess.run(["dpkg-deb", "--extract", str(path), str(tmp_path / "out")], check=True)
    licences = (tmp_path / "out" / "usr" / "share" / "doc" / "gradviz" / "copyright").read_text()
    assert "MIT" in licences
    assert "licences of others" in licences
