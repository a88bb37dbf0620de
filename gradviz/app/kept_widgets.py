"""Widgets in a column that come and go with what they show, and stay the same while it is about the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)
Widget = TypeVar("Widget", bound=QWidget)


def keyed(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[tuple[Key, int], Item]:
    """Return the items in their order under what they are about, numbered where several are about the same."""
    seen: Counter[Key] = Counter()
    result = {}
    for item in items:
        about = key(item)
        result[about, seen[about]] = item
        seen[about] += 1
    return result


def arrange(column: QVBoxLayout, widgets: dict[Key, Widget], wanted: Iterable[Key], make: Callable[[], Widget]) -> None:
    """Let `column` begin with the widgets that are wanted, in this order; make those that are missing, hide the rest.

    What stays keeps the keyboard, and what comes back is what went.
    """
    wanted = list(wanted)
    for index, key in enumerate(wanted):
        if key not in widgets:
            widgets[key] = make()
        item = column.itemAt(index)
        if item is None or item.widget() is not widgets[key]:
            column.insertWidget(index, widgets[key])
        widgets[key].show()
    focused = QApplication.focusWidget()
    for key in widgets.keys() - set(wanted):
        gone = widgets[key]
        place = gone.parentWidget()
        if focused is not None and place is not None and gone.isAncestorOf(focused):
            # Qt would give the keyboard to whatever comes next, and scroll there
            place.setFocus()
        gone.hide()
