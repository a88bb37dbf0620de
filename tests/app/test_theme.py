"""Light and dark can be read: contrast by the formula of the Web Content Accessibility Guidelines (2.2, 1.4.3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from gradviz.app import theme
from gradviz.app.commands import COMMANDS
from gradviz.app.theme import ICON_PX, application_icon, apply_theme, icon, palette_of, style_for
from gradviz.plots.parts.style import DARK, LIGHT, Style

STYLES = [LIGHT, DARK]
ENOUGH_FOR_TEXT = 4.5
ENOUGH_FOR_SYMBOLS = 3.0
ROLES = QPalette.ColorRole

TEXT_ON_GROUND = [
    (ROLES.WindowText, ROLES.Window),
    (ROLES.Text, ROLES.Base),
    (ROLES.Text, ROLES.AlternateBase),
    (ROLES.ButtonText, ROLES.Button),
    (ROLES.ToolTipText, ROLES.ToolTipBase),
    (ROLES.PlaceholderText, ROLES.Base),
    (ROLES.PlaceholderText, ROLES.Window),
    (ROLES.HighlightedText, ROLES.Highlight),
    (ROLES.Link, ROLES.Window),
    (ROLES.Link, ROLES.Base),
]


@pytest.fixture(autouse=True)
def look_of_before(qapp: QApplication) -> Iterator[None]:
    palette, style = qapp.palette(), qapp.style().name()
    yield
    qapp.setStyle(style)
    qapp.setPalette(palette)


def luminance(colour: QColor) -> float:
    """Relative luminance of sRGB, from 0 for black to 1 for white."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_gives_the_figures_of_the_guidelines() -> None:
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21.0)
    # the grey that the guidelines' authors give as the lightest one allowed on white
    assert contrast(QColor("#767676"), QColor("#ffffff")) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND, ids=lambda role: role.name)
def test_text_can_be_read(style: Style, text: ROLES, ground: ROLES) -> None:
    palette = palette_of(style)
    assert contrast(palette.color(text), palette.color(ground)) >= ENOUGH_FOR_TEXT


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
@pytest.mark.parametrize("text", [ROLES.WindowText, ROLES.Text, ROLES.ButtonText], ids=lambda role: role.name)
def test_what_is_greyed_can_be_read_and_is_fainter(style: Style, text: ROLES) -> None:
    palette = palette_of(style)
    greyed = palette.color(QPalette.ColorGroup.Disabled, text)
    window = palette.color(ROLES.Window)
    # the reasons why fields do not apply are written in it
    assert contrast(greyed, window) >= ENOUGH_FOR_TEXT
    assert contrast(greyed, window) < contrast(palette.color(text), window)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_the_words_in_plots_can_be_read(style: Style) -> None:
    ground = QColor(style.background)
    assert contrast(QColor(style.foreground), ground) >= ENOUGH_FOR_TEXT
    assert contrast(QColor(style.muted), ground) >= ENOUGH_FOR_TEXT


def test_dark_is_dark_and_light_is_light() -> None:
    for role in (ROLES.Window, ROLES.Base, ROLES.Button, ROLES.ToolTipBase):
        assert luminance(palette_of(DARK).color(role)) < 0.08
        assert luminance(palette_of(LIGHT).color(role)) > 0.7


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_the_whole_application_takes_the_theme(qapp: QApplication, style: Style) -> None:
    apply_theme(style)
    assert qapp.style().name().lower() == "fusion"
    assert qapp.palette().color(ROLES.Window) == palette_of(style).color(ROLES.Window)


@pytest.mark.parametrize(
    ("choice", "scheme", "style"),
    [
        ("light", "Dark", LIGHT),
        ("dark", "Light", DARK),
        ("system", "Dark", DARK),
        ("system", "Light", LIGHT),
        ("system", "Unknown", LIGHT),
    ],
)
def test_a_choice_wins_over_the_system(monkeypatch: pytest.MonkeyPatch, choice: str, scheme: str, style: Style) -> None:
    class Hints:
        @staticmethod
        def colorScheme() -> object:
            return getattr(theme.Qt.ColorScheme, scheme)

    monkeypatch.setattr(QGuiApplication, "styleHints", Hints)
    assert style_for(choice) is style  # type: ignore[arg-type]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
@pytest.mark.parametrize("name", sorted({command.icon for command in COMMANDS if command.icon}))
def test_every_icon_is_drawn_in_the_colour_of_the_text(qapp: object, name: str, style: Style) -> None:
    ground = palette_of(style).color(ROLES.Button)
    drawn = icon(name, style)
    strongest = {}
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled):
        image = drawn.pixmap(QSize(ICON_PX, ICON_PX), 1.0, mode).toImage()
        pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        opaque = max(pixels, key=lambda colour: colour.alpha())
        seen = QColor.fromRgbF(
            *(
                opaque.alphaF() * part + (1 - opaque.alphaF()) * under
                for part, under in zip(opaque.getRgbF()[:3], ground.getRgbF()[:3], strict=True)
            )
        )
        strongest[mode] = contrast(seen, ground)
    assert strongest[QIcon.Mode.Normal] >= ENOUGH_FOR_SYMBOLS
    assert strongest[QIcon.Mode.Disabled] < strongest[QIcon.Mode.Normal]


def test_the_application_has_an_icon(qapp: object) -> None:
    assert not application_icon().pixmap(64, 64).isNull()
