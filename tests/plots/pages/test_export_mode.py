from __future__ import annotations

from collections.abc import Iterator

import pyqtgraph as pg
import pytest

from gradviz.plots.pages.export_mode import export_mode


@pytest.fixture
def view(qtbot: object) -> Iterator[pg.GraphicsLayoutWidget]:
    view = pg.GraphicsLayoutWidget()
    plot = view.addPlot()
    plot.plot([0, 1], [0, 1], pen=pg.mkPen("r", width=2))
    plot.plot([0, 1], [0, 1], pen=None, symbol="o", symbolPen=pg.mkPen("b", width=0.5))
    plot.addItem(pg.InfiniteLine(0.5, pen=pg.mkPen("g", width=3)))
    yield view
    view.close()


def widths(view: pg.GraphicsLayoutWidget) -> list[float]:
    plot = view.getItem(0, 0)
    curve, points = plot.listDataItems()
    line = next(item for item in plot.items if isinstance(item, pg.InfiniteLine))
    axis = plot.getAxis("left")
    pens = [curve.curve.opts["pen"], points.scatter.opts["pen"], line.currentPen, axis.pen(), axis.tickPen()]
    return [pen.widthF() for pen in pens]


def test_every_kind_of_line_is_widened_and_put_back(view: pg.GraphicsLayoutWidget) -> None:
    before = widths(view)
    with export_mode(view.scene(), 3.0):
        # a pen thinner than a pixel is drawn a pixel wide
        assert widths(view) == [3.0 * max(width, 1.0) for width in before]
    assert widths(view) == before == [2.0, 0.5, 3.0, 1.0, 1.0]


def test_symbols_are_drawn_as_shapes_only_meanwhile(view: pg.GraphicsLayoutWidget) -> None:
    items = [item for item in view.scene().items() if isinstance(item, pg.GraphicsItem)]
    with export_mode(view.scene(), 1.0):
        assert all(item._exportOpts for item in items)
    assert not any(item._exportOpts for item in items)


def test_a_failure_puts_everything_back(view: pg.GraphicsLayoutWidget) -> None:
    before = widths(view)
    with pytest.raises(KeyError), export_mode(view.scene(), 2.0):
        raise KeyError
    assert widths(view) == before
