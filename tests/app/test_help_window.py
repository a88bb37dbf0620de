"""Help: every page loads, every link leads somewhere, the search and the way back work, and colours follow."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QPalette, QTextBlock
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from gradviz.app.actions import keys
from gradviz.app.commands import COMMANDS
from gradviz.app.help_pages import PAGES, anchor, headings, page_text
from gradviz.app.help_window import ADDRESS, HelpWindow, show_help
from gradviz.app.theme import apply_theme
from gradviz.plots.parts.style import DARK, LIGHT

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[HelpWindow]:
    window = HelpWindow(keys())
    qtbot.addWidget(window)
    window.open("guide.md")
    window.show()
    qtbot.waitExposed(window)
    yield window
    apply_theme(LIGHT)


def blocks(window: HelpWindow) -> Iterator[QTextBlock]:
    block = window.browser.document().begin()
    while block.isValid():
        yield block
        block = block.next()


def fragments(window: HelpWindow) -> Iterator[object]:
    for block in blocks(window):
        yield from (each.fragment() for each in block)  # type: ignore[attr-defined]


def links(window: HelpWindow) -> set[str]:
    found = {each.charFormat().anchorHref() for each in fragments(window)}  # type: ignore[attr-defined]
    return found - {""}


def anchors(window: HelpWindow) -> list[str]:
    return [name for each in fragments(window) for name in each.charFormat().anchorNames()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_with_an_anchor_at_each_heading(window: HelpWindow, page: str) -> None:
    window.open(page)
    assert window.browser.page() == page
    found = [block.text() for block in blocks(window) if block.blockFormat().headingLevel()]
    expected = headings(page_text(page))
    assert found == [heading.title.replace("`", "").replace("**", "") for heading in expected]
    assert anchors(window) == [heading.anchor for heading in expected]
    assert len(set(anchors(window))) == len(expected)
    assert expected[0].level == 1
    assert [heading.level for heading in expected].count(1) == 1


@pytest.mark.parametrize("page", PAGES)
def test_every_internal_link_leads_to_a_heading_and_every_other_to_the_web(window: HelpWindow, page: str) -> None:
    window.open(page)
    for link in links(window):
        url = QUrl(link)
        if url.scheme():
            assert url.scheme() == "https"
            continue
        assert (url.fileName() or page) in PAGES, link
        names = {heading.anchor for heading in headings(page_text(url.fileName() or page))}
        assert not url.hasFragment() or url.fragment() in names, link


def test_a_link_scrolls_its_heading_to_the_top_and_back_leads_to_where_one_was(window: HelpWindow) -> None:
    bar = window.browser.verticalScrollBar()
    bar.setValue(150)
    window.open("glossary.md#exact-gradient")
    (place,) = (block for block in blocks(window) if block.text() == "exact gradient")
    top = window.browser.document().documentLayout().blockBoundingRect(place).top()
    assert abs(top - bar.value()) < 30
    assert window.contents.currentItem().text(0) == "exact gradient"
    window.browser.backward()
    assert (window.browser.page(), bar.value()) == ("guide.md", 150)
    window.browser.forward()
    assert window.browser.source() == QUrl("glossary.md#exact-gradient")


def test_contents_lead_to_every_heading(window: HelpWindow) -> None:
    def below(item: QTreeWidgetItem) -> Iterator[QTreeWidgetItem]:
        for place in range(item.childCount()):
            yield item.child(place)
            yield from below(item.child(place))

    items = list(below(window.contents.invisibleRootItem()))
    assert [item.text(0) for item in items] == [h.title for page in PAGES for h in headings(page_text(page))]
    for item in items:
        window.contents.itemActivated.emit(item, 0)
        assert window.browser.source() == QUrl(item.data(0, ADDRESS))
        assert window.contents.currentItem() is item


def test_the_search_goes_through_all_pages_and_round(window: HelpWindow) -> None:
    pages = []
    for _ in range(200):
        assert window.find_words("Heatmap")
        assert window.browser.textCursor().selectedText().lower() == "heatmap"
        if pages[-1:] != [window.browser.page()]:
            pages.append(window.browser.page())
        if len(pages) > len(PAGES):
            break
    assert pages == ["guide.md", "glossary.md", "keyboard.md", "changelog.md", "guide.md"]
    place = window.browser.textCursor().position()
    assert window.find_words("Heatmap", backwards=True)
    assert window.browser.page() == "changelog.md"
    assert window.find_words("Heatmap")
    assert (window.browser.page(), window.browser.textCursor().position()) == ("guide.md", place)
    assert not window.find_words("no such words anywhere")
    assert not window.find_words("")


def test_keys_find_close_and_zoom(window: HelpWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    QTest.keySequence(window, "Ctrl+F")
    qtbot.keyClicks(window.search, "underflow")
    QTest.keySequence(window.search, "Return")
    assert window.browser.textCursor().selectedText().lower() == "underflow"
    size = window.browser.font().pointSizeF()
    QTest.keySequence(window, "Ctrl++")
    QTest.keySequence(window, "Ctrl++")
    assert window.browser.font().pointSizeF() == size + 2
    QTest.keySequence(window, "Ctrl+-")
    assert window.browser.font().pointSizeF() == size + 1
    QTest.keySequence(window, "Ctrl+0")
    assert window.browser.font().pointSizeF() == size
    # code is zoomed with the text: it has no size of its own
    assert not [each for each in fragments(window) if each.charFormat().fontPointSize()]  # type: ignore[attr-defined]
    QTest.keySequence(window, "Escape")
    assert not window.isVisible()


def test_colours_follow_light_and_dark(window: HelpWindow, qtbot: QtBot) -> None:
    def link_colours() -> set[str]:
        formats = [each.charFormat() for each in fragments(window)]  # type: ignore[attr-defined]
        return {each.foreground().color().name() for each in formats if each.anchorHref()}

    for style in (LIGHT, DARK, LIGHT):
        apply_theme(style)
        qtbot.waitUntil(lambda style=style: link_colours() == {style.accent})
        assert window.browser.palette().color(QPalette.ColorRole.Text).name() == style.foreground


def test_nothing_but_pages_is_loaded(window: HelpWindow) -> None:
    for address in ("https://gradviz.org/a.png", "file:///etc/hostname", "other.md"):
        assert len(window.browser.loadResource(2, QUrl(address))) == 0


def test_there_is_one_window_and_it_lists_all_keys(qtbot: QtBot) -> None:
    parent = QMainWindow()
    qtbot.addWidget(parent)
    first = show_help(parent, "guide.md", keys())
    assert show_help(parent, "keyboard.md", keys()) is first
    assert first.isVisible()
    assert not first.isModal()
    text = first.browser.toPlainText()
    for command in COMMANDS:
        assert not command.shortcut or command.tip in text
    for shortcut, _ in keys():
        assert shortcut in text


def test_anchors_are_those_of_github() -> None:
    assert anchor("Watch your own model") == "watch-your-own-model"
    assert anchor("0.2.0 (in preparation)") == "020-in-preparation"
    assert anchor("loss, and `accuracy`") == "loss-and-accuracy"


def test_no_heading_is_found_in_code() -> None:
    text = "# One\n```\n# none\n```\n## Two\n"
    assert [(heading.level, heading.title) for heading in headings(text)] == [(1, "One"), (2, "Two")]
    assert not re.search("<!--", page_text("keyboard.md", keys()))
