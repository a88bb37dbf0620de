"""What is taken into the bundle, of made-up findings."""

from pathlib import Path

import pytest
from contents import LINK, Entry, without, without_orphans
from exclusions import EXCLUSIONS, MODULES, is_excluded

QT = "PySide6/Qt/lib/libQt6Network.so.6"


def entry(place: str, source: str = "/s", kind: str = "BINARY") -> Entry:
    return (place, source, kind)


def test_a_link_goes_with_what_it_leads_to() -> None:
    kept, gone = "PySide6/Qt/lib/libQt6Core.so.6", QT
    entries = [entry(kept), entry(gone), entry("libQt6Core.so.6", kept, LINK), entry("libQt6Network.so.6", gone, LINK)]
    inside = entry("PySide6/Qt/lib/libQt6Core.so", "libQt6Core.so.6", LINK)
    assert without([*entries, inside], is_excluded) == [entries[0], entries[2], inside]


@pytest.mark.parametrize(
    ("place", "excluded"),
    [
        ("torch/test/op_registration_test", True),
        ("torch/bin/protoc", True),
        ("torch/bin/test_api", True),
        ("torch/bin/torch_shm_manager", False),
        ("torch/lib/libtorch_cpu.so", False),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", False),
        ("PySide6/Qt/plugins/platforms/libqoffscreen.so", False),
        ("PySide6/Qt/plugins/platforms/libqwayland.so", False),
        ("PySide6/Qt/plugins/platforms/libqminimalegl.so", True),
        ("PySide6/Qt/plugins/imageformats/libqsvg.so", False),
        ("PySide6/Qt/plugins/imageformats/libqwebp.so", True),
        ("PySide6\\plugins\\imageformats\\qwebp.dll", True),
        ("PySide6\\plugins\\imageformats\\qsvg.dll", False),
        ("libstdc++.so.6", True),
        ("gradviz/_resources/icon.svg", False),
        ("gradviz/_resources/help/guide.md", False),
        ("gradviz/_resources/changelog.md", False),
    ],
)
def test_places(place: str, excluded: bool) -> None:
    assert is_excluded(place) is excluded


def test_nothing_that_gradviz_imports_is_excluded() -> None:
    root = Path(__file__).parents[3] / "gradviz"
    needed = {
        "torch",
        "numpy",
        "PySide6",
        "pydantic",
        "pyqtgraph",
        "platformdirs",
        "tomli_w",
        "tqdm",
        "sympy",
        "sqlite3",
    }
    assert not needed & set(MODULES)
    assert not any(is_excluded(f"gradviz/{path.relative_to(root)}") for path in root.rglob("*.py"))


def test_every_exclusion_excludes_something_and_says_why() -> None:
    assert len({exclusion.name for exclusion in EXCLUSIONS}) == len(EXCLUSIONS)
    for exclusion in EXCLUSIONS:
        assert exclusion.modules or exclusion.files
        assert exclusion.reason


def test_libraries_that_only_an_excluded_file_needed_go_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ("module.so", "libpython3.11.so.1.0", "libused.so.1", "libgtk.so.3", "libgdk.so.3")
    needs = {"module.so": {"libused.so.1"}, "libgtk.so.3": {"libgdk.so.3"}}
    for place in places:
        (tmp_path / place).write_bytes(b"\x7fELF")
    monkeypatch.setattr("elf.needed", lambda path: needs.get(path.name, set()))
    monkeypatch.setattr("sys.platform", "linux")
    entries = [
        entry(f"{'lib-dynload/' if place == 'module.so' else ''}{place}", str(tmp_path / place)) for place in places
    ]
    assert [kept[0] for kept in without_orphans(entries)] == ["lib-dynload/module.so", *places[1:3]]
