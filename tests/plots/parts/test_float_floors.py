from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
import pytest

from gradviz.plots.parts.float_floors import FloatFloors, floors


@pytest.mark.parametrize(("double", "kind"), [(False, np.float32), (True, np.float64)])
def test_the_floors_are_where_numpy_has_them(double: bool, kind: type[np.floating]) -> None:
    info = np.finfo(kind)
    # math.log10 takes float64's smallest subnormal exactly
    wanted = [math.log10(float(info.smallest_normal)), math.log10(float(info.smallest_subnormal))]
    assert list(floors(double).values()) == pytest.approx(wanted, abs=1e-9)
    for words, exponent in floors(double).items():
        mantissa, _, power = words.rpartition(", ")[2].partition("e")
        assert math.log10(float(mantissa)) + int(power) == pytest.approx(exponent, abs=0.02), words


def test_only_floors_in_range_are_shown(qtbot: object) -> None:
    view = pg.GraphicsLayoutWidget()
    lines = FloatFloors(view.addPlot())
    lines.show((-40.0, 0.0), double=False)
    assert lines.shown == pytest.approx([-37.93], abs=0.01)
    lines.show((-50.0, 0.0), double=False)
    assert lines.shown == pytest.approx([-37.93, -44.85], abs=0.01)
    lines.show((-50.0, 0.0), double=True)
    assert lines.shown == []
    lines.show(None, double=False)
    assert lines.shown == []
    view.close()


def test_floors_that_lie_close_share_one_label() -> None:
    view = pg.GraphicsLayoutWidget()
    lines = FloatFloors(view.addPlot())
    lines.show((-640.0, 0.0), double=False)
    assert lines.words == ["", "float32 ends"]
    lines.show((-50.0, 0.0), double=False)
    assert all("float32, " in words for words in lines.words)
    view.close()
