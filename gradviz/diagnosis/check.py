"""`gradviz.check`: a recorded run as something that passes or fails, for tests and continuous integration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from gradviz.diagnosis.comparison import worse_than
from gradviz.diagnosis.criterion import Criterion
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.verdict import Verdict, WordedFinding
from gradviz.diagnosis.words import Names
from gradviz.errors import CheckError
from gradviz.recording.history import History
from gradviz.recording.store import open_run

RunLike = str | PathLike[str] | History


def check(
    run: RunLike,
    *,
    fail_on: str | Sequence[str] = "warning",
    against: RunLike | None = None,
    thresholds: Thresholds | Mapping[str, float] | None = None,
) -> Verdict:
    """Return what is wrong with a recorded run at its end, worst first; empty, hence false, if the run passes.

        def test_the_network_trains():
            failures = gradviz.check("run.gradviz", fail_on="warning")
            assert not failures, str(failures)

    Args:
        run: a recorded run, or the history of a recorder.
        fail_on: kinds of findings, such as "vanishing", or how bad they are at least: "notice", "warning", "critical".
        against: a base run. Then only kinds of findings fail that it does not have at its end, and the run fails if it
            ended clearly worse: training loss (median of the latest 20 steps) or validation loss higher by more than
            10%, the training loss also by more than three times its spread; validation accuracy lower by more than two
            points and three standard errors.
        thresholds: what to judge by in place of the defaults, such as {"vanishing_decades": 5}; of both runs.

    Raises:
        RecordingError: a file that is no run, or damaged.
        CheckError: a name that no finding has, or a run without a step.
        ThresholdError: a threshold that is not there, or not allowed.

    """
    criterion = Criterion.of(fail_on)
    history = _history(run)
    limits = thresholds if isinstance(thresholds, Thresholds) else Thresholds().changed(**(thresholds or {}))
    found = Verdict.of(history, thresholds=limits)
    if against is not None:
        base = _history(against)
        before = {each.kind for each in Verdict.of(base, thresholds=limits)}
        names = Names.of(history.started)
        worse = (WordedFinding(finding, names) for finding in worse_than(base, history))
        found = Verdict((*(each for each in found if each.kind not in before), *worse))
    failing = (each for each in found if criterion.fits(each.data))
    return Verdict(sorted(failing, key=lambda each: -each.data.severity))


def _history(run: RunLike) -> History:
    history = run if isinstance(run, History) else _opened(Path(run))
    if not history.frames:
        raise CheckError(f"{'the run' if isinstance(run, History) else run} has no step yet; there is nothing to check")
    return history


def _opened(path: Path) -> History:
    # what of the history is not in memory opens the file again
    with open_run(path) as opened:
        return opened.history
