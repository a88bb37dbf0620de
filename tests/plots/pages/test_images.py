from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyqtgraph as pg
import pytest
from PIL import Image
from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPicture
from PySide6.QtSvg import QSvgRenderer

from gradviz.errors import ExperimentError, ExportError
from gradviz.experiment import Experiment, from_json, to_json
from gradviz.plots.pages.images import Placement, copy_to_clipboard, read_experiment, save_picture

EXPERIMENT = Experiment().changed(title='Größe <&> "1" ]]>', depth=7)
SVG = "{http://www.w3.org/2000/svg}"
WIDTH, HEIGHT = 420, 300


def make_view(curve: np.ndarray) -> pg.GraphicsLayoutWidget:
    """A plot with everything that pictures go wrong about: image, thin curve, symbols, axes with labels."""
    view = pg.GraphicsLayoutWidget()
    view.setBackground("#ffffff")
    plot = view.addPlot(title="Norm & more")
    plot.setLabel("left", "layer")
    plot.setLabel("bottom", "step")
    levels = np.arange(30 * 50, dtype=np.uint8).reshape(30, 50)
    plot.addItem(pg.ImageItem(levels, axisOrder="row-major"))
    plot.plot(np.arange(50), curve, pen=pg.mkPen("#ff0000", width=1))
    plot.plot([10, 20], [25, 25], pen=None, symbol="s", symbolBrush="#0000ff", symbolPen=None)
    plot.setRange(xRange=(0, 60), yRange=(0, 40), padding=0)
    view.resize(WIDTH, HEIGHT)
    return view


@pytest.fixture
def view(qtbot: object) -> Iterator[pg.GraphicsLayoutWidget]:
    view = make_view(np.full(50, 35.0))
    yield view
    view.close()


def placed(view: pg.GraphicsLayoutWidget, x: float = 0, width: float = WIDTH) -> Placement:
    return Placement(view, QRectF(x, 0, width, HEIGHT))


def save(path: Path, *placements: Placement, scale: float = 1, background: str = "#ffffff") -> Path:
    save_picture(
        path, placements, scale=scale, background=background, experiment_json=to_json(EXPERIMENT), title="A <title>"
    )
    return path


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def rasterised(path: Path, width: int = WIDTH) -> np.ndarray:
    """The SVG as Qt's own renderer paints it, [rows, columns, 3]."""
    image = QImage(width, HEIGHT, QImage.Format.Format_RGB888)
    image.fill(0xFFFFFF)
    painter = QPainter(image)
    QSvgRenderer(str(path)).render(painter)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(HEIGHT, image.bytesPerLine())
    return rows[:, : 3 * width].reshape(HEIGHT, width, 3).astype(int)


def left_axis(picture: np.ndarray) -> int:
    """The column that holds the longest grey line."""
    grey = (np.ptp(picture, axis=2) < 30) & (picture.mean(axis=2) < 200)
    return int(grey[:, : picture.shape[1] // 2].sum(axis=0).argmax())


def is_red(picture: np.ndarray) -> np.ndarray:
    return (picture[..., 0] > 200) & (picture[..., 1] < 120) & (picture[..., 2] < 120)


def svg_texts(path: Path) -> list[str]:
    return ["".join(text.itertext()).strip() for text in ElementTree.parse(path).iter(f"{SVG}text")]


def pdf_objects(content: bytes) -> dict[int, bytes]:
    found = re.findall(rb"(?<![\d])(\d+) 0 obj\s(.*?)endobj", content, re.DOTALL)
    return {int(number): body for number, body in found}


def stream(body: bytes) -> bytes:
    head, _, rest = body.partition(b"stream\n")
    packed = rest.rpartition(b"endstream")[0]
    return zlib.decompressobj().decompress(packed) if b"FlateDecode" in head else packed


def pdf_texts(content: bytes) -> str:
    """What a reader that looks for words finds in a PDF with one font: its glyphs, mapped back through ToUnicode."""
    objects = pdf_objects(content)
    maps = {number: body for number, body in objects.items() if b"begincmap" in body}
    letters: dict[int, str] = {}
    for body in maps.values():
        text = stream(body)
        for first, last, target in re.findall(rb"<(\w{4})> <(\w{4})> <(\w{4})>", text):
            for code in range(int(first, 16), int(last, 16) + 1):
                letters[code] = chr(int(target, 16) + code - int(first, 16))
        for first, _, targets in re.findall(rb"<(\w{4})> <(\w{4})> \[([^\]]*)\]", text):
            for offset, target in enumerate(re.findall(rb"<(\w{4})>", targets)):
                letters[int(first, 16) + offset] = chr(int(target, 16))
    pages = [stream(body) for body in objects.values() if b"stream" in body and b"FlateDecode" in body[:100]]
    drawn = next(page for page in pages if b"BT" in page and b"ET" in page)
    words = []
    for block in re.findall(rb"BT(.*?)ET", drawn, re.DOTALL):
        codes = "".join(code.decode() for code in re.findall(rb"<([0-9a-fA-F]+)>", block))
        words.append("".join(letters[int(codes[at : at + 4], 16)] for at in range(0, len(codes), 4)))
    return " ".join(words)


def test_png_has_the_size_the_resolution_and_the_experiment(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    for scale in (1, 2, 3):
        picture = Image.open(save(tmp_path / "a.png", placed(view), scale=scale))
        assert picture.size == (WIDTH * scale, HEIGHT * scale)
        assert picture.info["dpi"][0] == pytest.approx(QPicture().logicalDpiX() * scale, abs=0.1)
        assert from_json(picture.text["gradviz-experiment"]) == EXPERIMENT
        assert picture.text["Title"] == "A <title>"


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_experiment_comes_back(view: pg.GraphicsLayoutWidget, tmp_path: Path, suffix: str) -> None:
    assert from_json(read_experiment(save(tmp_path / f"a.{suffix}", placed(view)))) == EXPERIMENT


def test_files_without_an_experiment(tmp_path: Path) -> None:
    Image.new("RGB", (3, 3)).save(tmp_path / "other.png")
    (tmp_path / "other.svg").write_text("<svg/>")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for name in ("other.png", "other.svg", "broken.png"):
        assert read_experiment(tmp_path / name) is None
    with pytest.raises(ExperimentError, match="cannot read"):
        read_experiment(tmp_path / "missing.png")


def test_lines_are_as_wide_as_on_screen_at_every_scale(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    thickness = {}
    for scale in (1, 4):
        picture = pixels(save(tmp_path / "a.png", placed(view), scale=scale))
        column = picture[:, 200 * scale]
        # how much red there is where everything else is grey; antialiased pixels count by their share
        thickness[scale] = (column[:, 0] - column[:, 1]).sum() / 255
    assert thickness[1] == pytest.approx(1.0, abs=0.3)
    assert thickness[4] == pytest.approx(4.0, abs=0.5)


def test_the_plot_is_left_as_it_was(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    def state() -> list[object]:
        plot = view.getItem(0, 0)
        curve = plot.listDataItems()[0].curve
        axis = plot.getAxis("left")
        return [view.size(), curve.opts["pen"].widthF(), axis.pen().widthF(), curve._exportOpts, len(view.items())]

    before = state()
    for suffix in ("png", "svg", "pdf"):
        save(tmp_path / f"a.{suffix}", placed(view, width=700), scale=3)
        assert state() == before


def test_the_first_picture_of_a_new_plot_is_like_the_second(qtbot: object, tmp_path: Path) -> None:
    """An axis learns its width while being painted; without waiting for that the first picture is laid out wrongly."""
    view = make_view(np.full(50, 1.0))
    view.getItem(0, 0).setRange(yRange=(0, 4e9), padding=0)
    first, second = (pixels(save(tmp_path / name, placed(view))) for name in ("a.png", "b.png"))
    np.testing.assert_array_equal(first, second)
    view.close()


def test_svg_holds_text_as_text_and_is_valid(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    path = save(tmp_path / "a.svg", placed(view))
    root = ElementTree.parse(path).getroot()
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    assert {"Norm & more", "layer", "step", "0", "20", "40"} <= set(svg_texts(path))
    assert not any("gradviz-clip" in text for text in svg_texts(path))
    assert root.find(f"{SVG}title").text == "A <title>"
    embedded = root.find(f"{SVG}metadata")[0].text
    assert from_json(embedded) == EXPERIMENT


def test_svg_looks_like_png(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    png = pixels(save(tmp_path / "a.png", placed(view)))
    svg = rasterised(save(tmp_path / "a.svg", placed(view)))
    assert left_axis(svg) == pytest.approx(left_axis(png), abs=1)
    assert left_axis(svg.transpose(1, 0, 2)[:, ::-1]) == pytest.approx(
        left_axis(png.transpose(1, 0, 2)[:, ::-1]), abs=1
    )
    red_png, red_svg = np.argwhere(is_red(png)), np.argwhere(is_red(svg))
    np.testing.assert_allclose(red_svg.min(axis=0), red_png.min(axis=0), atol=1)
    np.testing.assert_allclose(red_svg.max(axis=0), red_png.max(axis=0), atol=1)
    # glyph edges and half pixels differ, no more
    assert np.abs(png - svg).mean() < 3
    assert (np.abs(png - svg).max(axis=2) > 64).mean() < 0.03


def test_svg_clips_every_plot(qtbot: object, tmp_path: Path) -> None:
    """A curve that leaves the view ends at its border, in programs that know clipping."""
    view = make_view(np.linspace(-100, 200, 50))
    path = save(tmp_path / "a.svg", placed(view))
    root = ElementTree.parse(path).getroot()
    box = view.getItem(0, 0).getViewBox()
    wanted = box.mapRectToScene(box.rect())
    (definition,) = root.iter(f"{SVG}clipPath")
    rect = definition[0]
    found = [float(rect.get(name)) for name in ("x", "y", "width", "height")]
    assert found == pytest.approx([wanted.x(), wanted.y(), wanted.width(), wanted.height()], abs=0.01)
    clipped = [group for group in root.iter(f"{SVG}g") if group.get("clip-path") == f"url(#{definition.get('id')})"]
    inside = [shape for group in clipped for shape in group.iter()]
    assert sum(shape.tag == f"{SVG}image" for shape in inside) == 1
    everything = {id(shape): shape for shape in root.iter()}
    outside = [shape for key, shape in everything.items() if key not in {id(item) for item in inside}]
    assert not any(group.get("stroke") == "#ff0000" for group in outside)
    assert any(group.get("stroke") == "#ff0000" for group in inside)
    # axes and labels lie beyond the plot and must not be clipped away
    assert len(svg_texts(path)) == sum(shape.tag == f"{SVG}text" for shape in outside) > 5
    view.close()


def test_svg_lines_have_their_width_on_the_page(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    """No stroke relies on a wish that many programs do not know: the curve's points are page coordinates."""
    path = save(tmp_path / "a.svg", placed(view))
    root = ElementTree.parse(path).getroot()
    group = next(group for group in root.iter(f"{SVG}g") if group.get("stroke") == "#ff0000")
    (curve,) = group.iter(f"{SVG}path")
    points = np.array([[float(part) for part in pair] for pair in re.findall(r"([-\d.]+),([-\d.]+)", curve.get("d"))])
    box = view.getItem(0, 0).getViewBox()
    ends = [box.mapViewToScene(pg.Point(x, 35)) for x in (0, 49)]
    np.testing.assert_allclose(points[[0, -1]], [[end.x(), end.y()] for end in ends], atol=0.05)
    numbers = [
        np.array([float(part) for part in element.get("transform")[7:-1].split(",")]).reshape(3, 2).T
        for element in (group, curve)
    ]
    outer, inner = (np.vstack([matrix, [0, 0, 1]]) for matrix in numbers)
    np.testing.assert_allclose(outer @ inner, np.eye(3), atol=1e-3)


def test_symbols_are_shapes_in_svg(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    root = ElementTree.parse(save(tmp_path / "a.svg", placed(view))).getroot()
    blue = [group for group in root.iter(f"{SVG}g") if group.get("fill") == "#0000ff"]
    assert sum(len(list(group.iter(f"{SVG}path"))) for group in blue) == 2
    assert len(list(root.iter(f"{SVG}image"))) == 1


def test_pdf_holds_text_as_text(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    content = save(tmp_path / "a.pdf", placed(view)).read_bytes()
    assert content.startswith(b"%PDF-1.")
    texts = pdf_texts(content)
    for words in ("Norm", "more", "layer", "step", "40"):
        assert words in texts
    page = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    points_per_pixel = 72 / QPicture().logicalDpiX()
    assert [float(page[1]), float(page[2])] == pytest.approx([WIDTH * points_per_pixel, HEIGHT * points_per_pixel])
    # one unit of the drawing is one logical pixel: pyqtgraph's axes drift from their plots in any other resolution
    drawn = next(page for page in map(stream, pdf_objects(content).values()) if page.startswith(b"/GSa"))
    assert float(re.search(rb"([\d.]+) 0 0 -[\d.]+ 0 [\d.]+ cm", drawn)[1]) == pytest.approx(points_per_pixel)
    xmp = re.search(rb"<x:xmpmeta.*</x:xmpmeta>", content, re.DOTALL)
    found = [item.text for item in ElementTree.fromstring(xmp[0]).iter() if item.tag.endswith("}experiment")]
    assert [from_json(text) for text in found] == [EXPERIMENT]


def test_pdf_holds_a_heatmap_without_loss(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    content = save(tmp_path / "a.pdf", placed(view)).read_bytes()
    assert b"DCTDecode" not in content
    (image,) = [body for body in pdf_objects(content).values() if b"/Subtype /Image" in body]
    assert b"/Width 50" in image
    levels = np.frombuffer(stream(image), np.uint8)
    assert levels.size in (30 * 50, 30 * 50 * 3)
    wanted = set(np.arange(30 * 50, dtype=np.uint8).tolist())
    assert set(levels.tolist()) == wanted


def test_several_plots_share_a_page_and_keep_their_letters(qtbot: object, tmp_path: Path) -> None:
    left, right = make_view(np.full(50, 35.0)), make_view(np.full(50, 5.0))
    path = save(tmp_path / "a.png", placed(left, x=100), placed(right, x=100 + WIDTH, width=700))
    picture = pixels(path)
    assert picture.shape == (HEIGHT, WIDTH + 700, 3)
    rows = [np.argwhere(is_red(part))[:, 0].mean() for part in (picture[:, :WIDTH], picture[:, WIDTH:])]
    assert rows[0] < rows[1]
    sizes = re.findall(r'font-size="([\d.]+)"[^>]*>layer', save(tmp_path / "a.svg", placed(right)).read_text())
    wide = save(tmp_path / "b.svg", placed(right, width=900)).read_text()
    assert re.findall(r'font-size="([\d.]+)"[^>]*>layer', wide) == sizes
    for view in (left, right):
        view.close()


def test_the_background_is_painted_first(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    beside = Placement(view, QRectF(50, 0, WIDTH, HEIGHT))
    other = Placement(view, QRectF(0, HEIGHT, 40, 40))
    picture = pixels(save(tmp_path / "a.png", beside, other, background="#204060"))
    assert picture[5, 5].tolist() == [0x20, 0x40, 0x60]
    assert picture[5, 60].tolist() == [255, 255, 255]


def test_clipboard(view: pg.GraphicsLayoutWidget) -> None:
    copy_to_clipboard([placed(view)], scale=2, background="#ffffff")
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (2 * WIDTH, 2 * HEIGHT)
    QGuiApplication.clipboard().clear()


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_place_that_cannot_be_written_to(view: pg.GraphicsLayoutWidget, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot write"):
        save(tmp_path / "file" / f"a.{suffix}", placed(view))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda view, folder: save(folder / "a.gif", placed(view)), r"\.png, \.svg, \.pdf"),
        (lambda view, folder: save(folder / "a.png"), "nothing to draw"),
        (lambda view, folder: save(folder / "a.png", placed(view, width=0)), "nothing to draw"),
        (lambda view, folder: save(folder / "a.png", placed(view), scale=1e6), "too large"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    view: pg.GraphicsLayoutWidget, tmp_path: Path, attempt: Callable[..., Path], message: str
) -> None:
    with pytest.raises(ExportError, match=message):
        attempt(view, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_embedded_experiment_is_json_in_ascii(view: pg.GraphicsLayoutWidget, tmp_path: Path) -> None:
    text = read_experiment(save(tmp_path / "a.png", placed(view)))
    assert text.isascii()
    assert json.loads(text) == EXPERIMENT.flat()
