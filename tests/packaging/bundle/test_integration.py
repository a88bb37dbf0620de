"""What desktops are told: one name and one document type everywhere, a version that is the package's, real icons."""

import configparser
import plistlib
import re
import sqlite3
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import platforms
import pytest
from icons import LINUX_PX, MACOS_PX, WINDOWS_PX, make_icons
from integration import LINUX, METAINFO, write_share
from PySide6.QtGui import QImage

from gradviz.recording.runs.library import SUFFIX
from gradviz.recording.store.schema import APPLICATION_ID

ROOT = Path(__file__).parents[3]
DRAWINGS = [ROOT / "resources" / name for name in ("icon.svg", "icon-small.svg")]
MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("icons")
    make_icons(*DRAWINGS, folder)
    return folder


@pytest.fixture(scope="module")
def share(icons: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("share")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "86400")
        write_share(folder, icons, DRAWINGS[0], "1.2.3")
    return folder


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("pixels", LINUX_PX)
def test_pictures_of_every_size(icons: Path, share: Path, pixels: int) -> None:
    picture = QImage(str(share / "icons" / "hicolor" / f"{pixels}x{pixels}" / "apps" / "gradviz.png"))
    assert (picture.width(), picture.height()) == (pixels, pixels)
    # round corners on nothing, and the colours from violet to yellow inside
    assert picture.pixelColor(0, 0).alpha() < 255
    cells = {picture.pixelColor(x, y).hue() // 20 for x in range(pixels) for y in range(pixels)}
    assert len(cells) >= 5


def test_the_icon_of_windows_holds_every_size(icons: Path) -> None:
    content = (icons / "gradviz.ico").read_bytes()
    kind, count = struct.unpack_from("<2xHH", content)
    # a width of 256 is written as 0
    widths = [content[6 + 16 * number] or 256 for number in range(count)]
    assert (kind, sorted(widths)) == (1, sorted(WINDOWS_PX))


def test_the_icon_of_macos_holds_every_size(icons: Path) -> None:
    content = (icons / "gradviz.icns").read_bytes()
    magic, length = struct.unpack_from(">4sI", content)
    assert (magic, length) == (b"icns", len(content))
    place, widths = 8, set()
    while place < length:
        (size,) = struct.unpack_from(">I", content, place + 4)
        if content[place + 8 : place + 16] == b"\x89PNG\r\n\x1a\n":
            widths.add(struct.unpack_from(">I", content, place + 24)[0])
        place += size
    assert set(MACOS_PX) - {16} <= widths


def test_the_menu_entry_starts_the_program_with_a_file(share: Path) -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.read(share / "applications" / "gradviz.desktop", encoding="utf-8")
    assert entry["Desktop Entry"]["Exec"] == "gradviz %f"
    assert entry["Desktop Entry"]["MimeType"] == platforms.MEDIA_TYPE + ";"
    # what the window calls itself, or the desktop shows it with no icon
    source = (ROOT / "gradviz" / "app" / "application.py").read_text(encoding="utf-8")
    assert f'setDesktopFileName("{entry["Desktop Entry"]["Icon"]}")' in source


def test_the_description_names_what_there_is(share: Path) -> None:
    root = ElementTree.parse(share / "metainfo" / METAINFO).getroot()
    assert root.findtext("id") == platforms.IDENTIFIER
    assert f"{root.findtext('id')}.metainfo.xml" == METAINFO
    assert root.findtext("launchable") == "gradviz.desktop"
    assert root.findtext("provides/mediatype") == platforms.MEDIA_TYPE
    [release] = root.findall("releases/release")
    assert (release.get("version"), release.get("date")) == ("1.2.3", "1970-01-02")
    assert not re.search("@[A-Z]+@", (share / "metainfo" / METAINFO).read_text(encoding="utf-8"))


def test_a_recording_is_known_by_name_and_by_content(share: Path, tmp_path: Path) -> None:
    kind = ElementTree.parse(share / "mime" / "packages" / "gradviz.xml").getroot().find(f"{MIME}mime-type")
    assert kind is not None
    assert kind.get("type") == platforms.MEDIA_TYPE
    assert [glob.get("pattern") for glob in kind.iter(f"{MIME}glob")] == ["*" + SUFFIX]
    with sqlite3.connect(tmp_path / "any") as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("CREATE TABLE facts (key TEXT)")
    connection.close()
    content = (tmp_path / "any").read_bytes()
    matches = list(kind.iter(f"{MIME}match"))
    assert len(matches) == 2
    for match in matches:
        value = (match.get("value") or "").encode()
        place = int(match.get("offset") or 0)
        assert content[place : place + len(value)] == value


def test_the_property_list_of_macos() -> None:
    said = plistlib.loads(plistlib.dumps(platforms.info_plist("1.2.3")))
    assert said["CFBundleShortVersionString"] == "1.2.3"
    assert said["NSHighResolutionCapable"]
    assert not said["NSRequiresAquaSystemAppearance"]
    [document], [exported] = said["CFBundleDocumentTypes"], said["UTExportedTypeDeclarations"]
    assert document["LSItemContentTypes"] == [exported["UTTypeIdentifier"]]
    assert exported["UTTypeTagSpecification"]["public.filename-extension"] == [SUFFIX.removeprefix(".")]


def test_the_installer_of_windows_names_the_same() -> None:
    script = (LINUX.parent / "windows" / "gradviz.iss").read_text(encoding="utf-8")
    assert f'Subkey: "Software\\Classes\\{SUFFIX}"' in script
    assert f'ValueData: "{platforms.MEDIA_TYPE}"' in script
    assert '"""{app}\\gradviz.exe"" ""%1"""' in script
