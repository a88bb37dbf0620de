"""Runs with known numbers for reports, and what there is in a page."""

from __future__ import annotations

import base64
import io
import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from gradviz.experiment import Row
from gradviz.recording.frame import Frame, Observation, Quantity, Started
from gradviz.recording.history import History
from gradviz.report.markup import EMPTY_ELEMENTS

NORM = Quantity("weight_grad_norm", "Weight gradient norm", "|g|", "made up, a logarithm")
DEAD = Quantity("dead_fraction", "Dead units", "share of units", "made up, a share", scale="linear", bounds=(0.0, 1.0))
HOSTILE = "<script>alert(1)</script>\"'&\x00\ud800]]>"


def made_up(rows: int = 6, steps: int = 30, title: str = "made up", names: Sequence[str] = ()) -> History:
    """A watched run: norms fall by a decade a row, the loss is 8 / (step + 1), a further number is told every tenth."""
    known = tuple(Row(names[number] if names else f"layers.{number}", group="g") for number in range(rows))
    history = History(Started(title, known, (NORM, DEAD), "float32", 100, "cpu", 1))
    for step in range(steps):
        norms = np.arange(rows, dtype=np.float32) - rows + 0.5
        measured = {NORM.name: norms} | ({DEAD.name: np.full(rows, 0.25, np.float32)} if step % 10 == 0 else {})
        scalars = {"temperature": float(step)} if step % 10 == 0 else {}
        history.append(Frame(step, 8.0 / (step + 1), 0.5, 0.1, measured, scalars=scalars))
    return history


def observe(history: History, kind: str, *names: str, step: int = 3, **numbers: float) -> None:
    history.append(Observation(step, kind, names=names, numbers=tuple(numbers.items())))


class Elements(HTMLParser):
    """Collects the elements of a page as a browser reads it, and fails where one is closed that is not open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in EMPTY_ELEMENTS:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def tree_of(page: str) -> ET.Element:
    """Parse a page as strictly as XML is parsed."""
    doctype, _, rest = page.partition("\n")
    assert doctype == "<!DOCTYPE html>"
    return ET.fromstring(rest)


def image_in(address: str) -> Image.Image:
    """Open the PNG that an address carries."""
    head, _, content = address.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content, validate=True)))


def points_of(path: str) -> list[tuple[float, float]]:
    """Return the points of a path of straight pieces."""
    places = [piece.split() for piece in path.replace("M", "L").split("L") if piece]
    found = [(float(across), float(up)) for across, up in places]
    assert all(math.isfinite(value) for point in found for value in point)
    return found
