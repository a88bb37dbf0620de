"""The desktop files of Linux: menu entry, description, document type, icons."""

from __future__ import annotations

import datetime
import os
import shutil
from pathlib import Path

LINUX = Path(__file__).resolve().parents[1] / "linux"
METAINFO = "org.gradviz.gradviz.metainfo.xml"
# file here -> its path below a `share` folder
PLACES = {
    "gradviz.desktop": "applications/gradviz.desktop",
    "gradviz.xml": "mime/packages/gradviz.xml",
    METAINFO: f"metainfo/{METAINFO}",
}
# what `add_installer` adds to the bundle
INSTALLER = ("share", "install.sh")


def add_installer(folder: Path, icons: Path, drawing: Path, version: str) -> None:
    """Add the desktop files and an install script to the bundle, for systems without a package."""
    write_share(folder / INSTALLER[0], icons, drawing, version)
    shutil.copy(LINUX / INSTALLER[1], folder)


def write_share(share: Path, icons: Path, drawing: Path, version: str) -> None:
    """Write everything below the folder `share`; `icons` holds the pictures by size, `drawing` is for any size."""
    for name, place in PLACES.items():
        text = (LINUX / name).read_text(encoding="utf-8")
        text = text.replace("@VERSION@", version).replace("@DATE@", build_date().isoformat())
        target = share / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    themed = share / "icons" / "hicolor"
    for picture in sorted(icons.glob("*.png")):
        pixels = int(picture.stem)
        if pixels <= 512:
            _copy(picture, themed / f"{pixels}x{pixels}" / "apps" / "gradviz.png")
    _copy(drawing, themed / "scalable" / "apps" / "gradviz.svg")


def build_date() -> datetime.date:
    """Return the day of this build, or of SOURCE_DATE_EPOCH for a reproducible one."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.datetime.now(datetime.UTC)
    return (datetime.datetime.fromtimestamp(int(seconds), datetime.UTC) if seconds else now).date()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
