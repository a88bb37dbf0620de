"""The windows of the session's comparisons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from gradviz.app.comparison.comparison_window import ComparisonWindow
from gradviz.app.comparison.race_controls import RaceControls
from gradviz.app.session.comparisons import Comparison
from gradviz.app.session.session import Session
from gradviz.app.settings import Settings
from gradviz.plots.parts.style import Style


class ComparisonWindows(QObject):
    """Opens a window per comparison, and lets it refresh while anything is trained.

    `quantity` gives the name of the quantity to begin with, `style_now` the style in force.
    """

    def __init__(
        self,
        session: Session,
        settings: Settings,
        quantity: Callable[[], str],
        style_now: Callable[[], Style],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.windows: list[ComparisonWindow] = []
        self._session, self._settings = session, settings
        self._quantity, self._style_now = quantity, style_now
        session.comparisons.opened.connect(self._open)
        session.comparisons.changed.connect(self._go_live)
        session.run.phase_changed.connect(self._go_live)

    def apply_style(self, style: Style) -> None:
        """Recolour every window."""
        for window in self.windows:
            window.apply_style(style)

    def close(self) -> None:
        """Close every window."""
        for window in list(self.windows):
            window.close()

    def _open(self, comparison: Comparison) -> None:
        window = ComparisonWindow(self._settings, self._session.attempt)
        window.show_runs(comparison.runs, self._quantity())
        window.apply_style(self._style_now())
        window.go_live(self._session.moving)
        window.closed.connect(partial(self._closed, window, comparison))
        if comparison.race is not None:
            window.setWindowTitle(f"Race: {' | '.join(run.name for run in comparison.runs)}")
            controls = RaceControls(comparison.race)
            window.lead_with(controls, (controls.pause, controls.step, controls.stop))
        self.windows.append(window)
        window.show()

    def _go_live(self) -> None:
        if not self._session.moving:
            for window in self.windows:
                window.go_live(False)

    def _closed(self, window: ComparisonWindow, comparison: Comparison) -> None:
        if window in self.windows:
            self.windows.remove(window)
            window.deleteLater()
        self._session.comparisons.close(comparison)
