"""The icon of the program in every format that a desktop needs, made from `resources/icon.svg`."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

# the sizes of the icon theme specification, Windows and macOS
LINUX_PX = (16, 22, 24, 32, 48, 64, 128, 256, 512)
WINDOWS_PX = (16, 20, 24, 32, 40, 48, 64, 256)
MACOS_PX = (16, 32, 64, 128, 256, 512, 1024)
# below this size, a drawing with fewer cells, which do not blur
SMALL_PX = 24


def make_icons(drawing: Path, small: Path, folder: Path) -> None:
    """Write `<size>.png`, `gradviz.ico` and `gradviz.icns` into `folder`; `small` is the drawing for small sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for pixels in sorted({*LINUX_PX, *WINDOWS_PX, *MACOS_PX}):
        path = folder / f"{pixels}.png"
        if not painted(small if pixels <= SMALL_PX else drawing, pixels).save(str(path)):
            raise OSError(f"{path} could not be written")
        with Image.open(path) as picture:
            pictures[pixels] = picture.copy()
    for name, sizes in (("gradviz.ico", WINDOWS_PX), ("gradviz.icns", MACOS_PX)):
        chosen = [pictures[pixels] for pixels in sizes]
        chosen[-1].save(folder / name, append_images=chosen[:-1], sizes=[picture.size for picture in chosen])


def painted(drawing: Path, pixels: int) -> QImage:
    """Return a drawing as a square picture with a transparent background."""
    picture = QImage(pixels, pixels, QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(str(drawing)).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    return picture


if __name__ == "__main__":
    application = QGuiApplication(["icons", "-platform", "offscreen"])
    make_icons(*map(Path, sys.argv[1:4]))
