"""What is wrong with how the window is laid out: words without room, and widgets over or out of each other."""

from __future__ import annotations

from itertools import combinations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from gradviz.app.form.field_editors import ElidingBox
from gradviz.app.header.elided_text import ElidedText
from gradviz.app.main_window import MainWindow
from gradviz.plots.parts.words import Words


def cut_texts(window: MainWindow) -> list[str]:
    """Words on screen that have less room than they need."""
    cut = []
    # what lies behind another panel counts as visible, and has not been laid out
    behind = [dock for dock in window.findChildren(QDockWidget) if dock.visibleRegion().isEmpty()]
    for each in window.findChildren(QWidget):
        if not each.isVisible() or any(dock.isAncestorOf(each) for dock in behind):
            continue
        if isinstance(each, QLabel) and not each.wordWrap() and each.sizeHint().width() > each.width():
            cut.append(each.text())
        if isinstance(each, QToolButton | QPushButton) and each.text() and each.sizeHint().width() > each.width():
            cut.append(each.text())
        if isinstance(each, ElidingBox) and not each.is_whole():
            cut.append(each.currentText())
    for plot in window.board.plots().values():
        # a plot behind another one has not been laid out
        in_sight = not plot.visibleRegion().isEmpty()
        words = [item for item in plot.scene().items() if isinstance(item, Words)]
        cut += [each.text for each in words if in_sight and each.is_cut]
    return cut


def in_sight(window: MainWindow) -> list[QWidget]:
    """All widgets but those of panels behind others, which have not been laid out."""
    behind = [dock for dock in window.findChildren(QDockWidget) if dock.visibleRegion().isEmpty()]
    seen = [each for each in window.findChildren(QWidget) if each.isVisible()]
    return [each for each in seen if not any(dock.isAncestorOf(each) or dock is each for dock in behind)]


def collisions(window: MainWindow) -> list[str]:
    """Widgets of one layout that lie over each other, and those that reach out of what they are in."""
    found = []
    for each in in_sight(window):
        layout = each.layout()
        if layout is None or isinstance(each, QStackedWidget):
            continue
        items = [layout.itemAt(place).widget() for place in range(layout.count())]
        parts = [part for part in items if part is not None and part.isVisible()]
        for one, other in combinations(parts, 2):
            if one.geometry().intersects(other.geometry()):
                found.append(f"{_name(one)} over {_name(other)}")
        room = QRect(each.rect()).adjusted(-1, -1, 1, 1)
        found += [f"{_name(part)} out of {_name(each)}" for part in parts if not room.contains(part.geometry())]
    return found


def too_wide(window: MainWindow) -> list[str]:
    """What cannot be scrolled to the side, and is wider than its place."""
    areas = [each for each in in_sight(window) if isinstance(each, QScrollArea)]
    never = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    return [
        f"{_name(area)}: {area.widget().width()} in {area.viewport().width()}"
        for area in areas
        if area.horizontalScrollBarPolicy() is never and area.widget().width() > area.viewport().width()
    ]


def headings_cut(window: MainWindow) -> list[str]:
    """What the header leaves out."""
    return [each.words for each in in_sight(window) if isinstance(each, ElidedText) and each.is_cut]


def _name(widget: QWidget) -> str:
    text = getattr(widget, "text", lambda: "")()
    return f"{type(widget).__name__} {widget.objectName() or text or widget.accessibleName()!r}"
