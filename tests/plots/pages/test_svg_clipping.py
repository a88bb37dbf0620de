from __future__ import annotations

from xml.etree import ElementTree

import pyqtgraph as pg
import pytest

from gradviz.plots.pages.svg_clipping import clip_marked, marked

SVG = """<svg><defs>
</defs>
<g id="page">
<g stroke="red">
<text>before</text>
<text x="0">gradviz-clip begin 1.000 2.000 30.000 40.000 </text>
<path id="inside"/>
</g>
<g stroke="blue">
<path id="inside-too"/>
<text x="0">gradviz-clip end 1.000 2.000 30.000 40.000</text>
<text>after</text>
</g>
<g stroke="green">
<text>gradviz-clip begin -5.000 0.000 1.000 1.000</text>
<text>gradviz-clip end -5.000 0.000 1.000 1.000</text>
</g>
</g>
</svg>"""


def test_what_lies_between_the_markers_is_clipped_and_keeps_its_state() -> None:
    root = ElementTree.fromstring(clip_marked(SVG))
    rects = [[rect.get(name) for name in ("x", "y", "width", "height")] for rect in root.iter("rect")]
    assert rects == [["1.000", "2.000", "30.000", "40.000"], ["-5.000", "0.000", "1.000", "1.000"]]
    assert [clip.get("id") for clip in root.iter("clipPath")] == ["gradviz-clip-1", "gradviz-clip-2"]
    first, second = (group for group in root.iter("g") if group.get("clip-path"))
    assert [(path.get("id")) for path in first.iter("path")] == ["inside", "inside-too"]
    strokes = {path.get("id"): group.get("stroke") for group in first for path in group if path.tag == "path"}
    assert strokes == {"inside": "red", "inside-too": "blue"}
    assert list(second.iter("path")) == []
    words = {text.text: group.get("stroke") for group in root.iter("g") for text in group if text.tag == "text"}
    assert words == {"before": "red", "after": "blue"}


def test_without_markers_nothing_but_space_is_added() -> None:
    text = "<svg><defs>\n</defs><g id='a'><path/></g></svg>"
    assert clip_marked(text).split() == text.split()


def test_markers_go_away_whatever_happens(qtbot: object) -> None:
    view = pg.GraphicsLayoutWidget()
    view.addPlot()
    view.addPlot()
    before = set(view.scene().items())
    with pytest.raises(KeyError), marked(view.scene()):  # noqa: PT012
        assert len(view.scene().items()) == len(before) + 4
        raise KeyError
    assert set(view.scene().items()) == before
    view.close()
