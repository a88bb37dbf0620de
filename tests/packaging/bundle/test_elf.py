"""Stripping: harmless by what the loader maps, refused where it would not be; and which libraries are orphans."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from elf import is_elf, needed, newest_glibc, orphans, same_program, strip

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("strip") is None, reason="needs Linux and binutils"
)


@pytest.fixture(scope="module")
def library() -> Path:
    """Return a library that comes with symbols for debuggers: the smallest of torch's own."""
    torch = find_spec("torch")
    assert torch is not None
    assert torch.origin is not None
    return Path(torch.origin).parent / "lib" / "libc10.so"


def test_a_stripped_library_is_smaller_and_loads_the_same_bytes(library: Path, tmp_path: Path) -> None:
    target = tmp_path / "stripped.so"
    assert strip(library, target)
    assert target.stat().st_size < library.stat().st_size
    # what `readelf` of another author says of the segments and of the dynamic symbols
    for question in ("-lW", "-dW", "--dyn-syms"):
        before, after = (
            subprocess.run(["readelf", question, path], capture_output=True, text=True, check=True).stdout
            for path in (library, target)
        )
        assert before.replace(str(library), "") == after.replace(str(target), "")
    assert target.stat().st_mode == library.stat().st_mode


def test_a_change_of_anything_that_is_loaded_is_seen(library: Path, tmp_path: Path) -> None:
    content = bytearray(library.read_bytes())
    other = tmp_path / "other.so"
    # entry point, first byte behind all headers, a program header; then what the loader does not read: section table
    for place, same in ((24, False), (0x300, False), (64 + 8, False), (40, True), (60, True)):
        changed = bytearray(content)
        changed[place] ^= 1
        other.write_bytes(changed)
        assert same_program(library, other) is same, place


def test_a_library_that_strip_damages_is_left_alone(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run

    def damage(command: list[str], **options: object) -> object:
        done = real(command, **options)  # type: ignore[call-overload]
        path = Path(command[-1])
        content = bytearray(path.read_bytes())
        content[0x300] ^= 1
        path.write_bytes(content)
        return done

    monkeypatch.setattr("elf.subprocess.run", damage)
    assert not strip(library, tmp_path / "damaged.so")
    assert not list(tmp_path.iterdir())


def test_orphans_are_what_nobody_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"program": {"a", "libc"}, "a": {"b"}, "b": {"a"}, "c": {"d"}, "d": set()}
    monkeypatch.setattr("elf.needed", lambda path: names[path.name])
    libraries = {name: Path(name) for name in "abcd"}
    assert orphans(libraries, [Path("program")]) == {"c", "d"}
    assert orphans(libraries, []) == set("abcd")


def test_what_headers_say(library: Path) -> None:
    assert "libc.so.6" in needed(library)
    assert is_elf(library)
    assert not is_elf(Path(__file__))
    major, minor = newest_glibc([library]).split(".")
    assert int(major) == 2
    assert int(minor) >= 2
