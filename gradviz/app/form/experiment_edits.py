"""Undo and redo for the form: every settled change of the experiment can be taken back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from gradviz.experiment import Experiment, fields

LONGEST_MEMORY = 200


class _Edit(QUndoCommand):
    """One change from `before` to `after`; a run of changes to the same field (a dragged slider) counts as one."""

    def __init__(self, before: Experiment, after: Experiment, show: Callable[[Experiment], None]) -> None:
        super().__init__(_difference(before, after))
        self._before, self._after, self._show = before, after, show
        self._fields = _changed_fields(before, after)
        self._first = True

    def id(self) -> int:
        return 1 if len(self._fields) == 1 else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Edit) or other._fields != self._fields:
            return False
        self._after = other._after
        self.setText(_difference(self._before, self._after))
        self.setObsolete(self._before == self._after)
        return True

    def undo(self) -> None:
        self._show(self._before)

    def redo(self) -> None:
        if self._first:  # the form shows it already
            self._first = False
            return
        self._show(self._after)


class ExperimentEdits(QUndoStack):
    """The changes made to one experiment; `show` puts an experiment on the form without recording it again."""

    def __init__(
        self, experiment: Experiment, show: Callable[[Experiment], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.setUndoLimit(LONGEST_MEMORY)
        self._current = experiment
        self._show_on_form = show

    @property
    def current(self) -> Experiment:
        """The experiment as the form shows it."""
        return self._current

    def record(self, experiment: Experiment) -> None:
        """Remember that the form now shows `experiment`."""
        if experiment != self._current:
            before, self._current = self._current, experiment
            self.push(_Edit(before, experiment, self._show))

    def _show(self, experiment: Experiment) -> None:
        self._current = experiment
        self._show_on_form(experiment)


def _changed_fields(before: Experiment, after: Experiment) -> frozenset[str]:
    old, new = before.flat(), after.flat()
    return frozenset(name for name in old | new if (name in old, old.get(name)) != (name in new, new.get(name)))


def _difference(before: Experiment, after: Experiment) -> str:
    changed = sorted(_changed_fields(before, after))
    if len(changed) != 1:
        return f"change of {len(changed)} fields"
    name = changed[0]
    label = fields(after.network.architecture)[name].label
    return f"{label} {before.value(name)} → {after.value(name)}"
