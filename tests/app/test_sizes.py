"""The window at the sizes of common screens: nothing is cut, covered, out of sight or too narrow."""

from __future__ import annotations

import pytest
from driving import run_to_end
from laid_out import collisions, cut_texts, headings_cut, too_wide
from pytestqt.qtbot import QtBot

from gradviz.app.board import NARROWEST_PX
from gradviz.app.column_shares import WIDE_PX
from gradviz.app.main_window import MainWindow
from gradviz.diagnosis import Remedy
from gradviz.experiment import load_preset

SIZES = ((1024, 700), (1280, 720), (1440, 900), (1920, 1080), (2560, 1440))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_has_room(window: MainWindow, qtbot: QtBot, theme: str) -> None:
    window.actions_by_name[f"theme_{theme}"].trigger()
    window.session.set(load_preset("sigmoid-30").changed(steps=3, device="cpu"))
    before = run_to_end(qtbot, window)
    # the widest that the header becomes
    window.header.tried.emit(Remedy("shortcut", (("shortcut", "scaled"),)))
    run = window.session.run
    qtbot.waitUntil(lambda: run.history is not before and not run.phase.busy, timeout=60_000)
    for size in SIZES:
        window.resize(*size)
        wide = size[0] >= WIDE_PX
        qtbot.waitUntil(lambda wide=wide: window.docks.spread_out == wide)  # type: ignore[misc]
        qtbot.waitUntil(lambda: not collisions(window) and not cut_texts(window))
        assert (window.width(), window.height()) == size
        assert too_wide(window) == []
        assert headings_cut(window) == []
        column = [window.docks[name].width() for name in ("profile", "curves")]
        assert min(column) >= NARROWEST_PX
        assert window.board.centre.width() >= NARROWEST_PX
