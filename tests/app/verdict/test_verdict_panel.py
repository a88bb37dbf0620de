"""The verdict in the window: what it says of runs whose trouble is known, where it leads, and what stays in place."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from driving import TINY, WAIT_MS, turn_wheel, wait_until
from made_up_verdicts import GRADIENT, SATURATED, UPDATE, empty_run, falling, frame, run_of
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from gradviz.app.settings import Settings
from gradviz.app.theme import apply_theme, palette_of
from gradviz.app.verdict import verdict_panel, worst_rows_bar
from gradviz.app.verdict.finding_card import FindingCard, RemedyRow, Surroundings
from gradviz.app.verdict.judgement import Judgement
from gradviz.app.verdict.severity_mark import WORDS, SeverityMark, colour_of
from gradviz.app.verdict.verdict_panel import NO_RUN, VerdictPanel
from gradviz.diagnosis import Finding, Remedy, Severity, Thresholds, diagnose, threshold_specs, words
from gradviz.diagnosis.finding import evidence
from gradviz.experiment import fields, load_preset, value_in_words
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.recording.frame import Diverged, Frame
from gradviz.recording.history import History
from gradviz.training.loop import train

LEFT = Qt.MouseButton.LeftButton
LEVEL = falling(0.0)
# 2 decades a layer, 18 over the nine steps between ten layers
STEEP = falling(2.0)
MOST_FOR_A_REFRESH_S = 0.010
ATTEMPTS = 5


@pytest.fixture
def panel(qtbot: QtBot, settings: Settings) -> VerdictPanel:
    panel = VerdictPanel(settings)
    qtbot.addWidget(panel)
    panel.resize(420, 500)
    panel.show()
    panel.activateWindow()
    wait_until(qtbot, panel.isActiveWindow)
    return panel


def cards(panel: VerdictPanel) -> list[FindingCard]:
    """The cards that are there, from top to bottom."""
    there = [card for card in panel.findChildren(FindingCard) if not card.isHidden()]
    return sorted(there, key=lambda card: card.mapTo(panel, QPoint()).y())


def kinds(panel: VerdictPanel) -> list[str]:
    """What the cards are about, from top to bottom."""
    QApplication.processEvents()
    return [card.finding.kind for card in cards(panel) if card.finding is not None]


def rows_of(card: FindingCard) -> list[RemedyRow]:
    there = [row for row in card.findChildren(RemedyRow) if not row.isHidden()]
    return sorted(there, key=lambda row: row.mapTo(card, QPoint()).y())


def rows_shown(panel: VerdictPanel) -> list[int]:
    return [button.row for button in panel.worst.buttons if not button.isHidden()]


def choose_layers(panel: VerdictPanel, first: int, last: int) -> None:
    panel.range.first.setValue(first)
    panel.range.last.setValue(last)


def test_without_a_run_there_is_nothing_to_judge(panel: VerdictPanel) -> None:
    assert panel.words == NO_RUN
    assert cards(panel) == []
    assert not panel.range.isEnabled()
    assert panel.worst.isHidden()
    assert panel.mark.isHidden()


def test_a_run_without_a_step_is_not_called_healthy(panel: VerdictPanel) -> None:
    panel.show_history(empty_run())
    assert kinds(panel) == ["not_measured"]
    assert cards(panel)[0].mark.severity is Severity.UNKNOWN
    assert panel.worst.isHidden()


def test_a_finding_is_said_with_its_numbers(panel: VerdictPanel) -> None:
    panel.show_history(run_of(LEVEL, STEEP))
    assert kinds(panel) == ["vanishing"]
    card = cards(panel)[0]
    finding = panel.findings[0]
    assert card.finding is finding
    assert finding.number("decades") == pytest.approx(18.0)
    assert card.mark.severity is finding.severity is Severity.CRITICAL
    assert card.severity.text() == WORDS[Severity.CRITICAL]
    assert card.title.text() == words.title(finding)
    headline = words.headline(finding, panel.names)
    assert card.headline.text() == words.capitalised(headline, panel.names) != headline
    assert card.evidence.text() == words.evidence(finding, panel.names)
    assert [name in card.decided.text() for name in finding.thresholds] == [True, True]
    assert panel.words == words.verdict(panel.findings, panel.names)
    assert "1" in panel.about.text()


def test_the_worst_comes_first_and_causes_before_consequences(panel: VerdictPanel) -> None:
    # vanishing from the start, 2 decades beyond what is allowed but not what no optimiser makes up for
    panel.show_history(run_of(falling(5.0 / 9.0)))
    assert kinds(panel) == ["vanishing", "poor_initialisation"]
    history = empty_run()
    history.append(frame(0, LEVEL))
    history.append(frame(1, STEEP, math.nan))
    panel.show_history(history)
    severities = [card.mark.severity for card in cards(panel)]
    assert severities == sorted(severities, reverse=True)
    assert kinds(panel)[0] == "diverged"


def test_evidence_of_another_step_says_so(panel: VerdictPanel) -> None:
    panel.show_history(run_of(STEEP, STEEP))
    said = {
        card.finding.kind: (card.finding, card.evidence.text()) for card in cards(panel) if card.finding is not None
    }
    start, text = said["poor_initialisation"]
    assert start.step == 0
    assert text.removeprefix(words.evidence(start, panel.names)).strip(" .").endswith("step 0")
    now, text = said["vanishing"]
    assert text == words.evidence(now, panel.names)


def test_a_remedy_is_put_forward_with_what_it_changes(panel: VerdictPanel, qtbot: QtBot) -> None:
    history = run_of(LEVEL, STEEP)
    panel.show_history(history)
    row = rows_of(cards(panel)[0])[0]
    assert row.remedy is not None
    with qtbot.waitSignal(panel.suggested, timeout=WAIT_MS) as emitted:
        row.button.setFocus()
        qtbot.keyClick(row.button, Qt.Key.Key_Space)
    remedy = emitted.args[0]
    assert isinstance(remedy, Remedy)
    assert words.remedy(remedy, panel.names) == row.words.text()
    before = history.started.experiment
    after = remedy.apply(before)
    assert (before.value("shortcut"), after.value("shortcut")) == ("none", "scaled")
    assert all(value_in_words(fields("mlp")["shortcut"], each) in row.button.toolTip() for each in ("none", "scaled"))


def test_every_remedy_on_screen_changes_the_experiment(panel: VerdictPanel) -> None:
    history = run_of(STEEP, STEEP)
    panel.show_history(history)
    experiment = history.started.experiment
    seen = [row.remedy for card in cards(panel) for row in rows_of(card)]
    assert len(seen) > 4
    assert all(remedy is not None and remedy.apply(experiment) != experiment for remedy in seen)


def test_the_way_to_the_worst_layer_shows_its_quantity_first(panel: VerdictPanel, qtbot: QtBot) -> None:
    panel.show_history(run_of(LEVEL, STEEP))
    way: list[object] = []
    panel.quantity_wanted.connect(way.append)
    panel.layer_wanted.connect(way.append)
    go = cards(panel)[0].go
    assert go.text() == "Go to layer 1"
    qtbot.mouseClick(go, LEFT)
    assert way == [GRADIENT.name, 1]


def test_what_the_run_does_not_measure_is_not_offered_to_look_at(panel: VerdictPanel) -> None:
    history = empty_run(quantities=(UPDATE,))
    rows = {UPDATE.name: frame(0, LEVEL).rows[UPDATE.name]}
    history.append(Frame(0, 0.1, 0.5, 0.1, rows))
    panel.show_history(history)
    assert kinds(panel) == ["not_measured"]
    assert cards(panel)[0].go.isHidden()


def test_a_layer_can_be_gone_to_where_its_quantity_is_not_measured(qtbot: QtBot) -> None:
    card = FindingCard()
    qtbot.addWidget(card)
    cut = evidence("ends_at_zero_weights", "somewhere_else", 3, tuple(range(1, 8)), 7)
    finding = Finding("vanishing", Severity.WARNING, 3, (cut,), rows=cut.rows, worst_row=7, quantity="somewhere_else")
    card.show_finding(finding, Surroundings(3, Thresholds(), {GRADIENT.name: GRADIENT.label}, words.Names(()), TINY))
    way: list[object] = []
    card.quantity_wanted.connect(way.append)
    card.layer_wanted.connect(way.append)
    qtbot.mouseClick(card.go, LEFT)
    assert way == [7]


def test_a_threshold_leads_to_its_place_in_the_dialog(panel: VerdictPanel, qtbot: QtBot) -> None:
    panel.show_history(run_of(LEVEL, STEEP))
    decided = cards(panel)[0].decided
    decided.setFocus(Qt.FocusReason.TabFocusReason)
    # Tab goes from link to link, Return follows one
    qtbot.keyClick(decided, Qt.Key.Key_Tab)
    qtbot.keyClick(decided, Qt.Key.Key_Tab)
    qtbot.keyClick(decided, Qt.Key.Key_Return)
    dialog = panel.dialog
    assert dialog is not None
    assert dialog.isVisible()
    wait_until(qtbot, lambda: dialog.focusWidget() is dialog.rows["severe_decades"].box)
    dialog.close()


def test_a_changed_threshold_counts_at_once_and_next_time(
    panel: VerdictPanel, settings: Settings, qtbot: QtBot
) -> None:
    history = run_of(LEVEL, *[falling(0.5)] * 2)  # 4.5 decades
    panel.show_history(history)
    assert kinds(panel) == ["vanishing"]
    qtbot.mouseClick(panel.thresholds_button, LEFT)
    dialog = panel.dialog
    assert dialog is not None
    box = dialog.rows["vanishing_decades"].box
    box.selectAll()
    qtbot.keyClicks(box, "5")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert kinds(panel) == ["healthy"]
    assert settings.thresholds.vanishing_decades == 5.0
    later = VerdictPanel(settings)
    qtbot.addWidget(later)
    later.show_history(history)
    assert later.words == panel.words
    qtbot.mouseClick(dialog.reset_all, LEFT)
    assert kinds(panel) == ["vanishing"]
    dialog.close()


def test_a_threshold_that_was_changed_stands_out(panel: VerdictPanel, settings: Settings, qtbot: QtBot) -> None:
    settings.thresholds = settings.thresholds.changed(vanishing_decades=2.5)
    panel = VerdictPanel(settings)
    qtbot.addWidget(panel)
    panel.show_history(run_of(LEVEL, STEEP))
    html = panel.findChildren(FindingCard)[0].decided.text()
    bold = re.findall("<b>(.*?)</b>", html)
    assert len(bold) == 1
    assert threshold_specs()["vanishing_decades"].label in bold[0]
    assert "2.5" in bold[0]


def test_a_range_of_layers_is_judged_alone(panel: VerdictPanel, qtbot: QtBot) -> None:
    # level down to layer 6, from there on two decades a layer
    panel.show_history(run_of(LEVEL, [-10.0, -8.0, -6.0, -4.0, -2.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert kinds(panel) == ["vanishing"]
    choose_layers(panel, 6, 10)
    assert kinds(panel) == ["healthy"]
    assert panel.words.endswith(words.verdict(panel.findings, panel.names))
    assert "6 to 10" in panel.words
    assert set(rows_shown(panel)) == {6, 7, 8, 9, 10}
    qtbot.mouseClick(panel.range.everything, LEFT)
    assert kinds(panel) == ["vanishing"]
    assert panel.words == words.verdict(panel.findings, panel.names)
    assert not panel.range.everything.isEnabled()


def test_one_end_of_the_range_gives_way_to_the_other(panel: VerdictPanel) -> None:
    panel.show_history(run_of(LEVEL))
    choose_layers(panel, 3, 7)
    panel.range.first.setValue(9)
    assert panel.range.part == (9, 9)
    panel.range.last.setValue(2)
    assert panel.range.part == (2, 2)


def test_a_range_stays_while_the_depth_does(panel: VerdictPanel) -> None:
    panel.show_history(run_of(LEVEL))
    choose_layers(panel, 3, 7)
    panel.show_history(run_of(STEEP))
    assert panel.range.part == (3, 7)
    panel.show_history(run_of(falling(0.0, 20)))
    assert panel.range.ends == (1, 20)
    assert panel.range.part is None


def test_the_picked_step_is_judged_or_the_latest(panel: VerdictPanel) -> None:
    history = run_of(LEVEL, LEVEL, STEEP)
    panel.show_history(history)
    assert kinds(panel) == ["vanishing"]
    panel.show_step(1)
    assert kinds(panel) == ["healthy"]
    assert "1" in panel.about.text()
    history.append(frame(3, STEEP))
    panel.refresh()
    assert kinds(panel) == ["healthy"]
    panel.show_step(None)
    assert kinds(panel) == ["vanishing"]
    assert "3" in panel.about.text()


def test_the_layers_are_ranked_by_how_far_beyond_a_threshold_they_are(panel: VerdictPanel, qtbot: QtBot) -> None:
    gradient = [-4.0, -9.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    panel.show_history(run_of(falling(0.0, 12), gradient))
    # three decades below the last layer are one, and an update ratio on the guide line is none
    assert rows_shown(panel) == [2, 1, 3, 4, 5, 6, 7, 8, 9, 10]
    score = [button.score for button in panel.worst.buttons[:4]]
    assert score == pytest.approx([9 / 3, 4 / 3, 1 / 3, 0.0])
    with qtbot.waitSignal(panel.layer_wanted, timeout=WAIT_MS) as emitted:
        qtbot.mouseClick(panel.worst.buttons[0], LEFT)
    assert emitted.args == [2]
    choose_layers(panel, 3, 12)
    assert rows_shown(panel)[0] == 3


def test_the_arrows_go_along_the_worst_layers(panel: VerdictPanel, qtbot: QtBot) -> None:
    panel.show_history(run_of(LEVEL, STEEP))
    first, second = panel.worst.buttons[:2]
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert second.hasFocus()
    with qtbot.waitSignal(panel.layer_wanted, timeout=WAIT_MS) as emitted:
        qtbot.keyClick(second, Qt.Key.Key_Space)
    assert emitted.args == [2]


@pytest.mark.parametrize(
    ("score", "written"),
    [(0.0, "0"), (0.99, "0.9"), (1.0, "1.0"), (12.37, "12.3"), (456.7, "456"), (1999.0, "1e3"), (1e6, "∞")],
)
def test_a_score_is_never_rounded_up_to_a_threshold(score: float, written: str) -> None:
    assert worst_rows_bar.in_words(score) == written


def test_a_bar_is_half_full_at_the_threshold_and_fuller_the_worse() -> None:
    heights = [worst_rows_bar.filled(score) for score in (0.0, 0.5, 1.0, 5.0, 1e6)]
    assert heights[0] == 0.0
    assert heights[2] == 0.5
    assert heights == sorted(set(heights))
    assert heights[-1] < 1.0


def test_nothing_is_judged_twice(panel: VerdictPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    history = run_of(LEVEL, STEEP)
    judged: list[object] = []
    diagnose = verdict_panel.diagnose
    monkeypatch.setattr(
        verdict_panel, "diagnose", lambda *arguments: judged.append(arguments[1]) or diagnose(*arguments)
    )
    panel.show_history(history)
    for _ in range(5):
        panel.refresh()
    assert judged == [1]
    history.append(frame(2, STEEP))
    panel.refresh()
    assert judged == [1, 2]
    # the last frame is there before it is known that nothing comes after it
    history.append(Diverged(2, math.inf))
    panel.refresh()
    assert judged == [1, 2, 2]


def test_it_tells_what_it_judged_each_time_there_is_something_new(panel: VerdictPanel) -> None:
    told: list[Judgement] = []
    panel.judged.connect(told.append)
    history = run_of(LEVEL, LEVEL)
    panel.show_history(history)
    panel.refresh()
    history.append(frame(2, STEEP))
    panel.refresh()
    panel.show_step(0)
    panel.show_history(None)
    assert [(each.step, each.picked) for each in told] == [(1, False), (2, False), (0, True), (None, True)]
    kinds = [each.worst.kind if each.worst is not None else None for each in told]
    assert kinds == ["healthy", "vanishing", "healthy", None]
    assert [finding.data for finding in told[1].verdict] == diagnose(history, 2)


def test_what_goes_on_keeps_its_place_and_the_keyboard(panel: VerdictPanel) -> None:
    history = run_of(STEEP, STEEP)
    panel.show_history(history)
    QApplication.processEvents()
    card = cards(panel)[1]
    button = rows_of(card)[-1].button
    bar = panel.list.verticalScrollBar()
    assert bar.maximum() > 50
    button.setFocus()
    panel.list.ensureWidgetVisible(button)
    place = bar.value()
    assert place > 0
    for step, steepness in enumerate((2.1, 2.2, 2.3), start=2):
        history.append(frame(step, falling(steepness)))
        panel.refresh()
        QApplication.processEvents()
        shown = cards(panel)[0].finding
        assert shown is not None
        assert shown.number("decades") == pytest.approx(9 * steepness)
        assert bar.value() == place
        assert button.hasFocus()
        assert cards(panel)[1] is card


def test_another_run_is_read_from_the_top(panel: VerdictPanel) -> None:
    panel.show_history(run_of(STEEP, STEEP))
    QApplication.processEvents()
    panel.list.verticalScrollBar().setValue(60)
    panel.show_history(run_of(STEEP, STEEP))
    assert panel.list.verticalScrollBar().value() == 0


def test_the_keyboard_stays_among_the_findings_when_one_goes(panel: VerdictPanel, qtbot: QtBot) -> None:
    history = run_of(LEVEL, STEEP)
    panel.show_history(history)
    rows_of(cards(panel)[0])[0].button.setFocus()
    # what is cured is let go after ten steps
    for step in range(2, 14):
        history.append(frame(step, LEVEL))
    panel.refresh()
    assert kinds(panel) == ["healthy"]
    focused = QApplication.focusWidget()
    assert focused is panel.list.widget()
    qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert cards(panel)[0].isAncestorOf(QApplication.focusWidget())


def ill(gradient: list[float], update: float, saturated: float) -> History:
    """A run with up to four findings: a gradient that falls, nothing that moves, units that are saturated."""
    history = empty_run()
    for step in range(30):
        fine = frame(step, gradient)
        rows = {UPDATE.name: np.full(10, update, np.float32), SATURATED.name: np.full(10, saturated, np.float32)}
        history.append(replace(fine, rows=dict(fine.rows) | rows))
    return history


@pytest.mark.parametrize("first", [None, (LEVEL, -3.0, 0.0), (STEEP, -3.0, 0.0), (LEVEL, -3.0, 1.0)])
def test_tab_goes_from_top_to_bottom(
    panel: VerdictPanel, qtbot: QtBot, first: tuple[list[float], float, float] | None
) -> None:
    """Whichever cards were there before: some stay, some go, and several come at once above and below them."""
    panel.resize(500, 3600)
    if first is not None:
        panel.show_history(ill(*first))
        QApplication.processEvents()
    for gradient, update, saturated in ((STEEP, -9.0, 1.0), (LEVEL, -9.0, 1.0), (STEEP, -9.0, 0.0), (STEEP, -3.0, 1.0)):
        panel.show_history(ill(gradient, update, saturated))
        QApplication.processEvents()
        way = tab_way(panel, qtbot)
        inside = [widget.mapTo(panel, QPoint()).y() for widget in way if panel.list.isAncestorOf(widget)]
        assert len(inside) >= 2 * len(cards(panel)) >= 4
        assert inside == sorted(inside)
        # from the findings on to the worst layers
        assert way[-1] in panel.worst.buttons


def tab_way(panel: VerdictPanel, qtbot: QtBot) -> list[QWidget]:
    """The widgets that Tab leads to, from the range of layers on."""
    panel.range.first.setFocus()
    way: list[QWidget] = []
    while (now := QApplication.focusWidget()) is not None and now not in way:
        way.append(now)
        # a label with links keeps Tab for each of them
        qtbot.keyClick(now, Qt.Key.Key_Tab)
        while QApplication.focusWidget() is now and isinstance(now, QLabel):
            qtbot.keyClick(now, Qt.Key.Key_Tab)
    return way


def test_the_wheel_does_not_change_the_layers_it_passes_over(panel: VerdictPanel) -> None:
    panel.show_history(run_of(LEVEL))
    panel.thresholds_button.setFocus()
    turn_wheel(panel.range.last, -240)
    assert panel.range.part is None


@pytest.mark.benchmark
def test_a_refresh_of_a_thousand_layers_takes_less_than_ten_milliseconds(panel: VerdictPanel) -> None:
    history = run_of(falling(0.0, 1000), falling(0.6, 1000))
    panel.show_history(history)
    taken: list[float] = []
    for step in range(2, 2 + ATTEMPTS):
        history.append(frame(step, falling(0.6 + step / 100, 1000)))
        begin = time.perf_counter()
        panel.refresh()
        taken.append(time.perf_counter() - begin)
        QApplication.processEvents()
    print(f"\na refresh of 1000 layers took {[round(each * 1e3, 1) for each in taken]} ms")
    assert min(taken) < MOST_FOR_A_REFRESH_S


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_signs_and_links_stand_out_from_what_is_behind_them(qtbot: QtBot, style: Style) -> None:
    palette = palette_of(style)
    for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
        ground = palette.color(role)
        for severity in Severity:
            # WCAG 2.1: 3 for graphics, 4.5 for text
            assert contrast(QColor(colour_of(severity, style)), ground) >= 3.0
            assert contrast(QColor(colour_of(severity, style)), QColor(style.background)) >= 3.0
        assert contrast(QColor(style.accent), ground) >= 4.5
        assert contrast(palette.color(QPalette.ColorRole.PlaceholderText), ground) >= 4.5


def test_no_two_severities_have_the_same_outline_or_word(qtbot: QtBot) -> None:
    size = 64
    across = np.arange(size) - (size - 1) / 2
    # away from the glyph in the middle
    outside = np.hypot(*np.meshgrid(across, across)) > 0.6 * size / 2
    outlines = {}
    for severity in Severity:
        mark = SeverityMark(size)
        qtbot.addWidget(mark)
        mark.show_severity(severity)
        mark.setStyleSheet("background: #ffffff")
        assert mark.accessibleName() == WORDS[severity]
        image = mark.grab().toImage()
        # black and white: what is left when colours are not told apart
        dark = np.array([[image.pixelColor(x, y).lightness() < 160 for x in range(size)] for y in range(size)])
        outlines[severity] = dark[outside]
    for one, other in combinations(Severity, 2):
        # a line of a pixel across, twice
        assert np.count_nonzero(outlines[one] != outlines[other]) > 2 * size, (one, other)
    assert len(set(WORDS.values())) == len(Severity)


def test_the_links_take_the_colour_of_the_style(panel: VerdictPanel) -> None:
    panel.show_history(run_of(LEVEL, STEEP))
    for style in (DARK, LIGHT):
        panel.apply_style(style)
        assert style.accent in cards(panel)[0].decided.text()
    panel.show_history(run_of(falling(-2.0), LEVEL))
    assert LIGHT.accent in cards(panel)[0].decided.text()


@pytest.mark.parametrize("preset", ["sigmoid-30", "exploding", "dying-relu", "relu-20"])
@pytest.mark.parametrize("size", [(420, 500), (700, 800)])
def test_nothing_on_the_cards_of_a_real_run_is_cut(panel: VerdictPanel, preset: str, size: tuple[int, int]) -> None:
    apply_theme(LIGHT)
    panel.resize(*size)
    panel.show_history(recorded(preset))
    QApplication.processEvents()
    content = panel.list.widget()
    assert content.width() <= panel.list.viewport().width()
    texts = [label for label in panel.findChildren(QLabel) if label.isVisible() and label.wordWrap()]
    assert len(texts) >= 5
    for label in texts:
        assert label.height() >= label.heightForWidth(label.width()), label.text()
    for button in panel.findChildren(QPushButton):
        if button.isVisible():
            assert button.width() >= button.sizeHint().width(), button.text()
    for button in panel.worst.buttons:
        if button.isVisible():
            assert button.rect().right() <= panel.worst.width()
            assert button.fontMetrics().horizontalAdvance(str(button.row)) <= button.width()


def test_everything_that_takes_the_keyboard_says_what_it_is(panel: VerdictPanel) -> None:
    panel.show_history(run_of(STEEP, STEEP))
    QApplication.processEvents()
    for widget in panel.findChildren(QWidget):
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            if widget.parentWidget() in (panel.range.first, panel.range.last):
                continue  # the line inside of a box
            assert widget.toolTip(), widget
            assert widget.accessibleName() or isinstance(widget, QLabel | QPushButton), widget


def recorded(preset: str) -> History:
    """The first steps of a preset."""
    experiment = load_preset(preset).changed(steps=4, device="cpu")
    started, *events = train(experiment)
    history = History(started)  # type: ignore[arg-type]
    for event in events:
        history.append(event)  # type: ignore[arg-type]
    return history


def contrast(one: QColor, other: QColor) -> float:
    """Contrast ratio of WCAG 2.1, from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
