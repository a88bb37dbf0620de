"""Light and dark: one palette for the widgets, made from the style of the plots, and icons in its colours."""

from __future__ import annotations

from enum import Enum
from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QGuiApplication, QIcon, QImage, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from gradviz.app.settings import ThemeChoice
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.resources import resource_path

ICON_PX = 20
# every distance is a multiple of it
GRID_PX = 4


class Type(Enum):
    """The one scale of letters, as factors of what the system uses for text."""

    SMALL = 0.9
    TEXT = 1.0
    TITLE = 1.2
    LARGE = 1.5
    HUGE = 2.2


def font_of(size: Type, *, bold: bool = False) -> QFont:
    """Return the font of that size."""
    font = QFont(QGuiApplication.font())
    font.setPointSizeF(QFontInfo(font).pointSizeF() * size.value)
    font.setBold(bold)
    return font


def style_for(choice: ThemeChoice) -> Style:
    """Return the style for `choice`, asking the system where it is left to it."""
    if choice == "system":
        hints = QGuiApplication.styleHints()
        return DARK if hints.colorScheme() is Qt.ColorScheme.Dark else LIGHT
    return DARK if choice == "dark" else LIGHT


def palette_of(style: Style) -> QPalette:
    """Return the palette that puts widgets into the colours of `style`."""
    text, muted = QColor(style.foreground), QColor(style.muted)
    background = QColor(style.background)
    dark = style.name == "dark"
    # fields stand out from the window: lighter on dark ground, white on light grey
    window = background.lighter(125) if dark else background.darker(104)
    field = background.lighter(185) if dark else background
    raised = background.lighter(210) if dark else background.darker(107)
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: window,
        QPalette.ColorRole.WindowText: text,
        QPalette.ColorRole.Base: field,
        QPalette.ColorRole.AlternateBase: raised,
        QPalette.ColorRole.Text: text,
        QPalette.ColorRole.Button: raised,
        QPalette.ColorRole.ButtonText: text,
        QPalette.ColorRole.BrightText: QColor("#ffffff"),
        QPalette.ColorRole.ToolTipBase: raised,
        QPalette.ColorRole.ToolTipText: text,
        QPalette.ColorRole.PlaceholderText: muted,
        QPalette.ColorRole.Highlight: QColor(style.accent),
        QPalette.ColorRole.HighlightedText: background,
        QPalette.ColorRole.Link: QColor(style.accent),
        QPalette.ColorRole.Accent: QColor(style.accent),
    }
    for role, colour in roles.items():
        palette.setColor(role, colour)
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, muted)
    return palette


def apply_theme(style: Style) -> None:
    """Put the whole application into `style`."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    # to set it again would have every widget there is worked out anew
    if application.style().name() != "fusion":
        application.setStyle("Fusion")
    application.setPalette(palette_of(style))


def icon(name: str, style: Style) -> QIcon:
    """Return the icon `resources/icons/<name>.svg` in the text colour of `style`, greyed where disabled."""
    source = resource_path(f"icons/{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    for mode, colour in ((QIcon.Mode.Normal, style.foreground), (QIcon.Mode.Disabled, style.muted)):
        result.addPixmap(_painted(source.replace("currentColor", colour), mode), mode)
    return result


def application_icon() -> QIcon:
    """Return the icon of the application."""
    return QIcon(str(resource_path("icon.svg")))


def _painted(svg: str, mode: QIcon.Mode) -> QPixmap:
    ratio = QGuiApplication.primaryScreen().devicePixelRatio() if QGuiApplication.primaryScreen() else 1.0
    pixmap = QPixmap.fromImage(_drawn(svg, round(ICON_PX * ratio), 0.55 if mode is QIcon.Mode.Disabled else 1.0))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


# an image, because a pixmap must not outlive the application
@cache
def _drawn(svg: str, side: int, opacity: float) -> QImage:
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setOpacity(opacity)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(image.rect()))
    painter.end()
    return image
