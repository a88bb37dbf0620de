"""The window around the run: panels, tooltips, the way of Tab, themes, closing, and what it remembers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driving import ENDLESS, TINY, curves_of, heatmap_of, profile_of, trigger, wait_for, wait_until
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QGraphicsView,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QProgressBar,
    QTabBar,
    QToolButton,
    QWidget,
)  # fmt: skip
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.session.phase import Phase
from gradviz.app.settings import Settings
from gradviz.experiment import Experiment
from gradviz.plots.parts.style import DARK, LIGHT

INTERACTIVE = (
    QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QGraphicsView, QLabel, QLineEdit, QProgressBar,
)  # fmt: skip
# Qt's own arrows, shown where a menu bar or a row of tabs has no room
PARTS_OF_QT = ("qt_menubar_ext_button", "ScrollLeftButton", "ScrollRightButton")


def with_parents(widget: QWidget) -> Iterator[QWidget]:
    parent: QWidget | None = widget
    while parent is not None and not isinstance(parent, QMainWindow):
        yield parent
        parent = parent.parentWidget()


def interactive(window: QWidget) -> list[QWidget]:
    return [
        each
        for each in window.findChildren(QWidget)
        if isinstance(each, INTERACTIVE)
        and each.objectName() not in PARTS_OF_QT
        and not any(isinstance(parent, QMenu) for parent in with_parents(each))
    ]


def test_every_widget_says_what_it_is_for(window: MainWindow) -> None:
    # a widget without a tooltip shows that of what it is part of, as a slider that of its field
    silent = [
        f"{type(each).__name__} {each.objectName() or each.accessibleName()!r} in {type(each.parentWidget()).__name__}"
        for each in interactive(window)
        if not isinstance(each, QAbstractSlider | QLineEdit) or each.focusPolicy() is not Qt.FocusPolicy.NoFocus
        if not any(parent.toolTip() for parent in with_parents(each))
        and not (isinstance(each, QAbstractSlider) and not each.isVisible())
    ]
    assert silent == []
    assert len(interactive(window)) > 80


@pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)
def test_no_tab_of_a_dock_is_dragged_out_of_its_order(window: MainWindow) -> None:
    """Qt crashes where the bar of a former layout is dragged."""
    QApplication.processEvents()
    for step in (lambda: None, window.restore_first_layout, lambda: window.docks["profile"].setFloating(True)):
        step()
        QApplication.processEvents()
        bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        assert len(bars) >= 2
        assert not any(bar.isMovable() for bar in bars)


def test_every_tab_says_which_panel_it_brings(window: MainWindow) -> None:
    children = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    bars = [bar for bar in children if bar.isVisible()]
    # Qt keeps a bar in store that it may need again
    assert {tuple(bar.tabText(index) for index in range(bar.count())) for bar in bars} >= {
        ("Profile over layers", "Distributions", "Activation"),
        ("Loss", "Samples", "Predictions", "Mistakes", "Verdict"),
    }
    assert all(bar.tabToolTip(index) for bar in bars for index in range(bar.count()))


def test_every_control_has_a_name_for_those_who_hear_it(window: MainWindow) -> None:
    nameless = [
        type(each).__name__
        for each in interactive(window)
        if isinstance(each, QAbstractButton | QComboBox | QAbstractSpinBox)
        and not each.accessibleName()
        and not (isinstance(each, QAbstractButton) and each.text())
    ]
    assert nameless == []


def test_tab_goes_through_form_heatmap_and_transport_and_round(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    window.form.preset.setFocus()
    seen = []
    for _ in range(80):
        focused = QApplication.focusWidget()
        if seen and focused is window.form.preset:
            break
        seen.append(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    parts = (window.form, window.board.panel(HeatmapPanel), window.transport)
    # what lies beside comes after: the panels and their tabs
    places = [next((number for number, part in enumerate(parts) if part.isAncestorOf(each)), 3) for each in seen]
    assert places == sorted(places)
    assert {0, 1, 2} <= set(places)
    # every field that applies, each once
    applicable = [row.editor for row in window.form.rows.values() if row.applies]
    assert all(any(editor.isAncestorOf(each) for each in seen) for editor in applicable)
    assert len(seen) == len(set(seen))


def test_no_label_or_button_is_cut(window: MainWindow) -> None:
    window.form.set_experiment(Experiment(shortcut="scaled", title="x"))
    cut = []
    for each in window.findChildren(QWidget):
        # a panel behind another has no size of its own yet
        if each.visibleRegion().isEmpty() or each.objectName() in PARTS_OF_QT:
            continue
        if isinstance(each, QLabel) and not each.wordWrap() and each.sizeHint().width() > each.width():
            cut.append(each.text())
        if isinstance(each, QToolButton) and each.text() and each.sizeHint().width() > each.width():
            cut.append(each.text())
    assert cut == []


@pytest.mark.slow
@pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)
def test_the_layout_and_the_form_are_there_again_at_the_next_start(
    window: MainWindow, settings: Settings, qtbot: QtBot
) -> None:
    window.resize(1500, 700)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window.docks["profile"])
    window.docks["curves"].setFloating(True)
    window.docks["samples"].hide()
    trigger(window, "first_top")
    trigger(window, "theme_dark")
    trigger(window, "compare")
    trigger(window, "log_loss")
    window.session.set(TINY.changed(depth=55))
    window.close()
    again = MainWindow(None, Settings(settings.path))
    qtbot.addWidget(again)
    again.show()
    assert again.form.experiment() == TINY.changed(depth=55)
    assert again.dockWidgetArea(again.docks["profile"]) is Qt.DockWidgetArea.LeftDockWidgetArea
    assert again.docks["curves"].isFloating()
    assert again.docks["samples"].isHidden()
    # as high as it was; Qt gives back no more width than the screen has, which is narrow offscreen
    assert again.height() == 700
    assert heatmap_of(again.board).state().first_layer_at == "top"
    assert again.style_now is DARK
    assert not again.actions_by_name["compare"].isChecked()
    assert curves_of(again.board).state().logarithmic
    again.close()


def test_no_tab_bar_lies_over_the_window_at_the_next_start(settings: Settings, qtbot: QtBot) -> None:
    for _ in range(2):
        window = MainWindow(TINY, settings)
        qtbot.addWidget(window)
        window.show()
        QApplication.processEvents()
        bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        shown = [bar for bar in bars if bar.isVisible()]
        assert sorted(bar.count() for bar in shown) == [2, 3, 5]
        assert not any(bar.geometry().intersects(window.menuBar().geometry()) for bar in shown)
        window.close()


def test_a_layout_of_an_earlier_version_is_left_aside(settings: Settings, qtbot: QtBot) -> None:
    earlier = QMainWindow()
    qtbot.addWidget(earlier)
    dock = QDockWidget("Held-out samples", earlier)
    dock.setObjectName("Held-out samples")
    earlier.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    settings.layout = earlier.saveState()
    window = MainWindow(TINY, settings)
    qtbot.addWidget(window)
    window.show()
    assert window.dockWidgetArea(window.docks["samples"]) is Qt.DockWidgetArea.RightDockWidgetArea
    window.close()


def test_an_experiment_that_is_asked_for_wins_over_the_one_remembered(settings: Settings, qtbot: QtBot) -> None:
    settings.experiment = Experiment(depth=99)
    window = MainWindow(TINY, settings)
    qtbot.addWidget(window)
    assert window.form.experiment() == TINY


@pytest.mark.slow
@pytest.mark.parametrize("title", ["Experiment", "Profile over layers", "Loss", "Samples"])
def test_a_panel_can_be_moved_floated_hidden_and_brought_back(window: MainWindow, title: str) -> None:
    (dock,) = (dock for dock in window.findChildren(QDockWidget) if dock.windowTitle() == title)
    wanted = (
        QDockWidget.DockWidgetFeature.DockWidgetMovable
        | QDockWidget.DockWidgetFeature.DockWidgetFloatable
        | QDockWidget.DockWidgetFeature.DockWidgetClosable
    )
    assert dock.features() == wanted
    dock.close()
    assert dock.isHidden()
    dock.toggleViewAction().trigger()
    assert not dock.isHidden()
    panels = [action.text() for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()]
    assert title in panels


@pytest.mark.slow
def test_light_and_dark_follow_the_system_while_nothing_else_is_chosen(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger(window, "theme_system")

    class Dark:
        @staticmethod
        def colorScheme() -> Qt.ColorScheme:
            return Qt.ColorScheme.Dark

    hints = QGuiApplication.styleHints()
    monkeypatch.setattr(QGuiApplication, "styleHints", Dark)
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert profile_of(window.board).backgroundBrush().color().name() == DARK.background
    trigger(window, "theme_light")
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert profile_of(window.board).backgroundBrush().color().name() == LIGHT.background


@pytest.mark.slow
@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_closing_during_a_run_leaves_no_thread(window: MainWindow, qtbot: QtBot, paused: bool) -> None:
    window.session.begin()
    window.session.set(ENDLESS)
    trigger(window, "start")
    wait_for(qtbot, window, Phase.RUNNING)
    if paused:
        trigger(window, "pause")
    training = window.session.run.worker
    assert training is not None
    assert window.close()
    assert training.isFinished()
    assert window.session.preview.isFinished()
    assert window.isHidden()


def test_the_window_leaves_the_screen_before_it_waits_for_its_threads(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    visible: list[bool] = []
    monkeypatch.setattr(window.session.run, "close", lambda: visible.append(window.isVisible()) or True)
    window.close()
    assert visible == [False]


def test_a_step_that_does_not_end_keeps_the_window(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(window.session.run, "close", lambda: False)
        assert not window.close()
    assert window.isVisible()
    assert "close again in a moment" in window.statusBar().currentMessage()


def test_an_edit_is_taken_over_by_closing(window: MainWindow, settings: Settings, qtbot: QtBot) -> None:
    box = window.form.rows["width"].editor.box  # type: ignore[attr-defined]
    box.selectAll()
    qtbot.keyClicks(box, "99")
    window.close()
    assert settings.experiment is not None
    assert settings.experiment.network.width == 99


def test_a_window_that_is_gone_is_told_nothing_any_more(settings: Settings, qtbot: QtBot) -> None:
    window = MainWindow(TINY, settings)
    window.session.set(TINY.changed(depth=9))
    window.close()
    with qtbot.waitSignal(window.destroyed):
        window.deleteLater()
    # its undo stack is emptied with it, and the system may change its colours later
    QGuiApplication.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)


def test_the_heatmap_moves_while_a_run_does(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(ENDLESS)
    trigger(window, "start")
    plot = heatmap_of(window.board)
    wait_until(qtbot, lambda: plot.panes[0].drawn_frames > 3)
    drawn = plot.panes[0].drawn_frames
    wait_until(qtbot, lambda: plot.panes[0].drawn_frames > drawn)
    wait_until(qtbot, lambda: window.run_status.rate.text().endswith("steps/s"))
    trigger(window, "stop")
    wait_for(qtbot, window, Phase.STOPPED)
    history = window.session.run.history
    assert history is not None
    assert plot.panes[0].drawn_frames == history.frames
    assert window.run_status.rate.text() == ""


def test_it_fits_the_screens_of_small_notebooks(window: MainWindow) -> None:
    # 1366 x 768 is the commonest; a little is taken by the desktop's own bars
    assert window.minimumSizeHint().width() <= 1100
    assert window.minimumSizeHint().height() <= 600
