"""Reads data files beside the window: a large one takes seconds."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from gradviz.app.threads.newest_request import NewestRequest
from gradviz.errors import DataError
from gradviz.experiment.data import Data

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradviz.training.data_files import DataFile, Understood

ROWS_SHOWN = 50
COLUMNS_SHOWN = 40
PICTURES_SHOWN = 60


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What there is to see of a file: its first rows, and how it is understood, or why it is refused.

    `pictures` are the first samples, uint8 [channels, rows, columns], each with its label, where they are pictures.
    """

    data: Data
    regression: bool = False
    form: str = ""
    columns: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    pictures: tuple[tuple[NDArray[np.uint8], str], ...] = ()
    understood: Understood | None = None
    refusal: str = ""


class DataThread(NewestRequest):
    """Says of the latest `Data` that was asked about what there is to see. `ready` carries a FilePreview.

    `progressed` carries how many percent of a file are read; `end` stops in the middle of one. A file is read again
    only if another one is asked about.
    """

    ready = Signal(object)
    progressed = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("data file", parent)
        self._file: DataFile | None = None
        self._name = ""
        self._unwanted = threading.Event()
        self._percent = 0

    def ask(self, data: Data, *, regression: bool = False) -> None:
        """Look at the file of `data`, of which a class or, for a `regression`, a number is to be predicted."""
        self.put("", (data, regression))

    def end(self) -> None:
        """Let the thread run out, even in the middle of a file."""
        self._unwanted.set()
        super().end()

    def answer(self, kind: str, request: Any) -> None:
        """Read the file and understand it as asked for."""
        # brings numpy along, which the window opens without
        from gradviz.training.data_files import ReadingCancelledError

        with suppress(ReadingCancelledError):
            self.ready.emit(self._preview(*request))

    def _tell(self, done: int, total: int) -> None:
        from gradviz.training.data_files import ReadingCancelledError

        if self._unwanted.is_set():
            raise ReadingCancelledError
        percent = 100 * done // max(total, 1)
        if percent != self._percent:
            self._percent = percent
            self.progressed.emit(percent)

    def _preview(self, data: Data, regression: bool) -> FilePreview:
        from gradviz.training.data_files import DataFile

        try:
            if self._file is None or self._name != data.data_file:
                self._file, self._name = DataFile(data.data_file, self._tell), data.data_file
        except DataError as error:
            return FilePreview(data, regression, refusal=str(error))
        file = self._file
        headings, rows = file.first_rows(ROWS_SHOWN, COLUMNS_SHOWN)
        seen = FilePreview(
            data, regression, file.form, file.columns, headings, rows, file.first_pictures(PICTURES_SHOWN)
        )
        try:
            return replace(seen, understood=file.understood(data, regression=regression).understood)
        except DataError as error:
            return replace(seen, refusal=str(error))
