"""A run in the window from the form to the plots: previews, comparison, failures, and what is typed last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from driving import (
    ENDLESS,
    TINY,
    boundary_of,
    curves_of,
    heatmap_of,
    made_up,
    profile_of,
    run_to_end,
    samples_of,
    trigger,
    verdict_of,
    wait_for,
    wait_until,
)
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.app.export.export_dialog import ExportRequest
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.session.phase import Phase
from gradviz.app.settings import Settings
from gradviz.experiment import Experiment, from_json
from gradviz.plots.pages import images
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library
from gradviz.training import loop


def edit(window: MainWindow, name: str, value: object) -> None:
    """Choose a value on the form."""
    window.form.rows[name].editor.changed.emit(value)


def shown_layers(window: MainWindow) -> int:
    history = profile_of(window.board).history
    return len(history.started.rows) if history is not None else 0


def begin(window: MainWindow, qtbot: QtBot) -> None:
    window.session.begin()
    wait_until(qtbot, lambda: window.board.history is not None)


def test_the_first_profile_is_there_without_a_run(window: MainWindow, qtbot: QtBot) -> None:
    begin(window, qtbot)
    assert shown_layers(window) == TINY.network.depth
    assert window.session.run.phase is Phase.IDLE
    _, frame = loop.first_frame(TINY)
    name = window.board.panel(HeatmapPanel).quantity.currentData()
    assert np.array_equal(profile_of(window.board).readout()["now"].y, frame.rows[name])


def test_a_change_of_the_form_shows_the_new_profile_at_once(window: MainWindow, qtbot: QtBot) -> None:
    begin(window, qtbot)
    for depth in (5, 9, 6):
        edit(window, "depth", depth)
        wait_until(qtbot, lambda depth=depth: shown_layers(window) == depth)
    assert heatmap_of(window.board).history is profile_of(window.board).history


def on_every_plot(window: MainWindow) -> list[History | None]:
    """Return what each part of the window shows."""
    board = window.board
    parts = (
        heatmap_of(board),
        profile_of(board),
        curves_of(board),
        samples_of(board),
        boundary_of(board),
        board.playback,
    )
    return [part.history for part in parts]


def exported(window: MainWindow, path: Path) -> Experiment:
    """Export all plots, and return the experiment that the picture carries."""
    assert window.exporter.carry_out(ExportRequest("board", path, 1), window.style_now)
    text = images.read_experiment(path)
    assert text is not None
    return from_json(text)


@pytest.mark.slow
def test_a_run_stays_on_every_plot_while_the_form_changes_and_the_preview_takes_all_of_them(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    begin(window, qtbot)
    run = run_to_end(qtbot, window)
    assert not window.shown_bar.button.isVisible()
    edit(window, "activation", "relu")
    changed = window.session.experiment
    # nothing is measured for the changed form unless somebody asks for it
    assert on_every_plot(window) == [run] * 6
    assert window.windowTitle() == "tiny – gradviz"
    assert verdict_of(window.board).history is run
    assert window.shown_bar.button.isVisible()
    assert exported(window, tmp_path / "run.png") == TINY
    window.shown_bar.button.click()
    wait_until(qtbot, lambda: window.session.shown.kind == "preview")
    preview = window.session.shown.history
    assert preview is not run
    assert on_every_plot(window) == [preview] * 6
    assert verdict_of(window.board).history is preview
    assert window.session.shown.experiment == exported(window, tmp_path / "preview.png") == changed
    assert not window.actions_by_name["adopt"].isEnabled()
    assert not window.actions_by_name["save_run"].isEnabled()
    # the run is drawn behind the preview, and comes back
    assert window.session.shown.reference is run
    window.shown_bar.button.click()
    assert on_every_plot(window) == [run] * 6
    assert exported(window, tmp_path / "again.png") == TINY


@pytest.mark.slow
def test_a_change_during_a_run_waits_for_the_next_start(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(ENDLESS)
    trigger(window, "start")
    wait_for(qtbot, window, Phase.RUNNING)
    history = window.session.run.history
    # a run of which only the beginning was measured is not worth comparing with
    wait_until(qtbot, lambda: history is not None and history.frames > 1)
    edit(window, "depth", 7)
    assert window.session.state.form_differs
    assert window.shown_bar.hint.isVisible()
    assert not window.shown_bar.button.isVisible()
    assert window.board.history is history
    assert window.actions_by_name["start"].text() == "Re&start"
    trigger(window, "start")
    wait_until(
        qtbot, lambda: window.session.run.history is not None and len(window.session.run.history.started.rows) == 7
    )
    assert window.session.display.previous is history


@pytest.mark.slow
def test_every_run_has_the_one_before_it_for_comparison(window: MainWindow, qtbot: QtBot) -> None:
    first = run_to_end(qtbot, window)
    assert window.session.shown.reference is None
    edit(window, "activation", "relu")
    second = run_to_end(qtbot, window)
    assert second is not first
    assert window.session.shown.reference is first
    name = window.board.panel(HeatmapPanel).quantity.currentData()
    assert np.array_equal(profile_of(window.board).readout()["other"].y, first.row(name, TINY.training.steps))
    trigger(window, "swap")
    assert (window.board.history, window.session.shown.reference) == (first, second)
    assert window.run_status.state.text() == "finished"


@pytest.mark.slow
def test_reset_goes_back_to_the_network_as_initialised(window: MainWindow, qtbot: QtBot) -> None:
    begin(window, qtbot)
    window.session.set(ENDLESS)
    trigger(window, "start")
    wait_until(qtbot, lambda: window.session.run.history is not None and window.session.run.history.frames > 2)
    history = window.session.run.history
    trigger(window, "reset")
    wait_for(qtbot, window, Phase.IDLE)
    wait_until(qtbot, lambda: window.board.history is not None)
    assert window.board.history is not history
    assert window.board.history is not None
    assert window.board.history.frames == 1
    assert window.session.shown.reference is history
    assert window.run_status.steps.text() == "step –"


def test_what_is_typed_and_not_confirmed_is_trained(window: MainWindow, qtbot: QtBot) -> None:
    box = window.form.rows["depth"].editor.box  # type: ignore[attr-defined]
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "6")
    assert len(run_to_end(qtbot, window).started.rows) == 6


def test_nothing_is_trained_while_something_typed_is_not_allowed(window: MainWindow, qtbot: QtBot) -> None:
    box = window.form.rows["depth"].editor.box  # type: ignore[attr-defined]
    box.selectAll()
    qtbot.keyClicks(box, "9999")
    for command in ("start", "step"):
        trigger(window, command)
        assert window.session.run.phase is Phase.IDLE
        assert "9999 is not allowed" in window.form.mistake.text()
        box.selectAll()
        qtbot.keyClicks(box, "9999")


def test_a_defect_is_told_once_and_the_next_run_works(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenRun(loop.TrainingRun):
        def update(self) -> None:
            raise ArithmeticError("wrong sign")

    with monkeypatch.context() as broken:
        broken.setattr(loop, "TrainingRun", BrokenRun)
        trigger(window, "start")
        wait_until(qtbot, lambda: window.errors.box is not None)
    box = window.errors.box
    assert box is not None
    assert box.text() == "Something went wrong inside gradviz: ArithmeticError: wrong sign"
    assert "in update" in box.detailedText()
    assert window.run_status.state.text() == "failed"
    # what was measured before stays in sight
    assert window.board.history is not None
    box.done(0)
    assert run_to_end(qtbot, window).frames == TINY.training.steps + 1


@pytest.mark.slow
def test_a_device_that_is_not_there_is_a_plain_message(window: MainWindow, qtbot: QtBot) -> None:
    edit(window, "device", "cuda:77")
    trigger(window, "start")
    wait_until(qtbot, lambda: window.errors.box is not None)
    box = window.errors.box
    assert box is not None
    assert box.text().startswith("cuda:77 is not there: this machine has ")
    assert box.detailedText() == ""
    box.done(0)
    trigger(window, "reset")
    edit(window, "device", "cpu")
    run_to_end(qtbot, window)
    assert window.session.run.phase is Phase.FINISHED


def test_a_preview_that_cannot_be_is_told_above_the_fields(window: MainWindow, qtbot: QtBot) -> None:
    begin(window, qtbot)
    window.session.set(Experiment(data="file", data_file="/no/such/file.csv", device="cpu"))
    wait_until(qtbot, lambda: "cannot read /no/such/file.csv" in window.form.mistake.text())
    assert window.errors.box is None
    window.session.set(TINY)
    assert window.form.mistake.isHidden()


def test_a_divergence_is_named_with_its_step_and_the_plots_keep_what_was(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(TINY.changed(learning_rate=100.0, activation="linear", steps=0, initialization="he_normal"))
    history = run_to_end(qtbot, window)
    assert history.diverged is not None
    assert window.run_status.state.text() == f"diverged at step {history.diverged.step:,}"
    assert window.board.history is history
    assert heatmap_of(window.board).panes[0].picture is not None
    assert "diverged" in heatmap_of(window.board).readout().lines


def test_undo_and_redo_go_through_the_form_and_the_preview(window: MainWindow, qtbot: QtBot) -> None:
    begin(window, qtbot)
    edit(window, "depth", 8)
    trigger(window, "undo")
    assert window.form.experiment() == TINY
    wait_until(qtbot, lambda: shown_layers(window) == TINY.network.depth)
    trigger(window, "redo")
    wait_until(qtbot, lambda: shown_layers(window) == 8)


@pytest.mark.slow
@pytest.mark.parametrize("data", ["moons", "circles", "spirals", "xor", "gaussian"])
def test_data_in_the_plane_shows_a_boundary(window: MainWindow, qtbot: QtBot, data: str) -> None:
    window.session.set(TINY.changed(data=data, samples=100, title=""))
    history = run_to_end(qtbot, window)
    assert window.board.plots()["validation samples"] is boundary_of(window.board)
    assert history.latest_evaluation is not None
    assert history.latest_evaluation.boundary is not None
    assert "undecided 0" in boundary_of(window.board).readout()


def test_digits_show_held_out_pictures(window: MainWindow, qtbot: QtBot) -> None:
    history = run_to_end(qtbot, window)
    assert window.board.plots()["validation samples"] is samples_of(window.board)
    samples, evaluation = samples_of(window.board).samples, history.latest_evaluation
    assert len(samples) == 40
    assert [sample.confidence for sample in samples] == evaluation.confidence[:40].tolist()


def test_the_title_names_the_experiment_that_is_shown(window: MainWindow) -> None:
    assert window.windowTitle() == "tiny – gradviz"
    history: History = made_up([[-1.0, -2.0]], Experiment(depth=2, width=8, activation="relu"))
    window.session.show(history)
    assert window.windowTitle() == "2 × 8 ReLU – gradviz"


@pytest.mark.slow
def test_keys_alone_train_a_network(window: MainWindow, qtbot: QtBot) -> None:
    """Tab to the depth, type it, start, and pick a step in the heatmap: no mouse."""
    window.activateWindow()
    window.form.preset.setFocus()

    def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.keyClick(QApplication.focusWidget(), key, modifier)

    press(Qt.Key.Key_Tab)
    assert QApplication.focusWidget().accessibleName() == "Depth"
    qtbot.keyClicks(QApplication.focusWidget(), "5")
    press(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    wait_for(qtbot, window, Phase.FINISHED)
    assert window.session.run.history is not None
    assert len(window.session.run.history.started.rows) == 5
    press(Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
    assert QApplication.focusWidget() is window.board.panel(HeatmapPanel).quantity
    # past what a column shows and the automatic range
    for _ in range(3):
        press(Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is heatmap_of(window.board)
    for _ in range(3):
        press(Qt.Key.Key_Left)
    assert profile_of(window.board).shown_step == TINY.training.steps - 3
    press(Qt.Key.Key_Escape)
    assert profile_of(window.board).shown_step == TINY.training.steps


def test_a_disk_that_takes_nothing_is_said_once_and_training_goes_on(
    qtbot: QtBot, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "runs").write_text("a file, not a folder")
    window = MainWindow(TINY, settings, library=Library(tmp_path / "runs"))
    qtbot.addWidget(window)
    window.show()
    history = run_to_end(qtbot, window)
    assert window.session.run.phase is Phase.FINISHED
    assert history.frames == TINY.training.steps + 1
    box = window.errors.box
    assert box is not None
    assert str(tmp_path / "runs") in box.text()
    box.accept()
    assert window.errors.box is None
    assert window.close()
