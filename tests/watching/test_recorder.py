"""What the script says, where the recording goes, and how it ends."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from warm_interpreter import WarmInterpreter
from watched_training import batches, measured, perceptron

import gradviz
from gradviz.errors import RecordingError
from gradviz.recording.store import open_run, read_info
from gradviz.watching.watch import watch

SCRIPT = """
import gradviz, torch
from torch import nn
model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
recorder = gradviz.watch(model, "run.gradviz", title="a script")
for step in range(7):
    model(torch.randn(2, 3)).square().sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    recorder.log(loss=step)
"""


def train(recorder: gradviz.Recorder, model: nn.Module, log: Callable[[int, str], None], steps: int = 5) -> list[float]:
    """Train and call `log` in many places, saying where; return what was said of the loss, as the recording has it."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step, (inputs, labels) in enumerate(batches(perceptron, steps)):
        log(step, "before the pass")
        loss = nn.functional.cross_entropy(model(inputs), labels)
        log(step, "after the forward pass")
        optimizer.zero_grad()
        loss.backward()
        log(step, "after the backward pass")
        optimizer.step()
        log(step, "after the step")
        optimizer.zero_grad()
        log(step, "at the end")
    recorder.close()
    assert recorder.history is not None
    return recorder.history.losses()[1].tolist()


@pytest.mark.parametrize(
    "place", ["before the pass", "after the forward pass", "after the backward pass", "after the step", "at the end"]
)
@pytest.mark.parametrize("as_tensor", [False, True])
def test_what_is_said_belongs_to_the_step_it_is_said_about(place: str, as_tensor: bool) -> None:
    model = perceptron()
    recorder = watch(model, None)

    def log(step: int, where: str) -> None:
        if where == place:
            recorder.log(loss=torch.tensor(float(step)) if as_tensor else float(step))

    assert train(recorder, model, log) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("place", ["after the backward pass", "after the step"])
def test_it_is_understood_also_where_it_is_said_now_and_then(place: str) -> None:
    model = perceptron()
    recorder = watch(model, None)

    def log(step: int, where: str) -> None:
        if where == place and step % 3 == 1:
            recorder.log(loss=float(step), accuracy=step / 10)

    losses = train(recorder, model, log)
    assert [None if math.isnan(loss) else loss for loss in losses] == [None, 1, None, None, 4]
    assert recorder.history is not None
    assert recorder.history.batch_accuracies()[1][[1, 4]].tolist() == pytest.approx([0.1, 0.4])


def test_micro_batches_of_which_only_the_last_makes_a_step() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, None) as recorder:
        for number, (inputs, labels) in enumerate(batches(perceptron, 6)):
            nn.functional.cross_entropy(model(inputs), labels).backward()
            if number % 2:
                optimizer.step()
                optimizer.zero_grad()
            recorder.log(loss=number)
    assert recorder.history is not None
    assert recorder.history.losses()[1].tolist() == [0.5, 2.5, 4.5]


def test_what_is_said_of_micro_batches_is_averaged_and_a_tensor_is_copied() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    running = torch.zeros(())
    with watch(model, None) as recorder:
        for _ in range(2):
            for inputs, labels in batches(perceptron, 2):
                nn.functional.cross_entropy(model(inputs), labels).backward()
                running += 1
                recorder.log(loss=running, learning_rate=5.0)
            optimizer.step()
            optimizer.zero_grad()
    assert recorder.history is not None
    assert recorder.history.losses()[1].tolist() == [1.5, 3.5]
    assert recorder.history.learning_rates()[1].tolist() == [5.0, 5.0]


def test_the_file_says_what_was_recorded(tmp_path: Path) -> None:
    model = perceptron()
    model[4].weight = nn.Parameter(model[4].weight.detach().bfloat16().float())
    path = tmp_path / "run.gradviz"
    with gradviz.watch(model, path, title="mine", thorough_every=2) as recorder:
        train(recorder, model, lambda step, where: recorder.log(loss=step) if where == "at the end" else None)
    info = read_info(path)
    assert (info.ending, info.frames, info.title) == ("finished", 5, "mine")
    run = open_run(path)
    try:
        assert run.history.started == recorder.history.started  # type: ignore[union-attr]
        for step in range(5):
            assert measured(run.history, step) == measured(recorder.history, step)  # type: ignore[arg-type]
        assert run.history.losses()[1].tolist() == [0, 1, 2, 3, 4]
    finally:
        run.close()


def test_shared_weights_are_named_in_the_file(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, tmp_path / "run.gradviz"):
        model(torch.randn(2, 4)).sum().backward()
        optimizer.step()
    assert read_info(tmp_path / "run.gradviz").environment["shared weights"] == "2 with 0"


def test_a_recording_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "run.gradviz").write_text("precious")
    paths = []
    for _ in range(2):
        model = perceptron()
        with pytest.warns(RuntimeWarning, match=r"^gradviz.watch: run.gradviz is there already; .* in run-\d.gradviz"):
            recorder = watch(model, tmp_path / "run")
        train(recorder, model, lambda _step, _where: None)
        paths.append(recorder.path)
    assert paths == [tmp_path / "run-2.gradviz", tmp_path / "run-3.gradviz"]
    assert (tmp_path / "run.gradviz").read_text() == "precious"
    with pytest.raises(RecordingError, match="is not a folder"):
        watch(perceptron(), tmp_path / "nowhere" / "run.gradviz")
    with pytest.raises(RecordingError, match="is a folder"):
        watch(perceptron(), tmp_path)


def test_runs_that_are_to_be_recorded_in_one_file_get_one_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [perceptron() for _ in range(3)]
    recorders = [watch(model, tmp_path / "run.gradviz") for model in models]
    for steps, (model, recorder) in enumerate(zip(models, recorders, strict=True), start=2):
        train(recorder, model, lambda _step, _where: None, steps)
    names = ["run.gradviz", "run-2.gradviz", "run-3.gradviz"]
    assert [recorder.path for recorder in recorders] == [tmp_path / name for name in names]
    assert [read_info(tmp_path / name).frames for name in names] == [2, 3, 4]
    said = capsys.readouterr().err.splitlines()
    assert [line.rpartition(" ")[2] for line in said] == names[1:]


def test_a_name_with_a_point_in_it_ends_as_a_run_does(tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match="nothing was recorded"), watch(perceptron(), tmp_path / "rate0.1") as it:
        assert it.path == tmp_path / "rate0.1.gradviz"


@pytest.mark.parametrize(
    ("error", "ending"), [(ValueError("the data ran out"), "failed"), (KeyboardInterrupt(), "stopped")]
)
def test_an_exception_of_the_script_passes_through_and_is_how_the_run_ended(
    error: BaseException, ending: str, tmp_path: Path
) -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(type(error)), watch(model, tmp_path / "run.gradviz"):  # noqa: PT012
        for _ in range(3):
            model(torch.randn(2, 6)).sum().backward()
            optimizer.step()
        raise error
    info = read_info(tmp_path / "run.gradviz")
    assert (info.ending, info.frames) == (ending, 3)


def test_nothing_recorded_is_said() -> None:
    with pytest.warns(RuntimeWarning, match="nothing was recorded"), watch(perceptron(), None):
        pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("last", "ending", "status"), [("", "finished", 0), ("raise ValueError('no more')", "failed", 1)]
)
def test_a_script_that_just_ends(
    last: str, ending: str, status: int, tmp_path: Path, interpreter: WarmInterpreter
) -> None:
    done = interpreter.run(SCRIPT + last, tmp_path)
    assert done.returncode == status, done.stderr
    info = read_info(tmp_path / "run.gradviz")
    assert (info.ending, info.frames, info.title) == (ending, 7, "a script")
    # one single file
    assert [path.name for path in tmp_path.iterdir()] == ["run.gradviz"]


FORK = """
import os
before = recorder.steps
child = os.fork()
for step in range(40):
    model(torch.randn(2, 3)).square().sum().backward()
    optimizer.step()
    recorder.log(loss=step)
if child == 0:
    print(recorder.steps - before, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_what_a_forked_process_trains_is_not_watched(tmp_path: Path, interpreter: WarmInterpreter) -> None:
    done = interpreter.run(SCRIPT + FORK, tmp_path)
    assert done.returncode == 0, done.stderr
    info = read_info(tmp_path / "run.gradviz")
    assert (done.stdout, info.ending, info.frames) == ("0\n", "finished", 47)


@pytest.mark.slow
def test_importing_gradviz_imports_no_torch() -> None:
    code = "import sys, gradviz; assert 'torch' not in sys.modules; assert callable(gradviz.watch); gradviz.Recorder"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    with pytest.raises(AttributeError, match="no attribute 'look'"):
        gradviz.look  # noqa: B018


@pytest.mark.parametrize(
    ("model", "every", "words"),
    [("not a model", 1, "torch.nn.Module, not a str"), (nn.Linear(2, 2), 1.5, "whole numbers, not 1.5")],
)
def test_what_cannot_be_watched_is_named(model: Any, every: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        gradviz.watch(model, None, every=every)
