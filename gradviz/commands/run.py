"""`gradviz run`: the main job without a window."""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from gradviz.commands.outputs import Outputs
from gradviz.commands.progress import progress_bar
from gradviz.commands.verdict_text import verdict_text
from gradviz.counting import counted
from gradviz.diagnosis.verdict import Verdict
from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Evaluation, Event, Frame, Started
from gradviz.recording.history import History
from gradviz.recording.score import ACCURACY, R_SQUARED, score_as_data

if TYPE_CHECKING:
    from gradviz.training.control import Control
    from gradviz.training.run_recording import RunRecording

INTERRUPTED = 130


def run(experiment: Experiment, outputs: Outputs, *, as_json: bool, resumed: Path | None = None) -> int:
    """Train, write the outputs, print how the run ended, and return the exit status.

    With `resumed`, continue the run in that file from its latest checkpoint and record it there.

    Raises GradvizError for usage and input errors: before training where they can be known by then, and for files that
    could not be written after all others were.
    """
    if experiment.training.steps == 0 and not sys.stderr.isatty():
        raise ExperimentError("steps = 0 trains until Ctrl-C, which needs a terminal; give --steps N")
    outputs.check()
    from gradviz.training.control import Control, pump
    from gradviz.training.loop import train, warm_up

    # otherwise the first step, and the steps per second, include the import of torch's optimisers
    warm_up()
    path = resumed or outputs.recording
    control = Control(checkpoint_at_end=path is not None)
    recording, checkpoint = _recording(control, path, resumes=resumed is not None)
    with progress_bar(experiment.training.steps or None, "step") as bar:
        session = Session(control, recording, bar)
        with session.ended_by_ctrl_c(), recording.closed_at_the_end():
            pump(train(experiment, control, checkpoint), control, session.take)
    written, failure = outputs.write(session.recorded)
    if path is not None and path.exists():
        written = [str(path.resolve()), *written]
    summary = session.summary() | {"files": written}
    verdict = Verdict.of(session.recorded)
    if as_json:
        print(json.dumps(summary | {"verdict": verdict.as_data()}, allow_nan=False))
    else:
        print(f"{in_words(summary)}\n{verdict_text(verdict)}")
    if failure is not None:
        raise failure
    return INTERRUPTED if summary["status"] == "stopped" else 0


def _recording(control: Control, path: Path | None, *, resumes: bool) -> tuple[RunRecording, Checkpoint | None]:
    from gradviz.training.run_recording import RunRecording, resumed

    if path is not None and resumes:
        return resumed(path, control, _warn)
    return RunRecording(control, path, on_trouble=_warn), None


def _warn(text: str) -> None:
    # above the progress bar, if there is one
    tqdm.write(f"gradviz: {text}", file=sys.stderr)


class Session:
    """One run in a terminal: its recording, its progress bar, its time, and how it ends."""

    def __init__(self, control: Control, recording: RunRecording, bar: tqdm[Any]) -> None:
        self._control, self._recording, self._bar = control, recording, bar
        self._validation = "–"
        self._first: int | None = None
        self._began_s = self._latest_s = 0.0

    @property
    def recorded(self) -> History:
        """The recording; it exists once the network is built."""
        assert self._recording.history is not None, "a run begins with Started"
        return self._recording.history

    def take(self, event: Event) -> None:
        """Record one event and show it."""
        self._recording.take(event)
        if isinstance(event, Checkpoint):
            return
        self._latest_s = time.perf_counter()
        if isinstance(event, Started):
            self._began_s = self._latest_s
        elif isinstance(event, Evaluation):
            self._validation = self.recorded.started.score.text(event.accuracy)
        elif isinstance(event, Frame):
            self._show(event)

    def _show(self, frame: Frame) -> None:
        begins = self._first is None
        if self._first is None:
            self._first = frame.step
            # a resumed run starts at its checkpoint
            self._bar.initial = self._bar.n = frame.step
        self._bar.set_postfix_str(f"loss {frame.loss:.4g}, validation {self._validation}", refresh=begins)
        self._bar.update(frame.step - self._bar.n)

    @contextmanager
    def ended_by_ctrl_c(self) -> Iterator[None]:
        """Let Ctrl-C end the run after the current step; a second one, or one before the first frame, at once."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, before)
            if self._first is None:
                raise KeyboardInterrupt
            self._control.stop()

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def summary(self) -> dict[str, Any]:
        """Return the content of the JSON line.

        `loss` is the mean over the last training batch, `accuracy` the share of validation samples classified
        correctly at the latest evaluation, or `r2` R squared where a number is predicted; numbers that are not finite
        are null, because JSON has none.
        """
        history = self.recorded
        steps = max(history.frames - 1, 0)
        seconds = self._latest_s - self._began_s
        made = steps - (self._first or 0)
        evaluation = history.latest_evaluation
        return {
            "status": self._recording.ending,
            "steps": steps,
            "steps_per_second": round(made / seconds, 2) if seconds else 0.0,
            "loss": _finite(history.losses()[1][-1]) if history.frames else None,
            **score_as_data(history.started.score, evaluation.accuracy if evaluation is not None else None),
            "accuracy_step": evaluation.step if evaluation is not None else None,
        }


def in_words(summary: dict[str, Any]) -> str:
    """Return a summary as text."""
    loss = "not finite" if summary["loss"] is None else f"{summary['loss']:.4g}"
    score, name = (R_SQUARED, "r2") if "r2" in summary else (ACCURACY, "accuracy")
    reached = "unknown" if summary[name] is None else score.text(summary[name])
    ended = {"diverged": f"diverged at step {summary['steps']:,}"}.get(
        summary["status"], f"{summary['status']} after {counted(summary['steps'], 'step')}"
    )
    lines = [
        f"{ended}: loss {loss}, validation {score.name} {reached}, {summary['steps_per_second']:,} steps per second",
        *(f"wrote {name}" for name in summary["files"]),
    ]
    return "\n".join(lines)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
