"""How longer texts look, in Help and in lessons: space, code, links and tables in the colours of the palette."""

from __future__ import annotations

from PySide6.QtGui import (
    QColor,
    QPalette,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
)

from gradviz.app.help_pages import anchor

LINE_HEIGHT_PERCENT = 125.0
CODE_OPACITY, LINE_OPACITY = 0.08, 0.25


def arrange(document: QTextDocument, palette: QPalette, margin_px: int) -> None:
    """Lay out a document that was made of Markdown, with an anchor at every heading."""
    document.setDocumentMargin(margin_px)
    # laid out once, at the end
    whole = QTextCursor(document)
    whole.beginEditBlock()
    block = document.begin()
    while block.isValid():
        _arrange_block(block, palette)
        block = block.next()
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _arrange_table(frame, palette)
    whole.endEditBlock()


def _arrange_block(block: QTextBlock, palette: QPalette) -> None:
    cursor = QTextCursor(block)
    space = QTextBlockFormat()
    space.setLineHeight(LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    level = block.blockFormat().headingLevel()
    if level:
        space.setTopMargin(8.0 if level == 1 else 20.0)
        space.setBottomMargin(6.0)
    elif _is_code(block):
        # without gaps between the lines
        space.setLineHeight(100.0, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        space.setBackground(_tint(palette, CODE_OPACITY))
    cursor.mergeBlockFormat(space)
    for fragment in [each.fragment() for each in block]:  # type: ignore[attr-defined]
        style = fragment.charFormat()
        # code is as large as the text around it, also when that is zoomed
        style.clearProperty(QTextFormat.Property.FontPointSize)
        if style.anchorHref():
            style.setForeground(palette.color(QPalette.ColorRole.Link))
        cursor.setPosition(fragment.position())
        cursor.setPosition(fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor)
        cursor.setCharFormat(style)
    if level:
        _name(block)


def _name(heading: QTextBlock) -> None:
    """Put the anchor of a heading on its first letter."""
    cursor = QTextCursor(heading)
    cursor.movePosition(QTextCursor.MoveOperation.NextCharacter, QTextCursor.MoveMode.KeepAnchor)
    named = QTextCharFormat()
    named.setAnchor(True)
    named.setAnchorNames([anchor(heading.text())])
    cursor.mergeCharFormat(named)


def _is_code(block: QTextBlock) -> bool:
    return block.blockFormat().hasProperty(QTextFormat.Property.BlockCodeFence)


def _tint(palette: QPalette, opacity: float) -> QColor:
    colour = palette.color(QPalette.ColorRole.Text)
    colour.setAlphaF(opacity)
    return colour


def _arrange_table(table: QTextTable, palette: QPalette) -> None:
    style = table.format()
    style.setBorder(1.0)
    style.setBorderCollapse(True)
    style.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    style.setBorderBrush(_tint(palette, LINE_OPACITY))
    style.setCellPadding(5.0)
    style.setTopMargin(8.0)
    style.setBottomMargin(8.0)
    table.setFormat(style)
