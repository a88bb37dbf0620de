from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from gradviz.plots.parts.colours import (
    COLOURS,
    EXACTLY_ZERO,
    FIRST_COLOUR,
    NOT_FINITE,
    NOT_MEASURED,
    NOT_YET,
    colour_table,
    lookup_table,
)
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.recording.frame import Quantity

LOGARITHMIC = Quantity("norm", "Norm", "", "")
LINEAR = Quantity("share", "Share", "", "", scale="linear")
SIGNED = Quantity("mean", "Mean", "", "", scale="linear", signed=True)
STYLES = pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
MAPS = pytest.mark.parametrize("quantity", [LOGARITHMIC, SIGNED], ids=lambda quantity: quantity.name)

# linear RGB as it is seen: Machado, Oliveira and Fernandes 2009, severity 1
VISIONS = {
    "ordinary": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# sRGB to CIE XYZ under D65 (IEC 61966-2-1)
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)

Lab = NDArray[np.float64]


def lab(colours: object, vision: str = "ordinary") -> Lab:
    """CIE 1976 L*a*b* of sRGB colours 0 to 255 [..., 3]."""
    share = np.asarray(colours, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ VISIONS[vision].T, 0, 1) @ TO_XYZ.T / TO_XYZ.sum(1)
    root = np.where(seen > 216 / 24389, np.cbrt(seen), (24389 / 27 * seen + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def nearest(colour: NDArray[np.uint8], others: NDArray[np.uint8], vision: str) -> float:
    return float(np.linalg.norm(lab(colour[:3], vision) - lab(others[:, :3], vision), axis=-1).min())


def test_the_distance_rests_on_known_values() -> None:
    np.testing.assert_allclose(lab([255, 0, 0]), [53.24, 80.09, 67.20], atol=0.02)
    np.testing.assert_allclose(lab([255, 255, 255]), [100, 0, 0], atol=0.02)


@STYLES
@MAPS
@pytest.mark.parametrize("index", [EXACTLY_ZERO, NOT_FINITE])
def test_what_is_no_number_on_the_scale_looks_like_none(style: Style, quantity: Quantity, index: int) -> None:
    table = lookup_table(quantity, style)
    assert nearest(table[index], table[FIRST_COLOUR:], "ordinary") > 50
    for vision in VISIONS:
        # 2.3 is a just noticeable difference
        assert nearest(table[index], table[FIRST_COLOUR:], vision) > 15, vision


@STYLES
def test_reserved_colours_cannot_be_taken_for_each_other(style: Style) -> None:
    reserved = lookup_table(LOGARITHMIC, style)[[NOT_MEASURED, EXACTLY_ZERO, NOT_FINITE]]
    for one, other in itertools.combinations(reserved, 2):
        for vision in VISIONS:
            assert nearest(one, other[None], vision) > 20, vision


@STYLES
def test_lines_can_be_told_apart(style: Style) -> None:
    colours = np.array(
        [[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in style.series], np.uint8
    )
    # the two that always share a plot, then any two
    for vision in VISIONS:
        assert nearest(colours[0], colours[1:2], vision) > 30, vision
        assert min(nearest(one, other[None], vision) for one, other in itertools.combinations(colours, 2)) > 10, vision


@STYLES
def test_the_table_holds_the_colours_of_the_style(style: Style) -> None:
    table = lookup_table(LOGARITHMIC, style)
    assert table.shape == (256, 4)
    assert table.dtype == np.uint8
    assert (table[:, 3] == 255).all()
    names = ["#" + bytes(row[:3]).hex() for row in table]
    assert names[NOT_YET] == style.background
    assert names[NOT_MEASURED] == style.not_measured_colour
    assert names[EXACTLY_ZERO] == style.zero_colour
    assert names[NOT_FINITE] == style.nan_colour


def test_a_larger_magnitude_is_lighter_by_as_much_everywhere() -> None:
    lightness = lab(colour_table(LOGARITHMIC)[:, :3])[:, 0]
    steps = np.diff(lightness)
    # 8-bit colours put some noise on single entries; over stretches of 16 the slope is even
    assert steps.min() > -0.5
    slopes = lightness[16:] - lightness[:-16]
    assert slopes.max() / slopes.min() < 1.5


def test_signed_values_get_a_scale_with_a_neutral_middle() -> None:
    table = colour_table(SIGNED)
    colourfulness = np.linalg.norm(lab(table[:, :3])[:, 1:], axis=1)
    assert abs(int(colourfulness.argmin()) - COLOURS // 2) < 12
    assert colourfulness[[0, -1]].min() > 50
    assert (np.diff(lab(table[:, :3])[:, 0]) > -0.5).all()


def test_only_signed_values_are_drawn_as_such() -> None:
    np.testing.assert_array_equal(colour_table(LINEAR), colour_table(LOGARITHMIC))
    np.testing.assert_array_equal(colour_table(None), colour_table(LOGARITHMIC))
    assert not np.array_equal(colour_table(SIGNED), colour_table(LINEAR))
    assert colour_table(SIGNED).shape == (COLOURS, 4)
