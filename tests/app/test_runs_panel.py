"""The panel of all runs: what it says, what can be done when, and that nothing typed is lost."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest
from made_up_infos import NOON, listed, unreadable
from PySide6.QtCore import QItemSelectionModel, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from gradviz.app.runs import run_words
from gradviz.app.runs.run_model import LOSS_TOP, RunModel
from gradviz.app.runs.runs_panel import RunsPanel
from gradviz.app.runs.sparkline import sparkline_points
from gradviz.app.runs.status_mark import paint_status
from gradviz.experiment import Experiment
from gradviz.plots.parts.style import DARK, LIGHT
from gradviz.recording.frame import Quantity

BEST = listed("best", 30, "depth 30 → 100")
LIVE = listed("live", 40, "activation sigmoid → ReLU", ending="recording", frames=13, accuracy=None)
CUT = listed("cut", 20, "shortcut none → scaled", ending="interrupted", frames=8, note="power went\nat night")
WATCHED = listed("", 10, experiment=None, title="my net", accuracy=None, loss=None)
BROKEN = unreadable("broken", "/runs/broken.gradviz: this is not a run of gradviz")
ALL = [LIVE, BEST, CUT, WATCHED, BROKEN]


@pytest.fixture
def panel(qtbot: QtBot) -> RunsPanel:
    panel = RunsPanel()
    qtbot.addWidget(panel)
    panel.resize(360, 600)
    panel.show()
    panel.show_runs(ALL)
    return panel


def possible(panel: RunsPanel) -> set[str]:
    return {name for name, action in panel.actions_by_name.items() if action.isEnabled()}


def shown(panel: RunsPanel) -> list[str]:
    return [panel.model.index(row).data() for row in range(panel.model.rowCount())]


def test_a_row_says_name_change_status_and_outcome(panel: RunsPanel) -> None:
    assert shown(panel) == ["live", "best", "cut", "my net", "broken.gradviz"]
    now = datetime.fromtimestamp(NOON).replace(hour=23)
    said = [run_words.in_a_sentence(run, now) for run in ALL]
    assert said == [
        "live, recording at step 12, activation sigmoid → ReLU, loss 0.25, 12:40",
        "best, finished, 300 steps, depth 30 → 100, 97.5%, 12:30",
        "cut, interrupted at step 7, shortcut none → scaled, 97.5%, 12:20",
        "my net, finished, 300 steps, a watched network, 12:10",
        "broken.gradviz, cannot be read, this is not a run of gradviz, 12:00",
    ]
    tip = panel.model.index(1).data(Qt.ItemDataRole.ToolTipRole)
    assert "1.23 MB on disk" in tip
    assert "/runs/best.gradviz" in tip


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (45_678, "45.7 kB"), (7e9, "7 GB"), (1.5e13, "1.5e+04 GB")],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert run_words.size_in_words(int(size)) == words


def test_when_is_said_as_shortly_as_can_be() -> None:
    noon = datetime.fromtimestamp(NOON)
    assert run_words.when(NOON, noon.replace(hour=23)) == "12:00"
    assert run_words.when(NOON, noon.replace(month=7)) == "1 Mar, 12:00"
    assert run_words.when(NOON, noon.replace(year=2028)) == "1 Mar 2026"


def test_a_run_without_a_name_is_called_by_its_experiment() -> None:
    nameless = listed("", experiment=Experiment().changed(depth=5, width=7, activation="relu"))
    assert run_words.name_of(nameless) == "5 × 7 ReLU"
    assert run_words.name_of(listed("", title="by title")) == "by title"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["live", "best", "cut", "my net", "broken.gradviz"]),
        ("relu", ["live"]),
        ("NIGHT power", ["cut"]),
        ("interrupted", ["cut"]),
        ("watched", ["my net"]),
        ("not a run", ["broken.gradviz"]),
        ("nothing of that kind", []),
    ],
)
def test_the_filter_wants_every_word(panel: RunsPanel, text: str, names: list[str]) -> None:
    panel.filter.setText(text)
    assert shown(panel) == names
    assert panel.empty.isVisible() is (not names)
    if text:
        assert panel.count.text() == f"{len(names)} of 5"


def test_an_empty_list_says_what_to_do(panel: RunsPanel) -> None:
    panel.show_runs([])
    assert panel.empty.isVisible()
    assert not panel.list.isVisible()
    assert "Start" in panel.empty.text()


def test_commands_are_possible_when_they_mean_something(panel: RunsPanel) -> None:
    assert possible(panel) == set()
    everything = set(panel.actions_by_name)
    panel.select([BEST.path])
    assert possible(panel) == everything - {"compare"}
    panel.select([LIVE.path])
    assert possible(panel) == everything - {"compare", "resume", "delete"}
    panel.select([WATCHED.path])
    assert possible(panel) == everything - {"compare", "resume", "experiment"}
    panel.select([BROKEN.path])
    assert possible(panel) == {"folder", "delete"}
    panel.select([LIVE.path, BEST.path])
    assert possible(panel) == {"compare"}
    panel.select([BEST.path, CUT.path, WATCHED.path])
    assert possible(panel) == {"compare", "delete"}
    panel.select([BEST.path, BROKEN.path])
    assert possible(panel) == {"delete"}


def test_five_are_too_many_to_compare(panel: RunsPanel) -> None:
    runs = [listed(str(number), number) for number in range(5)]
    panel.show_runs(runs)
    panel.select([run.path for run in runs[:4]])
    assert "compare" in possible(panel)
    panel.select([run.path for run in runs])
    assert "compare" not in possible(panel)


@pytest.mark.parametrize("ending", ["finished", "stopped", "interrupted", "diverged", "failed"])
def test_only_what_can_go_on_is_offered_to_go_on(panel: RunsPanel, ending: str) -> None:
    panel.show_runs([listed("a", ending=ending)])
    panel.select([listed("a").path])
    assert ("resume" in possible(panel)) is (ending != "diverged")


def test_return_opens_and_the_buttons_ask(panel: RunsPanel, qtbot: QtBot) -> None:
    panel.select([CUT.path])
    panel.list.setFocus()
    with qtbot.waitSignal(panel.wanted) as wanted:
        QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert wanted.args == ["open", [CUT]]
    with qtbot.waitSignal(panel.wanted) as wanted:
        QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert wanted.args == ["delete", [CUT]]
    panel.select([BEST.path, LIVE.path])
    compare = next(button for button in panel.findChildren(QPushButton) if button.text() == "&Compare")
    with qtbot.waitSignal(panel.wanted) as wanted:
        QTest.mouseClick(compare, Qt.MouseButton.LeftButton)
    assert wanted.args == ["compare", [LIVE, BEST]]


def test_a_name_is_typed_in_place(panel: RunsPanel, qtbot: QtBot) -> None:
    panel.select([CUT.path])
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_F2)
    editor = panel.list.findChild(QLineEdit)
    assert editor is not None
    assert editor.text() == "cut"
    QTest.keyClicks(editor, "The one")
    # the list is read anew every other second
    panel.show_runs([listed("live", 40, ending="recording", frames=14), *ALL[1:]])
    assert panel.list.state() == QAbstractItemView.State.EditingState
    with qtbot.waitSignal(panel.renamed) as renamed:
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert renamed.args == [CUT.path, "The one"]


def test_an_empty_name_or_the_same_one_changes_nothing(panel: RunsPanel) -> None:
    asked: list[object] = []
    panel.model.renamed.connect(lambda *args: asked.append(args))
    for name in ("", "   ", "best"):
        assert not panel.model.setData(panel.model.index(1), name)
    assert asked == []


def test_a_note_is_kept_with_the_run_it_was_typed_for(panel: RunsPanel, qtbot: QtBot) -> None:
    panel.select([CUT.path])
    assert panel.note.text() == "power went\nat night"
    panel.select([BEST.path])
    assert panel.note.text() == ""
    QTest.keyClicks(panel.note, "learns")
    with qtbot.waitSignal(panel.annotated) as annotated:
        panel.select([CUT.path])
    assert annotated.args == [BEST.path, "learns"]
    assert panel.note.text() == "power went\nat night"


def test_a_note_that_is_being_typed_outlives_a_new_list(panel: RunsPanel, qtbot: QtBot) -> None:
    panel.select([BEST.path])
    QTest.keyClicks(panel.note, "half a th")
    panel.show_runs([listed("live", 40, ending="recording", frames=14), *ALL[1:]])
    QTest.keyClicks(panel.note, "ought")
    with qtbot.waitSignal(panel.annotated) as annotated:
        QTest.keyClick(panel.note, Qt.Key.Key_Return)
    assert annotated.args == [BEST.path, "half a thought"]


def test_a_new_run_leaves_the_selection_alone(panel: RunsPanel) -> None:
    panel.select([BEST.path, CUT.path])
    panel.show_runs([listed("new", 50), *ALL])
    assert [run.path for run in panel.selected()] == [BEST.path, CUT.path]
    panel.show_runs(ALL[2:])
    assert [run.path for run in panel.selected()] == [CUT.path]


def test_the_model_keeps_qt_s_rules(qtmodeltester: object) -> None:
    model = RunModel()
    model.show_runs(ALL)
    qtmodeltester.check(model)  # type: ignore[attr-defined]
    model.show_runs([CUT, listed("new", 60), LIVE])
    assert [model.index(row).data() for row in range(model.rowCount())] == ["cut", "new", "live"]
    qtmodeltester.check(model)  # type: ignore[attr-defined]


def test_rows_are_dragged_out_as_files(panel: RunsPanel) -> None:
    urls = panel.model.mimeData([panel.model.index(1), panel.model.index(2)]).urls()
    assert [url.toLocalFile() for url in urls] == ["/runs/best.gradviz", "/runs/cut.gradviz"]
    assert panel.model.supportedDragActions() == Qt.DropAction.CopyAction


def test_control_z_is_the_list_s_while_there_is_a_deletion(panel: RunsPanel, qtbot: QtBot) -> None:
    asked: list[bool] = []
    panel.undo_wanted.connect(lambda: asked.append(True))
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert asked == []
    panel.offer_undo("1 run moved to the trash")
    assert panel.strip.isVisible()
    QTest.keyClick(panel.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QTest.mouseClick(panel.strip.button, Qt.MouseButton.LeftButton)
    assert asked == [True, True]


def test_everything_says_what_it_is_for_and_is_reached_by_the_keyboard(panel: RunsPanel) -> None:
    panel.select([BEST.path])
    parts: list[QWidget] = [panel.filter, panel.list, panel.note]
    parts += [*panel.findChildren(QPushButton), *panel.findChildren(QToolButton)]
    for part in (part for part in parts if part.isVisible()):
        words = getattr(part, "text", lambda: "")()
        assert part.accessibleName() or words, part
        if isinstance(part, QPushButton | QToolButton):
            assert part.toolTip()
    for action in panel.actions_by_name.values():
        assert action.toolTip()
    seen, last = [], panel.filter
    for _ in range(40):
        last = last.nextInFocusChain()  # type: ignore[assignment]
        if last.focusPolicy() & Qt.FocusPolicy.TabFocus and last.isVisible() and last in parts:
            seen.append(last)
    assert [panel.list, panel.note] == [part for part in seen if part in (panel.list, panel.note)][:2]


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=["light", "dark"])
def test_every_ending_has_a_shape_of_its_own(style: object) -> None:
    endings = ("recording", "finished", "at chance", "stopped", "diverged", "failed", "interrupted", "unreadable")
    shapes = []
    for ending in endings:
        image = QImage(40, 40, QImage.Format.Format_RGB32)
        image.fill(QColor(style.background))  # type: ignore[attr-defined]
        painter = QPainter(image)
        paint_status(painter, QRectF(0, 0, 40, 40), ending, style)  # type: ignore[arg-type]
        painter.end()
        pixels = np.frombuffer(image.constBits(), np.uint8).reshape(40, 40, 4)
        # where anything is painted, whatever the colour
        shapes.append(np.any(pixels != pixels[0, 0], axis=-1))
    for place, shape in enumerate(shapes):
        assert shape.sum() > 40
        assert all((shape != other).sum() > 60 for other in shapes[:place])


def test_a_sparkline_is_drawn_to_scale() -> None:
    place = QRectF(10, 20, 30, 8)
    (line,) = sparkline_points((4.0, 0.0, 2.0), place, 4.0)
    assert [(point.x(), point.y()) for point in line] == [(10, 20), (25, 28), (40, 24)]
    before, after = sparkline_points((1.0, 2.0, math.nan, 2.0), place, 2.0)
    assert [len(before), len(after)] == [2, 1]
    # what never falls stays as high as it is beside the other runs, and what is above the scale at its edge
    assert {point.y() for point in sparkline_points((3.0, 3.0), place, 6.0)[0]} == {24}
    assert {point.y() for point in sparkline_points((30.0, 1e9), place, 6.0)[0]} == {place.top()}
    assert sparkline_points((math.nan, math.inf), place, 1.0) == []
    assert sparkline_points((), place, 1.0) == []


def test_the_sparklines_of_all_runs_have_one_scale(panel: RunsPanel) -> None:
    lines = {"a": (2.0, 0.1), "b": (math.nan, 2.2, 2.2), "c": (1e9,)}
    panel.show_runs([listed(name, sparkline=line) for name, line in lines.items()])
    tops = {panel.model.index(row).data(LOSS_TOP) for row in range(3)}
    assert tops == {1.5 * 2.2}


@pytest.mark.parametrize(
    ("accuracy", "sign"), [(0.10, "at chance"), (0.18, "at chance"), (0.25, "finished"), (None, "finished")]
)
def test_a_run_that_ended_at_chance_has_no_tick(accuracy: float | None, sign: str) -> None:
    run = listed("a", accuracy=accuracy, guess_accuracy=0.1)
    assert run_words.sign_of(run) == sign
    assert ("at chance" in run_words.status_of(run)) == (sign == "at chance")


def test_only_what_can_be_compared_is_offered_to_be(panel: RunsPanel) -> None:
    norm = Quantity("norm", "Norm", "", "")
    other = Quantity("other", "Other", "", "")
    pairs = {
        "same": [listed("a", quantities=(norm,)), listed("b", quantities=(norm,))],
        "nothing in common": [listed("a", quantities=(norm,)), listed("b", quantities=(other,))],
        "no step": [listed("a", quantities=(norm,)), listed("b", quantities=(norm,), frames=0)],
    }
    for name, pair in pairs.items():
        panel.show_runs(pair)
        panel.select([run.path for run in pair])
        assert ("compare" in possible(panel)) == (name == "same"), name


def test_rows_are_painted_in_both_styles(panel: RunsPanel) -> None:
    panel.list.selectionModel().select(panel.model.index(1), QItemSelectionModel.SelectionFlag.Select)
    pictures = []
    for style in (LIGHT, DARK):
        panel.apply_style(style)
        pictures.append(panel.list.grab().toImage())
    row = panel.list.visualRect(panel.model.index(1))
    colours = {pictures[0].pixelColor(x, row.top() + row.height() // 2).name() for x in range(row.width())}
    # ground, words and the line of the loss
    assert len(colours) > 3
    assert pictures[0] != pictures[1]
