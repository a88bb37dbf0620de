"""A recorder in a notebook: what is in the picture, and that a real notebook shows it."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from gradviz.experiment import Row
from gradviz.recording.frame import Frame, Quantity, Started
from gradviz.recording.history import History
from gradviz.watching.notebook import board_svg, png, recorder_html

SVG = "{http://www.w3.org/2000/svg}"
VIRIDIS_ENDS = (68, 1, 84), (253, 231, 37)

CELLS = (
    """
import torch, gradviz
from torch import nn
torch.set_num_threads(1)
torch.manual_seed(0)
layers = [part for _ in range(20) for part in (nn.Linear(8, 8), nn.Sigmoid())]
model = nn.Sequential(*layers, nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs = torch.randn(32, 8)
recorder = gradviz.watch(model, None, title="<mine>")
for step in range(30):
    loss = nn.functional.cross_entropy(model(inputs), (inputs[:, 0] > 0).long())
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    recorder.log(loss=loss)
recorder.close()
""",
    "recorder",
    "recorder.verdict()",
    "import sys\nsorted(name for name in sys.modules if name.startswith(('PySide6', 'pyqtgraph')))",
)


def history_of(rows: list[list[float]], losses: list[float]) -> History:
    quantity = Quantity("norm", "Norm <of gradients>", "", "made up")
    history = History(Started("mine", tuple(Row() for _ in rows[0]), (quantity,), "float32", 1, "cpu", 1))
    for step, (row, loss) in enumerate(zip(rows, losses, strict=True)):
        history.append(Frame(step, loss, 0.5, 0.1, {"norm": np.array(row, np.float32)} if row else {}))
    return history


def images_of(svg: str) -> list[np.ndarray]:
    found = [each.get("href", "") for each in ElementTree.fromstring(svg).iter(f"{SVG}image")]
    contents = [base64.b64decode(each.removeprefix("data:image/png;base64,")) for each in found]
    return [np.asarray(Image.open(io.BytesIO(content)).convert("RGB")) for content in contents]


def test_a_png_is_read_by_another_program() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3)).astype(np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(pixels)))), pixels)


def test_the_picture_has_a_pixel_for_each_row_and_step() -> None:
    heatmap, _scale = images_of(board_svg(history_of([[-4.0, -2.0], [], [-np.inf, 0.0]], [3.0, np.nan, 1.0])))
    # the last row on top; a step at which nothing was measured shows the one before
    assert heatmap.shape == (2, 3, 3)
    assert tuple(heatmap[1, 0]) == tuple(heatmap[1, 1]) == VIRIDIS_ENDS[0]
    assert tuple(heatmap[0, 2]) == VIRIDIS_ENDS[1]
    # halfway between the ends: the middle of the colour map, as matplotlib has it
    assert tuple(heatmap[0, 0]) == pytest.approx((33, 145, 140), abs=1)
    red, green, blue = heatmap[1, 2]
    assert red > 150 > green + blue


def test_the_loss_is_drawn_between_its_ends() -> None:
    svg = ElementTree.fromstring(board_svg(history_of([[-1.0]] * 5, [3.0, 2.0, np.inf, 1.0, 1.0])))
    (line,) = svg.iter(f"{SVG}polyline")
    heights = [float(place.split(",")[1]) for place in line.get("points", "").split()]
    # smallest and largest of each of the four steps that have a loss
    assert len(heights) == 8
    top, bottom = min(heights), max(heights)
    assert [round((bottom - y) / (bottom - top), 2) for y in heights[::2]] == [1.0, 0.5, 0.0, 0.0]
    words = {each.text for each in svg.iter(f"{SVG}text")}
    assert {"3", "1", "4", "Norm <of gradients>"} <= words


def test_before_the_first_step_there_is_nothing_to_show() -> None:
    page = recorder_html(None, "<script>")
    assert "<img" not in page
    assert "<script" not in page


@pytest.mark.slow
def test_a_real_notebook_shows_picture_and_verdict() -> None:
    nbclient = pytest.importorskip("nbclient", reason="pip install gradviz-desktop[test] to run a notebook")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel", reason="pip install gradviz-desktop[test] to run a notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
    trained, shown, verdict, modules = notebook.cells
    errors = [output for cell in notebook.cells for output in cell.outputs if output.output_type == "error"]
    assert errors == []
    said = "".join(output.text for output in trained.outputs if output.get("name") == "stderr")
    assert said.startswith("gradviz: ")
    page = shown.outputs[0].data["text/html"]
    (address,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    heatmap, _scale = images_of(base64.b64decode(address).decode())
    # twenty layers, as many activations, and the head; thirty steps
    assert heatmap.shape == (41, 30, 3)
    assert "&lt;mine&gt;" in page
    headline = verdict.outputs[0].data["text/plain"].splitlines()[0]
    assert "Vanishing gradient" in headline
    assert headline in page
    # neither a display nor anybody's event loop was touched
    assert modules.outputs[0].data["text/plain"] == "[]"
