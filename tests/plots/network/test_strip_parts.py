"""What a drawing of a network shows of many rows, as data."""

from __future__ import annotations

import numpy as np
import pytest

from gradviz.plots.heatmaps.quantize import quantize
from gradviz.plots.network.strip_parts import ARC_PX, NODE_PX, Column, arc_of, column_of, groups_of, nodes_of
from gradviz.plots.parts.colour_indices import EXACTLY_ZERO, NOT_FINITE, NOT_MEASURED

LIMITS = (-10.0, 0.0)


def column(values: list[float], missing: tuple[int, ...] = ()) -> Column:
    measured = np.array([row not in missing for row in range(1, len(values) + 1)])
    return column_of(np.array(values, np.float32), measured, LIMITS, logarithmic=True)


def test_colours_are_those_of_the_heatmap_and_shares_places_on_its_scale() -> None:
    values = [-10.0, -7.5, -5.0, 0.0, 3.0, -20.0]
    drawn = column(values)
    expected = quantize(np.array([values], np.float32), np.array([True]), *LIMITS, logarithmic=True)[0]
    np.testing.assert_array_equal(drawn.indices, expected)
    assert drawn.shares == pytest.approx([0.0, 0.25, 0.5, 1.0, 1.0, 0.0])


def test_what_is_no_value_has_a_colour_of_its_own_and_no_width() -> None:
    drawn = column([-1.0, -np.inf, np.nan, -1.0], missing=(4,))
    assert list(drawn.indices[1:]) == [EXACTLY_ZERO, NOT_FINITE, NOT_MEASURED]
    assert list(drawn.shares[1:]) == [0.0, 0.0, 0.0]


def test_with_room_each_row_has_a_node() -> None:
    drawn = column([-4.0, -3.0, -2.0, -1.0])
    nodes = nodes_of(drawn, 20.0, 2, 3)
    assert [(node.first, node.last) for node in nodes] == [(2, 2), (3, 3)]
    assert [node.share for node in nodes] == pytest.approx([0.7, 0.8])


def test_without_room_a_node_shows_the_largest_of_its_rows() -> None:
    rng = np.random.default_rng(1)
    values = rng.uniform(-10, 0, 1000)
    nodes = nodes_of(column(list(values)), 0.5, 1, 1000)
    each = int(NODE_PX / 0.5)
    assert [node.first for node in nodes] == list(range(1, 1001, each))
    assert nodes[-1].last == 1000
    for node in nodes:
        largest = values[node.first - 1 : node.last].max()
        assert node.share == pytest.approx((largest + 10) / 10, abs=1e-6)


@pytest.mark.parametrize(("bad", "colour"), [(np.nan, NOT_FINITE), (-np.inf, EXACTLY_ZERO)])
def test_one_row_without_a_signal_shows_in_a_node_of_many(bad: float, colour: int) -> None:
    values = [-1.0] * 100
    values[57] = bad
    nodes = nodes_of(column(values), 0.5, 1, 100)
    assert [node.colour == colour for node in nodes] == [node.first <= 58 <= node.last for node in nodes]


def test_the_same_rows_share_a_node_wherever_the_view_begins() -> None:
    drawn = column([-1.0] * 100)
    ends = {(node.first, node.last) for node in nodes_of(drawn, 1.0, 1, 100)}
    assert {(node.first, node.last) for node in nodes_of(drawn, 1.0, 17, 60)} <= ends


def test_an_arc_has_the_colour_of_the_row_at_which_it_joins() -> None:
    drawn = column([-9.0, -1.0, -8.0, -2.0])
    assert groups_of(((1, 2), (3, 4)), 20.0, 1, 4) == [(1, 2, 1), (3, 4, 1)]
    assert [arc_of(drawn, *ends).colour for ends in ((1, 2), (3, 4))] == [drawn.indices[1], drawn.indices[3]]


def test_arcs_too_low_to_be_told_apart_become_one_and_none_is_lost() -> None:
    spans = tuple((row, row + 1) for row in range(1, 1000, 2))
    groups = groups_of(spans, 0.5, 1, 1000)
    assert sum(count for _, _, count in groups) == len(spans)
    assert all((last - first + 1) * 0.5 >= ARC_PX for first, last, _ in groups[:-1])
    assert len(groups) <= 1000 * 0.5 / ARC_PX + 1
    # those with rows between them stay apart
    assert len(groups_of(((1, 2), (6, 7)), 0.5, 1, 8)) == 2


def test_arcs_out_of_sight_are_left_out() -> None:
    assert groups_of(((1, 2), (3, 4), (5, 6)), 20.0, 4, 4) == [(3, 4, 1)]
