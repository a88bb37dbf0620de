"""Lines of an SVG that keep their width in every program and grow with the picture.

QSvgGenerator writes pyqtgraph's lines in the coordinates of the data and asks for a stroke that does not scale. Many
programs do not know that wish and draw lines as wide as the data is stretched; the others keep them a pixel wide on
a poster. Here the points of such a line are moved to the page, where its width means what it says.
"""

from __future__ import annotations

import re

_GROUP = re.compile(r'(<g [^>]*transform="matrix\(([^)]*)\)"[^>]*>)(.*?)(?=</g>)', re.DOTALL)
_NON_SCALING = re.compile(r'<(path|polyline|polygon) ([^>]*?) ?(d|points)="([^"]*)"')
_POINT = re.compile(r"([-+.\de]+),([-+.\de]+)")
_WISH = 'vector-effect="non-scaling-stroke"'

Matrix = tuple[float, float, float, float, float, float]


def on_page(svg: str) -> str:
    """Return the SVG text with every line that should not scale drawn in page coordinates."""
    return _GROUP.sub(_convert_group, svg)


def _convert_group(group: re.Match[str]) -> str:
    opening, numbers, content = group.groups()
    if _WISH not in content:
        return group[0]
    a, b, c, d, e, f = (float(number) for number in numbers.split(","))
    determinant = a * d - b * c
    if determinant == 0:
        return group[0]
    matrix = (a, b, c, d, e, f)
    inverse = _inverse(matrix, determinant)
    return opening + _NON_SCALING.sub(lambda shape: _convert_shape(shape, matrix, inverse), content)


def _convert_shape(shape: re.Match[str], matrix: Matrix, inverse: str) -> str:
    kind, attributes, name, points = shape.groups()
    if _WISH not in attributes:
        return shape[0]
    a, b, c, d, e, f = matrix

    def moved(point: re.Match[str]) -> str:
        x, y = float(point[1]), float(point[2])
        return f"{a * x + c * y + e:.3f},{b * x + d * y + f:.3f}"

    attributes = attributes.replace(_WISH, f'transform="matrix({inverse})"')
    return f'<{kind} {attributes} {name}="{_POINT.sub(moved, points)}"'


def _inverse(matrix: Matrix, determinant: float) -> str:
    a, b, c, d, e, f = matrix
    linear = (d / determinant, -b / determinant, -c / determinant, a / determinant)
    offset = (-(linear[0] * e + linear[2] * f), -(linear[1] * e + linear[3] * f))
    return ",".join(f"{number:.12g}" for number in (*linear, *offset))
