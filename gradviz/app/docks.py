"""The docks around the heatmap: where each is at first, and which lies behind which."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QByteArray, QChildEvent, QEvent, QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow, QTabBar, QWidget

from gradviz.app.panels.table import PANELS

_LEFT, _RIGHT, _BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
_COLUMN = [entry for entry in PANELS if entry.place == "column"]
PLACES = {
    "lessons": ("Lessons", _LEFT),
    "experiment": ("Experiment", _LEFT),
    "runs": ("Runs", _LEFT),
    **{entry.name: (entry.title, _RIGHT) for entry in _COLUMN},
    "transport": ("Transport", _BOTTOM),
}
# which lie behind which, in the order of their tabs
TABBED = (
    ("experiment", "runs"),
    *(
        (first.name, *(entry.name for entry in _COLUMN if entry.behind == first.name))
        for first in _COLUMN
        if not first.behind
    ),
)
# what has to be asked for
HIDDEN_AT_FIRST = frozenset({"lessons"})
# the first two of the column share its height
_UPPER, _LOWER = [entry.name for entry in _COLUMN if not entry.behind][:2]
UPPER_AND_LOWER_PX = [420, 400]
# of a remembered layout; one that names docks otherwise is left aside: Qt would make tabs of docks that do not exist
LAYOUT_VERSION = 3
HORIZONTAL, VERTICAL = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
# of the height of the column that a lesson has at first, in percent
LESSON_SHARE = 64
CLOSE_TIP = "Hide the panel; View > Panels brings it back"
FLOAT_TIP = "Float the panel, or put it back"


class FixedTabs(QObject):
    """Keeps the tabs of a window's docks in their order.

    Qt lets them be dragged, and crashes where the bar that is dragged belongs to no docks any more (6.11): its window
    has made another one for them meanwhile.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fix a bar as soon as Qt has made it."""
        if event.type() is QEvent.Type.ChildPolished and isinstance(event, QChildEvent):
            bar = event.child()
            if isinstance(bar, QTabBar):
                bar.setMovable(False)
        return False


class Docks(dict[str, QDockWidget]):
    """All docks of a window, by name; empty until they are filled."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__()
        self._window = window
        self.spread_out = False
        window.setDockNestingEnabled(True)
        FixedTabs(window)
        for name, (title, area) in PLACES.items():
            self[name] = self._dock(name, title, area)
        # the transport stays where it is
        self["transport"].setTitleBarWidget(QWidget())
        self["transport"].setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        for first, *behind in TABBED:
            for name in behind:
                window.tabifyDockWidget(self[first], self[name])
            self[first].raise_()
        for name in HIDDEN_AT_FIRST:
            self[name].hide()

    def fill(self, contents: Mapping[str, QWidget]) -> None:
        """Put widgets into the docks of these names."""
        for name, content in contents.items():
            self[name].setWidget(content)

    def layout(self) -> QByteArray:
        """Return where all docks are, to be remembered."""
        return self._window.saveState(LAYOUT_VERSION)

    def restore(self, layout: QByteArray) -> bool:
        """Put all docks where they were; return False, and leave them, for a layout that this version cannot read."""
        if self._window.restoreState(layout, LAYOUT_VERSION):
            self._hide_spare_tab_bars()
            return True
        return False

    def _hide_spare_tab_bars(self) -> None:
        """Hide the tab bars that Qt made for an earlier layout; it leaves them lying over menus and buttons."""
        taken: set[str] = set()
        bars = self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        # the newest is the one in use
        for bar in reversed(bars):
            # words whole, and the tabs to be scrolled through where there are too many
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setUsesScrollButtons(True)
            titles = {bar.tabText(index) for index in range(bar.count())}
            bar.setVisible(bool(titles) and not titles & taken)
            taken |= titles

    def give_sizes(self, layout: QByteArray) -> None:
        """Give the docks the sizes and places of a remembered `layout`, else good ones."""
        if self.restore(layout):
            return
        width = self._window.width()
        self._window.resizeDocks([self["experiment"], self[_UPPER]], [round(width / 4), round(width * 0.3)], HORIZONTAL)
        self._window.resizeDocks([self[_UPPER], self[_LOWER]], UPPER_AND_LOWER_PX, VERTICAL)
        self._hide_spare_tab_bars()

    def heads_of_column(self) -> list[QDockWidget]:
        """Return the upper panel of each column at the right, once it is spread."""
        return [self[_UPPER], self._behind(_UPPER)[0]]

    def spread(self, wide: bool) -> None:
        """Put what lies behind the upper and the lower panel beside them, or back; not once a person moved a panel."""
        if wide == self.spread_out or not (self.spread_out or self._as_at_first()):
            return
        shown = [dock for dock in self._column() if not dock.isHidden()]
        # anew from the beginning: of a column that was rearranged in part Qt hides some
        for dock in self._column():
            self._window.removeDockWidget(dock)
        for first in (_UPPER, _LOWER):
            self._window.addDockWidget(_RIGHT, self[first])
        for first in (_UPPER, _LOWER):
            behind = self._behind(first)
            if wide:
                self._window.splitDockWidget(self[first], behind[0], HORIZONTAL)
            for dock in behind[1:] if wide else behind:
                self._window.tabifyDockWidget(behind[0] if wide else self[first], dock)
        for dock in shown:
            dock.show()
        for first in (_UPPER, _LOWER):
            (self._behind(first)[0] if wide else self[first]).raise_()
        self._window.resizeDocks([self[_UPPER], self[_LOWER]], UPPER_AND_LOWER_PX, VERTICAL)
        self.spread_out = wide
        self._hide_spare_tab_bars()

    def _as_at_first(self) -> bool:
        """Whether every panel at the right lies behind the one that it lay behind at first."""
        return all(
            set(self._behind(first)) <= set(self._window.tabifiedDockWidgets(self[first])) for first in (_UPPER, _LOWER)
        )

    def _column(self) -> list[QDockWidget]:
        return [dock for first in (_UPPER, _LOWER) for dock in (self[first], *self._behind(first))]

    def _behind(self, first: str) -> list[QDockWidget]:
        return [self[entry.name] for entry in _COLUMN if entry.behind == first]

    def bring(self, name: str) -> None:
        """Bring a dock to the front, wherever it is."""
        hidden = not self[name].isVisible()
        self[name].show()
        self[name].raise_()
        if hidden and name == "lessons":
            # the text needs most of the column; the form below it scrolls
            self._window.resizeDocks([self[name], self["experiment"]], [LESSON_SHARE, 100 - LESSON_SHARE], VERTICAL)

    def toggles(self) -> list[QAction]:
        """Return an action per dock that shows or hides it."""
        actions = []
        for name, dock in self.items():
            if name != "transport":
                action = dock.toggleViewAction()
                action.setToolTip(f"Show or hide {dock.windowTitle().lower()}")
                actions.append(action)
        return actions

    def _dock(self, name: str, title: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        dock.setWidget(QWidget())
        for button, tip in (("floatbutton", FLOAT_TIP), ("closebutton", CLOSE_TIP)):
            if found := dock.findChild(QAbstractButton, f"qt_dockwidget_{button}"):
                found.setToolTip(tip)
        self._window.addDockWidget(area, dock)
        return dock
