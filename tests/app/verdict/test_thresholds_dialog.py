"""The thresholds of the verdict on a form: what may be typed, what counts at once, and the way back."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from driving import turn_wheel, wait_until
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.app.verdict.threshold_box import ThresholdBox, written
from gradviz.app.verdict.thresholds_dialog import ThresholdsDialog
from gradviz.diagnosis import Thresholds, threshold_specs

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dialog(qtbot: QtBot) -> ThresholdsDialog:
    dialog = ThresholdsDialog(Thresholds())
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    wait_until(qtbot, dialog.isActiveWindow)
    return dialog


@pytest.fixture
def told(dialog: ThresholdsDialog) -> list[Thresholds]:
    told: list[Thresholds] = []
    dialog.changed.connect(told.append)
    return told


def box_of(dialog: ThresholdsDialog, name: str) -> ThresholdBox:
    return dialog.rows[name].box


def write(dialog: ThresholdsDialog, name: str, text: str, qtbot: QtBot) -> None:
    box = box_of(dialog, name)
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def test_every_threshold_has_its_name_unit_reason_range_and_value(dialog: ThresholdsDialog) -> None:
    assert list(dialog.rows) == list(asdict(Thresholds()))
    for name, about in threshold_specs().items():
        row = dialog.rows[name]
        assert row.label.text() == about.label
        assert row.unit.text() == about.unit
        assert about.reason in row.reason.text()
        assert f"{about.low:g}".replace("e-0", "e-").replace("e+0", "e") in row.reason.text()
        assert float(row.box.text()) == getattr(Thresholds(), name)
        assert row.reason.text() in row.box.toolTip()
        assert not row.label.font().bold()
        assert not row.reset.isEnabled()
    assert not dialog.reset_all.isEnabled()


def test_a_typed_number_counts_at_once(dialog: ThresholdsDialog, told: list[Thresholds], qtbot: QtBot) -> None:
    write(dialog, "update_low", "2e-8", qtbot)
    assert told == [Thresholds(update_low=2e-8)]
    assert dialog.thresholds == told[0]
    row = dialog.rows["update_low"]
    assert row.label.font().bold()
    assert row.reset.isEnabled()
    # Return confirms the number, and neither closes the dialog nor presses a button
    assert dialog.isVisible()


def test_leaving_the_box_confirms_its_number(dialog: ThresholdsDialog, told: list[Thresholds], qtbot: QtBot) -> None:
    box = box_of(dialog, "dead_share")
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "0.25")
    assert told == []
    qtbot.keyClick(box, Qt.Key.Key_Tab)
    assert told == [Thresholds(dead_share=0.25)]


@pytest.mark.parametrize(
    ("name", "typed", "allowed"),
    [
        ("vanishing_decades", "0", "0.1 to 1000"),
        ("vanishing_decades", "three", "0.1 to 1000"),
        ("dead_share", "1.01", "0.05 to 1"),
        ("dead_share", "nan", "0.05 to 1"),
        ("exploding_decades", "inf", "0.1 to 1000"),
        ("exploding_decades", " ", "0.1 to 1000"),
        ("patience_steps", "2.5", "a whole number from 1 to 1000000"),
    ],
)
def test_what_is_not_allowed_is_put_back_and_said(
    dialog: ThresholdsDialog, told: list[Thresholds], qtbot: QtBot, name: str, typed: str, allowed: str
) -> None:
    write(dialog, name, typed, qtbot)
    assert told == []
    assert float(box_of(dialog, name).text()) == getattr(Thresholds(), name)
    assert dialog.mistake.isVisible()
    assert threshold_specs()[name].label in dialog.mistake.text()
    assert dialog.mistake.text().endswith(f"allowed: {allowed}")
    write(dialog, name, "1", qtbot)
    assert not dialog.mistake.isVisible()


def test_the_update_ratios_keep_their_order(dialog: ThresholdsDialog, told: list[Thresholds], qtbot: QtBot) -> None:
    # allowed by itself, but not below the guide line of 0.001
    write(dialog, "update_low", "0.001", qtbot)
    assert told == []
    assert float(box_of(dialog, "update_low").text()) == 1e-6
    words = dialog.mistake.text()
    assert all(threshold_specs()[name].label in words for name in ("update_low", "update_guide", "update_high"))
    assert "update_low" not in words


def test_arrows_step_by_a_tenth_or_along_1_2_5(dialog: ThresholdsDialog, told: list[Thresholds], qtbot: QtBot) -> None:
    for name, keys in (("vanishing_decades", 2), ("dead_share", 1), ("update_high", 2), ("patience_steps", 1)):
        box = box_of(dialog, name)
        box.setFocus()
        for _ in range(keys):
            qtbot.keyClick(box, Qt.Key.Key_Up)
    expected = Thresholds(vanishing_decades=3.2, dead_share=0.61, update_high=0.5, patience_steps=200)
    assert dialog.thresholds == expected
    assert isinstance(dialog.thresholds.patience_steps, int)
    qtbot.keyClick(box_of(dialog, "update_high"), Qt.Key.Key_Down)
    assert dialog.thresholds.update_high == 0.2


def test_steps_end_where_the_range_does(dialog: ThresholdsDialog, qtbot: QtBot) -> None:
    write(dialog, "dead_share", "0.995", qtbot)
    box = box_of(dialog, "dead_share")
    for _ in range(3):
        qtbot.keyClick(box, Qt.Key.Key_Up)
    assert dialog.thresholds.dead_share == 1.0
    write(dialog, "dead_growth", "0", qtbot)
    qtbot.keyClick(box_of(dialog, "dead_growth"), Qt.Key.Key_Down)
    assert dialog.thresholds.dead_growth == 0.0


def test_one_threshold_goes_back_to_its_default_or_all_do(
    dialog: ThresholdsDialog, told: list[Thresholds], qtbot: QtBot
) -> None:
    write(dialog, "severe_decades", "8", qtbot)
    write(dialog, "worse_factor", "4", qtbot)
    reset = dialog.rows["severe_decades"].reset
    reset.setFocus()
    qtbot.keyClick(reset, Qt.Key.Key_Space)
    assert told[-1] == Thresholds(worse_factor=4.0)
    # the button is greyed now; the keyboard stays in its row
    assert QApplication.focusWidget() is box_of(dialog, "severe_decades")
    qtbot.mouseClick(dialog.reset_all, LEFT)
    assert told[-1] == Thresholds()
    assert float(box_of(dialog, "worse_factor").text()) == 2.0
    assert not dialog.reset_all.isEnabled()


def test_it_goes_to_a_threshold_far_down(dialog: ThresholdsDialog, qtbot: QtBot) -> None:
    name = list(dialog.rows)[-1]
    box = box_of(dialog, name)

    def in_sight() -> bool:
        seen = QRect(QPoint(), dialog.area.viewport().size())
        return seen.contains(QRect(box.mapTo(dialog.area.viewport(), QPoint()), box.size()))

    assert not in_sight()
    dialog.go_to(name)
    wait_until(qtbot, in_sight)
    assert box.hasFocus()
    # typing writes over the number
    qtbot.keyClicks(box, "0.2")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert getattr(dialog.thresholds, name) == 0.2


def test_the_wheel_scrolls_and_changes_nothing_it_passes_over(dialog: ThresholdsDialog, qtbot: QtBot) -> None:
    box_of(dialog, "vanishing_decades").setFocus()
    QApplication.processEvents()
    turn_wheel(box_of(dialog, "exploding_decades"), -240)
    assert dialog.thresholds == Thresholds()
    assert dialog.area.verticalScrollBar().value() > 0


def test_no_word_is_cut(dialog: ThresholdsDialog) -> None:
    QApplication.processEvents()
    assert dialog.area.widget().width() <= dialog.area.viewport().width()
    for row in dialog.rows.values():
        assert row.reason.height() >= row.reason.heightForWidth(row.reason.width())
        assert row.label.width() >= row.label.sizeHint().width()
        assert row.unit.width() >= row.unit.sizeHint().width()


@pytest.mark.parametrize("value", [1e-12, 2e-8, 1e-6, 0.001, 0.1, 0.95, 1.0, 3, 30.0, 1e6, 1_000_000, 1 / 3])
def test_a_number_is_written_so_that_it_is_read_back(value: float) -> None:
    assert float(written(value)) == pytest.approx(value, rel=1e-9)
    assert "e-0" not in written(value)
