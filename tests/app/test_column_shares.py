"""The columns of the window at every size, and after others."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from gradviz.app.board import NARROWEST_PX
from gradviz.app.column_shares import WIDE_PX
from gradviz.app.main_window import MainWindow

# so often looked at, each time after all that Qt had to do
STEADY = 8
SIZES = ((1024, 700), (1280, 720), (1440, 900), (1920, 1080), (2560, 1440))


def settle(qtbot: QtBot, window: MainWindow, size: tuple[int, int]) -> dict[str, int]:
    window.resize(*size)
    qtbot.waitUntil(lambda: window.docks.spread_out == (size[0] >= WIDE_PX))
    seen: list[dict[str, int]] = []

    def steady() -> bool:
        seen.append({name: window.docks[name].width() for name in ("experiment", "profile")})
        return len(seen) > STEADY and all(widths == seen[-1] for widths in seen[-STEADY:])

    qtbot.waitUntil(steady)
    return seen[-1]


def test_columns_come_back_to_their_shares_after_any_other_size(window: MainWindow, qtbot: QtBot) -> None:
    first = {size: settle(qtbot, window, size) for size in SIZES}
    for size in (*reversed(SIZES), SIZES[2], SIZES[0], SIZES[4], SIZES[1]):
        widths = settle(qtbot, window, size)
        assert widths == pytest.approx(first[size], abs=3)
        assert widths["profile"] >= NARROWEST_PX
        assert (window.width(), window.height()) == size


def test_a_large_screen_shows_more_panels_and_a_small_one_puts_them_back(window: MainWindow, qtbot: QtBot) -> None:
    def in_sight() -> set[str]:
        return {name for name, dock in window.docks.items() if not dock.visibleRegion().isEmpty()}

    settle(qtbot, window, (1440, 900))
    few = in_sight()
    settle(qtbot, window, (2560, 1440))
    assert in_sight() > few
    settle(qtbot, window, (1440, 900))
    assert in_sight() == few
