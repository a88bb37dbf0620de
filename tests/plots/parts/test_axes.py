from __future__ import annotations

import math
from collections.abc import Callable

import pyqtgraph as pg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from gradviz.plots.parts.axes import DecadeAxis, WholeNumberAxis, power_of_ten, relabel, whole_spacing, whole_ticks

SUPERSCRIPT = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", range(10), strict=True))


def read(words: str) -> float:
    """The exponent that a label stands for, read back character by character."""
    mantissa, _, power = words.rpartition("·")
    assert power.startswith("10")
    sign = -1 if power[2] == "⁻" else 1
    exponent = 0
    for character in power[2:].lstrip("⁻"):
        exponent = 10 * exponent + SUPERSCRIPT[character]
    return sign * exponent + math.log10(int(mantissa or 1))


@given(st.integers(-700, 300), st.sampled_from([1, 2, 5]))
def test_powers_of_ten_read_back_as_what_they_are(exponent: int, mantissa: int) -> None:
    value = exponent + math.log10(mantissa)
    assert read(power_of_ten(value)) == pytest.approx(value, abs=1e-9)


def test_powers_of_ten_as_one_writes_them() -> None:
    assert power_of_ten(-12) == "10⁻¹²"
    assert power_of_ten(0) == "10⁰"
    assert power_of_ten(-3 + math.log10(2)) == "2·10⁻³"


@given(st.floats(-1000, 1000), st.floats(0.5, 100_000), st.floats(1, 40))
def test_ticks_are_as_close_as_there_is_room(low: float, length: float, most: float) -> None:
    spacing = whole_spacing(low, low + length, most)
    assert length / spacing <= most
    assert str(spacing).rstrip("0") in {"1", "2", "5"}
    assert spacing == 1 or length / (spacing / 2.5) > most


def test_layers_begin_at_one_and_steps_at_zero() -> None:
    assert whole_ticks(0.5, 10.5, 5, 1) == [1, 5, 10]
    assert whole_ticks(0.5, 10.5, 2, 1) == [1, 3, 5, 7, 9]
    assert whole_ticks(0.5, 2.5, 1, 1) == [1, 2]
    assert whole_ticks(-0.5, 9.5, 5, 0) == [0, 5]
    assert whole_ticks(20.5, 40.5, 10, 1) == [30, 40]
    assert whole_ticks(-45.5, -24, 10, None) == [-40, -30]


@pytest.mark.parametrize("make", [lambda: WholeNumberAxis("left", first=1), lambda: DecadeAxis("left")])
def test_an_inverted_view_changes_no_tick(make: Callable[[], WholeNumberAxis | DecadeAxis], qapp: object) -> None:
    axis = make()
    upright, reversed_ends = axis.tickValues(0.5, 30.5, 300), axis.tickValues(30.5, 0.5, 300)
    assert upright == reversed_ends
    assert len(upright[0][1]) > 3


def test_decades_are_labelled_and_parts_of_them_where_there_are_few(qapp: object) -> None:
    axis = DecadeAxis("left")
    [(spacing, ticks)] = axis.tickValues(-45, -1, 400)
    assert ticks == [-45, -40, -35, -30, -25, -20, -15, -10, -5]
    assert axis.tickStrings(ticks[:2], 1, spacing) == ["10⁻⁴⁵", "10⁻⁴⁰"]
    [(spacing, ticks)] = axis.tickValues(-3, -2, 400)
    assert axis.tickStrings(ticks, 1, spacing) == ["10⁻³", "2·10⁻³", "5·10⁻³", "10⁻²"]


def test_the_same_axis_shows_ordinary_numbers_if_told(qapp: object) -> None:
    axis = DecadeAxis("left")
    axis.set_logarithmic(False)
    [(spacing, ticks)] = axis.tickValues(-0.1, 0.1, 300)
    assert "0.05" in axis.tickStrings(ticks, 1, spacing)


def test_another_label_stands_in_the_middle_as_the_first_one_did(qtbot: QtBot) -> None:
    view = pg.GraphicsLayoutWidget()
    qtbot.addWidget(view)
    view.resize(600, 300)
    axis = view.addPlot().getAxis("bottom")
    axis.setLabel("step")
    view.show()
    view.grab()
    for text in ("step", "step (each column: maximum of 16 steps)"):
        relabel(axis, text)
        label = axis.label
        middle = label.pos().x() + label.boundingRect().width() / 2
        assert middle == pytest.approx(axis.size().width() / 2, abs=1)
