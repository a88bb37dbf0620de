from __future__ import annotations

import dataclasses
import re

import pytest

from gradviz.plots.parts.style import DARK, LIGHT, Style

TEXT_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3
GRAPHICS_CONTRAST = 3.0  # 1.4.11


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    shares = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_gives_the_figures_that_are_known() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
@pytest.mark.parametrize("name", ["foreground", "muted", "accent"])
def test_text_can_be_read(style: Style, name: str) -> None:
    assert contrast(getattr(style, name), style.background) >= TEXT_CONTRAST


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_lines_and_marks_stand_out(style: Style) -> None:
    for colour in (*style.series, style.zero_colour, style.nan_colour):
        assert contrast(colour, style.background) >= GRAPHICS_CONTRAST, colour


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_every_colour_is_written_in_full(style: Style) -> None:
    values = dataclasses.asdict(style)
    assert values.pop("name") == ("light" if style is LIGHT else "dark")
    colours = [*values.pop("series"), *values.values()]
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
    assert len(set(style.series)) == len(style.series)
