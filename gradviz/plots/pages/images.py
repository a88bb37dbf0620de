"""Pictures of plots: PNG, and SVG and PDF as vectors with text as text, one plot or a whole board on one page.

The page is measured in logical pixels. pyqtgraph's axes replay a QPicture, which Qt scales by the ratio of the two
devices' resolutions: every device painted on must have the resolution of a QPicture, else the axes drift away from
their plots. For the same reason a PNG gets its dots per metre only after it was painted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QEvent, QIODevice, QMarginsF, QRect, QRectF, QSizeF
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QImageReader,
    QImageWriter,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPicture,
)
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsView, QGraphicsWidget, QWidget

from gradviz.errors import ExperimentError, ExportError
from gradviz.plots.pages import svg_clipping, svg_strokes
from gradviz.plots.pages.export_mode import export_mode
from gradviz.recording.atomic_file import write_atomically

EXPERIMENT_KEY = "gradviz-experiment"
NAMESPACE = "https://gradviz.org/ns/1"
INCHES_PER_METRE = 1 / 0.0254
POINTS_PER_INCH = 72
SUFFIXES = (".png", ".svg", ".pdf")
# an axis that learns while being painted how wide its numbers are is laid out anew, and drawn once more
MOST_PASSES = 3

_FONT_FAMILY = re.compile(r'font-family="([^"]*)"')
_IN_XML = re.compile(rb"<gradviz:experiment[^>]*>(.*?)</gradviz:experiment>", re.DOTALL)

PaintView = Callable[[QPainter, QGraphicsView, QRectF], None]


@dataclass(frozen=True, slots=True)
class Placement:
    """A view and where on the page it goes, in logical pixels; it is laid out anew if that is not its size."""

    view: QGraphicsView
    rect: QRectF


def save_picture(
    path: Path,
    placements: Sequence[Placement],
    *,
    scale: float,
    background: str,
    experiment_json: str | None,
    title: str,
) -> None:
    """Write a page as PNG, SVG or PDF, by the suffix of `path`, with the experiment embedded if there is one.

    `scale` is pixels of a PNG per logical pixel, `background` a colour (`#rrggbb`). Raises ExportError for an unknown
    suffix, nothing to draw, a picture too large for the memory, or a file that cannot be written; nothing half-written
    is left behind.
    """
    # ASCII alone is safe in a PNG text chunk, in XML and in a PDF alike
    experiment = json.dumps(json.loads(experiment_json)) if experiment_json is not None else ""
    page = Page(placements, background)
    match path.suffix.lower():
        case ".png":
            content = _png(page, scale, experiment, title)
        case ".svg":
            content = _svg(page, experiment, title)
        case ".pdf":
            content = _pdf(page, experiment, title)
        case _:
            raise ExportError(
                f"{path.name}: pictures are written as {', '.join(SUFFIXES)}; give the file such an ending"
            )
    write_atomically(path, content)


def copy_to_clipboard(placements: Sequence[Placement], *, scale: float, background: str) -> None:
    """Put a picture of a page on the clipboard. Raises ExportError as `save_picture` does."""
    QGuiApplication.clipboard().setImage(Page(placements, background).image(scale))


def read_experiment(path: Path) -> str | None:
    """Return the experiment embedded in a PNG, SVG, PDF, GIF or WebP as JSON; None if it holds none.

    Raises ExperimentError for a file that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExperimentError(f"cannot read {path}: {error.strerror or error}") from error
    if path.suffix.lower() == ".png":
        buffer = QBuffer()
        buffer.setData(content)
        return QImageReader(buffer, QByteArray(b"png")).text(EXPERIMENT_KEY) or None
    if path.suffix.lower() == ".gif":
        # Pillow is needed for this alone
        from gradviz.plots.pages.gif import comment_of

        comment = comment_of(content)
        return comment if comment.startswith("{") else None
    found = _IN_XML.search(content)
    return unescape(found[1].decode("ascii", "replace")) if found else None


class Page:
    """Views on a sheet of the size that they need together."""

    def __init__(self, placements: Sequence[Placement], background: str) -> None:
        self._placements = placements
        self._background = QColor(background)
        bounds = QRectF()
        for placement in placements:
            bounds = bounds.united(placement.rect)
        if bounds.isEmpty():
            raise ExportError("there is nothing to draw: the plots have no size; open the window first")
        self._origin = bounds.topLeft()
        self.size = bounds.size().toSize()
        self.views = [placement.view for placement in placements]

    def paint(self, painter: QPainter, pen_factor: float = 1.0) -> None:
        """Paint all views, each at its place and in the layout that it has at this size."""
        self._paint(painter, pen_factor, _paint_laid_out)

    def image(self, scale: float) -> QImage:
        """Return the page at `scale` pixels per logical pixel. Raises ExportError if that is too large."""
        return self._image(scale, _paint_laid_out)

    def image_again(self, scale: float) -> QImage:
        """Return the page as `image` does, in less time; for views that have the size of their places already."""
        for _ in range(MOST_PASSES):
            _grant_layouts()
            before = self._layout()
            image = self._image(scale, _paint_as_it_is)
            _grant_layouts()
            if self._layout() == before:
                break
        return image

    def _image(self, scale: float, paint_view: PaintView) -> QImage:
        width, height = round(self.size.width() * scale), round(self.size.height() * scale)
        image = QImage(width, height, QImage.Format.Format_RGB32)
        if image.isNull():
            raise ExportError(f"a picture of {width} × {height} pixels is too large; choose a smaller scale, or SVG")
        image.setDevicePixelRatio(scale)
        painter = QPainter(image)
        self._paint(painter, scale, paint_view)
        painter.end()
        dots = round(QPicture().logicalDpiX() * scale * INCHES_PER_METRE)
        image.setDotsPerMeterX(dots)
        image.setDotsPerMeterY(dots)
        return image

    def _paint(self, painter: QPainter, pen_factor: float, paint_view: PaintView) -> None:
        painter.fillRect(QRectF(0, 0, self.size.width(), self.size.height()), self._background)
        # else a PDF holds heatmaps as JPEG, with colours in them that stand for values nobody measured
        painter.setRenderHint(QPainter.RenderHint.LosslessImageRendering)
        for placement in self._placements:
            with export_mode(placement.view.scene(), pen_factor):
                paint_view(painter, placement.view, placement.rect.translated(-self._origin))

    def _layout(self) -> list[QRectF]:
        """Return where everything is that has a place in a layout."""
        items = [item for view in self.views for item in view.scene().items()]
        return [item.sceneBoundingRect() for item in items if isinstance(item, QGraphicsWidget)]


def _paint_laid_out(painter: QPainter, view: QGraphicsView, target: QRectF) -> None:
    # what waits to be laid out around the view, each widget before the one around it, would give the view its old size
    # back in the middle of this
    around: QWidget | None = view
    while around is not None:
        _grant_layouts()
        around = around.parentWidget()
    before = view.size()
    # the text keeps its size where the plot is given another one: it is laid out anew, not stretched
    view.resize(target.size().toSize())
    _settle_layout(view)
    _paint_as_it_is(painter, view, target)
    if view.size() != before:
        view.resize(before)
        _settle_layout(view)


def _paint_as_it_is(painter: QPainter, view: QGraphicsView, target: QRectF) -> None:
    view.render(painter, target, view.viewport().rect())


def _settle_layout(view: QGraphicsView) -> None:
    # a widget that was never shown gets its size when it is painted, and an axis learns while being painted how wide
    # its numbers are; what is laid out anew then holds from the second time on
    for _ in range(2):
        view.grab()
        _grant_layouts()


def _grant_layouts() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)


def _png(page: Page, scale: float, experiment: str, title: str) -> bytes:
    image = page.image(scale)
    image.setText("Title", title)
    image.setText("Software", "gradviz")
    if experiment:
        image.setText(EXPERIMENT_KEY, experiment)
    buffer = _open_buffer()
    if not QImageWriter(buffer, QByteArray(b"png")).write(image):
        raise ExportError("the picture could not be packed as PNG; choose a smaller scale, or SVG")
    return bytes(buffer.data().data())


def _svg(page: Page, experiment: str, title: str) -> bytes:
    buffer = _open_buffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(QPicture().logicalDpiX())
    generator.setSize(page.size)
    generator.setViewBox(QRect(0, 0, page.size.width(), page.size.height()))
    generator.setTitle(title)
    painter = QPainter(generator)
    with ExitStack() as markers:
        for view in page.views:
            markers.enter_context(svg_clipping.marked(view.scene()))
        page.paint(painter)
    painter.end()
    text = svg_strokes.on_page(svg_clipping.clip_marked(bytes(buffer.data().data()).decode()))
    # Qt's generic family is not a name that other programs know
    text = _FONT_FAMILY.sub(r'font-family="\1, sans-serif"', text)
    metadata = f"<metadata>{_experiment_element(experiment)}</metadata>\n"
    return text.replace("<defs>", metadata + "<defs>", 1).encode()


def _pdf(page: Page, experiment: str, title: str) -> bytes:
    buffer = _open_buffer()
    writer = QPdfWriter(buffer)
    resolution = QPicture().logicalDpiX()
    writer.setResolution(resolution)
    points = QSizeF(page.size) * (POINTS_PER_INCH / resolution)
    writer.setPageSize(QPageSize(points, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF())
    writer.setTitle(title)
    writer.setCreator("gradviz")
    writer.setDocumentXmpMetadata(QByteArray(xmp(experiment, title).encode()))
    painter = QPainter(writer)
    page.paint(painter)
    painter.end()
    return bytes(buffer.data().data())


def xmp(experiment: str, title: str) -> str:
    """Return the description of a file by which other programs know its title and gradviz its experiment."""
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title, quote=False)}</rdf:li></rdf:Alt></dc:title>'
        f"{_experiment_element(experiment)}</rdf:Description></rdf:RDF></x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    )


def _experiment_element(experiment: str) -> str:
    if not experiment:
        return ""
    return f'<gradviz:experiment xmlns:gradviz="{NAMESPACE}">{escape(experiment, quote=False)}</gradviz:experiment>'


def _open_buffer() -> QBuffer:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer
