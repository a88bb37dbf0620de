from __future__ import annotations

import re

import numpy as np
import pytest

from gradviz.plots.pages.svg_strokes import on_page

WISH = 'vector-effect="non-scaling-stroke"'


def svg(matrix: str, shape: str) -> str:
    return f'<svg><g fill="none" transform="matrix({matrix})">\n{shape}\n</g></svg>'


def page_points(text: str, attribute: str) -> np.ndarray:
    data = re.search(rf' {attribute}="([^"]*)"', text)[1]
    return np.array([[float(part) for part in pair] for pair in re.findall(r"([-\d.]+),([-\d.]+)", data)])


@pytest.mark.parametrize("matrix", ["2,0,0,-3,10,20", "1,0,0,1,0,0", "0,-1,1,0,5,5", "1e-05,0,0,12,1,2"])
@pytest.mark.parametrize(
    ("shape", "attribute"),
    [
        (f'<path {WISH} fill-rule="evenodd" d="M0,10 L-1.5,2e1 C1,2 3,4 5,6 Z "/>', "d"),
        (f'<polyline fill="none" {WISH} points="0,10 -1.5,2e1 1,2 3,4 5,6 " />', "points"),
    ],
)
def test_points_move_to_the_page_and_stay_where_they_were(matrix: str, shape: str, attribute: str) -> None:
    a, b, c, d, e, f = (float(part) for part in matrix.split(","))
    points = np.array([[0, 10], [-1.5, 20], [1, 2], [3, 4], [5, 6]])
    changed = on_page(svg(matrix, shape))
    wanted = points @ np.array([[a, b], [c, d]]) + [e, f]
    np.testing.assert_allclose(page_points(changed, attribute), wanted, atol=1e-3)
    assert WISH not in changed
    inner = re.search(r'<(?:path|polyline) [^>]*transform="matrix\(([^)]*)\)"', changed)[1]
    outer, inner = (
        np.vstack([np.array([float(part) for part in text.split(",")]).reshape(3, 2).T, [0, 0, 1]])
        for text in (matrix, inner)
    )
    np.testing.assert_allclose(outer @ inner, np.eye(3), atol=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        svg("2,0,0,2,0,0", '<path vector-effect="none" fill-rule="evenodd" d="M0,10 L1,2"/>'),
        svg("2,0,0,2,0,0", f'<text x="1">d="1,2" {WISH[:-1]}</text>'),
        svg("0,0,0,0,0,0", f'<path {WISH} d="M0,10"/>'),
        f'<svg><path {WISH} d="M1,2"/></svg>',
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert on_page(text) == text
