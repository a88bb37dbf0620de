"""Help: guide, glossary, keyboard and changes, in a window that stays open beside the program.

It shows the Markdown of `help_pages`. Nothing is loaded from a network; links to the web open in the browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt, QUrl
from PySide6.QtGui import (
    QAction,
    QKeyEvent,
    QKeySequence,
    QTextBlock,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QMainWindow,
    QSplitter,
    QTextBrowser,
    QToolBar,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from gradviz.app.help_pages import PAGES, headings, page_text
from gradviz.app.prose import arrange

FIRST_SIZE = QSize(980, 720)
CONTENTS_PX = 240
MARGIN_PX = 24
DEEPEST_IN_CONTENTS = 3
ADDRESS = Qt.ItemDataRole.UserRole
Keys = Sequence[tuple[str, str]]
_ZOOM_STEPS = (-4, 12)


def show_help(parent: QWidget, page: str, keys: Keys) -> HelpWindow:
    """Show `page`, such as `guide.md`, in the one Help window of `parent`; `keys` are (shortcut, what it does)."""
    window = parent.findChild(HelpWindow) or HelpWindow(keys, parent)
    window.open(page)
    window.show()
    window.raise_()
    window.activateWindow()
    return window


class HelpBrowser(QTextBrowser):
    """Shows one page, in the colours of the palette, with an anchor at every heading."""

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self._keys = keys
        self._zoomed = 0
        self.setOpenExternalLinks(True)
        self.setAccessibleName("Help page")
        self.sourceChanged.connect(self._arrive)

    def page(self) -> str:
        """Return the name of the page shown."""
        return self.source().fileName()

    def zoom(self, steps: int) -> None:
        """Make the text larger (`steps` > 0) or smaller, within limits; 0: as it was at first."""
        wanted = min(max(self._zoomed + steps, _ZOOM_STEPS[0]), _ZOOM_STEPS[1]) if steps else 0
        first = self.cursorForPosition(QPoint(0, 0))
        self.zoomIn(wanted - self._zoomed)
        self._zoomed = wanted
        # what was at the top stays there
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + self.cursorRect(first).top())

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Return the text of a page; nothing else is ever loaded."""
        page = QUrl(name).fileName()
        return page_text(page, self._keys) if page in PAGES else QByteArray()

    def changeEvent(self, event: QEvent) -> None:
        """Take over new colours."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._arrange()

    def _arrive(self, source: QUrl) -> None:
        # a heading of the page that is shown already does not always load it again
        if not _names(self.document().begin()):
            self._arrange()
        # `source()` still names the page before
        if source.hasFragment():
            self.scrollToAnchor(source.fragment())

    def _arrange(self) -> None:
        """Format what the Markdown reader left plain, and name the headings."""
        arrange(self.document(), self.palette(), MARGIN_PX)


def _names(heading: QTextBlock) -> list[str]:
    """Return the anchors on the first letter of a heading."""
    cursor = QTextCursor(heading)
    cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
    return cursor.charFormat().anchorNames()


class HelpWindow(QMainWindow):
    """Contents at the left, the page at the right, and above them the way back and the search."""

    def __init__(self, keys: Keys, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.resize(FIRST_SIZE)
        self._texts = {name: page_text(name, keys) for name in PAGES}
        self.browser = HelpBrowser(keys)
        self.contents = QTreeWidget()
        self.search = QLineEdit()
        self._said = QLabel()
        self._fill_contents()
        self._fill_bar()
        split = QSplitter()
        split.addWidget(self.contents)
        split.addWidget(self.browser)
        split.setSizes([CONTENTS_PX, FIRST_SIZE.width() - CONTENTS_PX])
        split.setStretchFactor(1, 1)
        self.setCentralWidget(split)
        self.contents.itemActivated.connect(self._follow)
        self.contents.itemClicked.connect(self._follow)
        self.browser.sourceChanged.connect(self._page_changed)

    def open(self, address: str) -> None:
        """Show a page, or the heading that `address` names: `glossary.md#layer`."""
        self.browser.setSource(QUrl(address))
        self.browser.setFocus()

    def find_words(self, words: str, *, backwards: bool = False) -> bool:
        """Go to the next place of `words` on any page, selecting it; return whether there is one."""
        flags = QTextDocument.FindFlag.FindBackward if backwards else QTextDocument.FindFlag(0)
        if not words:
            return False
        if self.browser.find(words, flags):
            return True
        names = list(PAGES)
        here = names.index(self.browser.page())
        others = [*names[here + 1 :], *names[: here + 1]]
        for name in others[::-1][1:] + others[::-1][:1] if backwards else others:
            if words.casefold() in self._texts[name].casefold():
                self.browser.setSource(QUrl(name))
                end = QTextCursor.MoveOperation.End if backwards else QTextCursor.MoveOperation.Start
                self.browser.moveCursor(end)
                if self.browser.find(words, flags):
                    return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _fill_contents(self) -> None:
        self.contents.setHeaderHidden(True)
        self.contents.setAccessibleName("Contents of Help")
        for name, text in self._texts.items():
            above: list[QTreeWidgetItem] = []
            for heading in headings(text):
                if heading.level > DEEPEST_IN_CONTENTS:
                    continue
                del above[heading.level - 1 :]
                item = QTreeWidgetItem([heading.title])
                item.setData(0, ADDRESS, name if heading.level == 1 else f"{name}#{heading.anchor}")
                if above:
                    above[-1].addChild(item)
                else:
                    self.contents.addTopLevelItem(item)
                above.append(item)

    def _fill_bar(self) -> None:
        bar = QToolBar("Navigation")
        bar.setMovable(False)
        self.addToolBar(bar)
        back = self._action("Back", "Alt+Left", self.browser.backward)
        forward = self._action("Forward", "Alt+Right", self.browser.forward)
        for action, possible in ((back, self.browser.backwardAvailable), (forward, self.browser.forwardAvailable)):
            action.setEnabled(False)
            possible.connect(action.setEnabled)
            bar.addAction(action)
        bar.addSeparator()
        bar.addAction(self._action("Smaller", "Ctrl+-", lambda: self.browser.zoom(-1)))
        larger = self._action("Larger", "Ctrl++", lambda: self.browser.zoom(1))
        # the plus that needs Shift on many keyboards
        larger.setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])
        bar.addAction(larger)
        self.addAction(self._action("Normal size", "Ctrl+0", lambda: self.browser.zoom(0)))
        bar.addSeparator()
        self.search.setPlaceholderText("Search all pages (Ctrl+F)")
        self.search.setAccessibleName("Search all pages")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(320)
        self.search.returnPressed.connect(lambda: self._search())
        self.search.textEdited.connect(lambda: self._said.clear())
        bar.addWidget(self.search)
        bar.addWidget(self._said)
        self._said.setContentsMargins(8, 0, 8, 0)
        self.addAction(self._action("Search", "Ctrl+F", self._begin_search))
        self.addAction(self._action("Find previous", "Shift+Return", lambda: self._search(backwards=True)))

    def _action(self, text: str, keys: str, act: Any) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.setToolTip(f"{text} ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})")
        action.triggered.connect(lambda _checked=False: act())
        return action

    def _begin_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def _search(self, *, backwards: bool = False) -> None:
        found = self.find_words(self.search.text(), backwards=backwards)
        self._said.setText("" if found or not self.search.text() else "No match")

    def _follow(self, item: QTreeWidgetItem) -> None:
        self.browser.setSource(QUrl(item.data(0, ADDRESS)))

    def _page_changed(self, source: QUrl) -> None:
        """Name the page in the title, and mark it in the contents."""
        address = f"{source.fileName()}#{source.fragment()}" if source.hasFragment() else source.fileName()
        items = {each.data(0, ADDRESS): each for each in self._items(self.contents.invisibleRootItem())}
        if address in items:
            self.contents.setCurrentItem(items[address])
            items[address].setExpanded(True)
        title = headings(self._texts[source.fileName()])[0].title
        self.setWindowTitle(f"{title} – gradviz Help")

    def _items(self, item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
        children = [child for place in range(item.childCount()) if (child := item.child(place)) is not None]
        return children + [deeper for child in children for deeper in self._items(child)]
