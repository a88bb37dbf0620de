"""`gradviz run --model FILE.py`: train a network that a file of one's own defines, and watch it."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from gradviz.commands.outputs import Outputs
from gradviz.commands.progress import progress_bar
from gradviz.commands.verdict_text import verdict_text
from gradviz.counting import counted
from gradviz.diagnosis.verdict import Verdict
from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment

INTERRUPTED = 130


def run_model(path: Path, experiment: Experiment, outputs: Outputs, *, as_json: bool) -> int:
    """Say that code is executed, train, write the outputs, print how it ended, and return the exit status.

    Of `experiment` the training counts, and the data unless the file has its own. Raises GradvizError.
    """
    steps = experiment.training.steps
    if steps == 0 and not sys.stderr.isatty():
        raise ExperimentError("steps = 0 trains until Ctrl-C, which needs a terminal; give --steps N")
    outputs.check()
    from gradviz.commands.model_file import WARNING, load_model_file, train_model_file

    print(f"gradviz: {WARNING.format(name=path)}", file=sys.stderr)
    file = load_model_file(path)
    latest = {"step": 0, "loss": 0.0}
    with progress_bar(steps or None, "step") as bar, _until_ctrl_c() as goes_on:

        def told(step: int, loss: float) -> bool:
            latest.update(step=step, loss=loss)
            bar.set_postfix_str(f"loss {loss:.4g}", refresh=False)
            bar.update(step - bar.n)
            return goes_on()

        history = train_model_file(file, experiment, outputs.recording, told)
        stopped = not goes_on()
    written, failure = outputs.write(history)
    if outputs.recording is not None and outputs.recording.exists():
        written = [str(outputs.recording.resolve()), *written]
    verdict = Verdict.of(history)
    status = "stopped" if stopped else "finished"
    if as_json:
        summary = {"status": status, "steps": latest["step"], "loss": latest["loss"], "files": written}
        print(json.dumps(summary | {"verdict": verdict.as_data()}))
    else:
        said = [f"{status} after {counted(int(latest['step']), 'step')}: loss {latest['loss']:.4g}"]
        print("\n".join([*said, *(f"wrote {name}" for name in written), verdict_text(verdict)]))
    if failure is not None:
        raise failure
    return INTERRUPTED if stopped else 0


@contextmanager
def _until_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Yield what says whether to go on: until Ctrl-C, or until the process is asked to end."""
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        signal.signal(number, before[signal.Signals(number)])

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: not asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
