"""How the header follows the session: what is judged, scored and compared, and what is tried."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from gradviz.app.header.header_bar import HeaderBar
from gradviz.app.header.outcome import Outcome, outcome_of, profile_of, score_of
from gradviz.app.panels.panel import PanelContext
from gradviz.app.session.session import Session
from gradviz.app.verdict.judgement import Judgement
from gradviz.diagnosis import Remedy, words
from gradviz.diagnosis.remedies.changes import applied
from gradviz.experiment.differences import change_in_words
from gradviz.recording.history import History


class HeaderFollower(QObject):
    """Gives `header` what it shows."""

    def __init__(self, header: HeaderBar, session: Session, context: PanelContext) -> None:
        super().__init__(header)
        self._header, self._session, self._context = header, session, context
        self._judgement = Judgement()
        self._reference: History | None = None
        self._quantity = ""
        self._before: tuple[object, Outcome | None] = (None, None)
        context.judged.connect(self._take_judgement)
        context.reference_changed.connect(self._take_reference)
        context.quantity_shown.connect(self._take_quantity)
        session.run.phase_changed.connect(lambda _phase: self.refresh())
        header.tried.connect(lambda remedy: session.attempt(partial(self._try, remedy)))

    def refresh(self) -> None:
        """Show what is known now."""
        before, after = self._outcome_before(), self._outcome_now()
        both = before is not None and after is not None
        self._header.verdict.show_judgement(self._judgement, self._change() if both else "")
        self._header.show_outcomes(before, after)
        self._offer()

    def _take_judgement(self, judgement: Judgement) -> None:
        self._judgement = judgement
        self.refresh()

    def _take_reference(self, reference: History | None, _label: str) -> None:
        self._reference = reference
        self.refresh()

    def _take_quantity(self, name: str) -> None:
        self._quantity = name
        self.refresh()

    def _outcome_now(self) -> Outcome | None:
        history, judgement = self._session.shown.history, self._judgement
        if history is None or judgement.step is None or judgement.step >= history.frames:
            return None
        title = judgement.worst.headline.partition(":")[0] if judgement.worst is not None else ""
        profile = profile_of(history, self._quantity, judgement.step)
        return Outcome(judgement.step, judgement.severity, title, score_of(history, judgement.step), profile)

    def _outcome_before(self) -> Outcome | None:
        """Return what became of the run before; None where what is shown is no run that can be told from it."""
        reference, shown = self._reference, self._session.shown
        if reference is None or shown.kind != "run" or shown.experiment is None or not self._change():
            return None
        thresholds, step = self._context.settings.thresholds, self._step_to_compare()
        about = (id(reference), reference.frames, self._quantity, thresholds, step)
        if self._before[0] != about:
            self._before = (about, outcome_of(reference, self._quantity, thresholds, step))
        return self._before[1]

    def _step_to_compare(self) -> int | None:
        """Return at which step the run before is judged: None, its last, beside the end of a run; else the same step.

        What a network comes to is not to be compared with how another one began.
        """
        shown, step = self._session.shown.history, self._judgement.step
        ended = shown is not None and step == shown.frames - 1 and not self._session.run.phase.busy
        return None if ended else step

    def _change(self) -> str:
        """Say what was changed since the run before; empty where nothing was, or it is not known."""
        before = self._reference.started.experiment if self._reference is not None else None
        now = self._session.shown.experiment
        return change_in_words(before, now) if before is not None and now is not None else ""

    def _offer(self) -> None:
        """Offer the first thing to try of the worst finding that has one."""
        experiment = self._session.shown.experiment
        for finding in self._judgement.verdict:
            for remedy in finding.data.remedies:
                can_train = experiment is not None and bool(remedy.changes) and applied(remedy, experiment) is not None
                if can_train or experiment is None:
                    said = words.remedy(remedy, finding.names)
                    self._header.attempt.show_remedy(remedy, said, can_train=can_train)
                    return
        self._header.attempt.show_remedy(None, "", can_train=False)

    def _try(self, remedy: Remedy) -> None:
        """Change what the verdict is about, and train it."""
        experiment = self._session.shown.experiment
        if experiment is not None:
            # a changed recipe is no longer the preset it came from
            self._session.set(remedy.apply(experiment).changed(title="", notes=""))
            self._session.start()
