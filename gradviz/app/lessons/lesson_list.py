"""The list of all lessons, with what has been read of each; at the first start it offers the first one."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from gradviz.lessons.library import lesson_names, load_lesson
from gradviz.lessons.progress import Progress

NAME = Qt.ItemDataRole.UserRole
GAP_PX = 8
ROW_PX = 46
DONE, BEGUN, NEW = "✓", "…", " "


class LessonList(QWidget):
    """All lessons in their order; `wanted` carries the name of the one that was chosen, `declined` the first offer."""

    wanted = Signal(str)
    declined = Signal()
    file_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._welcome = QLabel(
            "<b>New here?</b> The lessons explain, from the beginning and in your own runs, why deep networks stopped "
            "learning and what cured them. The first takes about five minutes."
        )
        self._welcome.setWordWrap(True)
        self._welcome.setToolTip("Shown until a lesson is begun, or the offer is declined")
        self.begin = QPushButton("&Begin with the first lesson")
        self.begin.setToolTip("Open the first lesson; it can be left at any time")
        self.decline = QPushButton("&No, thanks")
        self.decline.setToolTip("Do not offer this again; Help > Lessons opens the list at any time")
        self.list = QListWidget()
        self.list.setAccessibleName("Lessons")
        self.list.setToolTip("Click a lesson to open it, or press Return")
        self.list.setWordWrap(True)
        self.list.setSpacing(2)
        self.open_file = QPushButton("Open a &file…")
        self.open_file.setToolTip("Open a lesson of your own, or one that a teacher has given you")
        self.begin.clicked.connect(lambda: self.wanted.emit(lesson_names()[0]))
        self.decline.clicked.connect(self.declined)
        self.open_file.clicked.connect(self.file_wanted)
        self.list.itemActivated.connect(self._chosen)
        self.list.itemClicked.connect(self._chosen)
        self._lay_out()

    def show_progress(self, progress: Progress) -> None:
        """Fill the list; offer the first lesson while none has been begun and nobody has declined."""
        for widget in (self._welcome, self.begin, self.decline):
            widget.setVisible(progress.untouched)
        self.list.clear()
        for number, name in enumerate(lesson_names(), 1):
            lesson = load_lesson(name)
            mark = DONE if progress.done(name) else BEGUN if progress.begun(name) else NEW
            item = QListWidgetItem(f"{number}  {lesson.title}  {mark}\n{lesson.about}")
            item.setData(NAME, name)
            item.setSizeHint(QSize(0, ROW_PX))
            item.setToolTip(lesson.about)
            self.list.addItem(item)

    def _chosen(self, item: QListWidgetItem) -> None:
        self.wanted.emit(item.data(NAME))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        column.setSpacing(GAP_PX)
        column.addWidget(self._welcome)
        offers = QHBoxLayout()
        offers.addWidget(self.begin, 1)
        offers.addWidget(self.decline)
        column.addLayout(offers)
        column.addWidget(self.list, 1)
        column.addWidget(self.open_file)
