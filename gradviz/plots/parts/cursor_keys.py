"""The keys that move a cursor along a continuous axis."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

STEP, FINE_STEP, PAGE_STEP = 0.1, 0.01, 1.0


def place_by_key(event: QKeyEvent, here: float, seen: Sequence[float]) -> float | None:
    """Return the x to which a key leads from `here` in the range that is `seen` (low, high); None for other keys."""
    step = FINE_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
    places = {
        Qt.Key.Key_Left: here - step,
        Qt.Key.Key_Right: here + step,
        Qt.Key.Key_PageDown: here - PAGE_STEP,
        Qt.Key.Key_PageUp: here + PAGE_STEP,
        Qt.Key.Key_Home: seen[0],
        Qt.Key.Key_End: seen[1],
    }
    return places.get(Qt.Key(event.key()))
